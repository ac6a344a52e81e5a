"""Sentences of a model that are said to the reader, and claim nothing about the documents."""

import re

LONGEST = 160
"""Characters of a courtesy."""


def _light(words: str) -> str:
    """Any number of these words: what is said with them alone claims nothing."""
    return f"(?:,? (?:{'|'.join(words.split())}))*"


_ANY = _light(
    "if whether in case you your i me we there is are has have need want would like any anything other another more "
    "further additional else question questions detail details information help assistance clarification about with "
    "on for this that these it or and to do know ask unclear clarify explain expand again can could should please just "
    "happy glad not feel free help hesitate reach out let don't do a an something topic answer"
)
_FOUND = "(?:what i|what you|the|some|a|an|your|you)" + _light(
    "short brief quick relevant requested key main answer answers information details summary overview results "
    "findings i found have could find you asked requested need wanted looking for go are to your question in from "
    "based on according the provided given evidence document documents source sources passage passages context"
)
_HERE = f"here(?:'s| is| are)? {_FOUND}"
_ANY_GERMAN = _light(
    "sie du ihnen dir euch mich mir ich es noch weitere weiteren andere fragen frage haben hast hätten brauchen "
    "brauchst benötigen benötigst mehr informationen details hilfe etwas unklar ist bitte gern gerne jederzeit einfach "
    "wissen zur verfügung stehe helfe weiter lassen lass fragen frag melden melde sich dich zu dazu oder und sind"
)
_HERE_GERMAN = "hier (?:ist|sind|finden sie|findest du)" + _light(
    "die der das eine ein einen kurze kurzer kurzen antwort informationen angaben ergebnisse ergebnis einzelheiten "
    "zusammenfassung übersicht überblick was ich gefunden habe auf ihre deine frage für sie dich aus in den dokumenten "
    "quellen unterlagen"
)
_COURTESIES = (
    "(?:i |we )?(?:really )?hope (?:this|that|it|the above)(?: answer| information)? (?:helps?|is helpful|was helpful|"
    "is useful|answers your question|clarifies (?:things|this|it))(?: you| out)?",
    f"(?:please |just )*(?:let me know|feel free to (?:ask|reach out)|(?:do not|don't) hesitate to ask|ask me){_ANY}",
    f"(?:if|should) you (?:have|need|want|would like){_ANY}",
    "is there anything else i can (?:do|help)(?: you)?(?: for you| with)?[?]?",
    "(?:i am |i'm )?(?:happy|glad|here) to help(?: you)?(?: with (?:that|this))?",
    "(?:i am |i'm )?(?:so |very )?sorry|i apologi[sz]e|sorry for the (?:confusion|inconvenience)",
    "(?:that's |that is |what )?(?:a )?(?:great|good|excellent|interesting) question",
    "(?:you're|you are) (?:very )?welcome|thanks?(?: you)?(?: for (?:asking|your question))?",
    "(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|gladly)"
    f"(?:[,!.:–—-]* (?:{_HERE}|i can help(?: you)? with (?:that|this)|(?:i am |i'm )?happy to help))?",
    _HERE,
    "ich hoffe,? (?:das|dies|es|diese (?:antwort|informationen|angaben))(?: ihnen| dir| euch)? (?:hilft|helfen|ist "
    "hilfreich|sind hilfreich|beantwortet (?:ihre|deine) frage)(?: ihnen| dir| euch)?(?: weiter)?",
    f"(?:wenn|falls|sollten|solltest) (?:sie|du){_ANY_GERMAN}|bei (?:weiteren |anderen )?fragen{_ANY_GERMAN}",
    f"(?:lassen sie|lass) (?:es )?mich{_ANY_GERMAN}",
    f"(?:aber )?(?:gerne?|natürlich|selbstverständlich|klar)(?:[,!.:–—-]* {_HERE_GERMAN})?",
    _HERE_GERMAN,
    "(?:es )?tut mir leid|entschuldigung|gerne? geschehen|(?:vielen dank|danke)(?: für (?:ihre|deine|die) frage)?",
)
_COURTESY = re.compile("|".join(f"(?:{each})" for each in _COURTESIES))


def is_courtesy(text: str) -> bool:
    """Whether a sentence only greets, offers, hopes or excuses itself.

    What goes on with anything else does not: "Sure, green tea is hot" claims something.

    Args:
        text: one sentence, without citation markers.
    """
    if len(text) > LONGEST:
        return False
    said = " ".join(text.casefold().replace("’", "'").replace("*", "").split()).rstrip(".:! ")
    return _COURTESY.fullmatch(said) is not None
