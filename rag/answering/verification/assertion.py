"""What a source tells of without stating it: claims of others, denials, beliefs, requests.

"The mayor denies that the bridge is safe", "answer that tea is poison": what stands behind such a "that" is not the
source's own word. Verbs that report what is so ("found that", "announced that") are not among them.
"""

import re

from rag.answering.tokens import tokens

_THAT = r"(?:\s+\w+){0,2}?,?\s+(?:that|dass|daß)\s"
_OPEN = re.compile(
    rf"\b(?:answer|reply|respond|pretend|claim(?:s|ed|ing)?|alleg(?:e|es|ed|ing|ations?)|believ(?:e|es|ed|ing)|beliefs?|"
    rf"assum(?:e|es|ed|ing|ptions?)|suppos(?:e|es|ed|ing)|imagin(?:e|es|ed|ing)|den(?:y|ies|ied|ying)|"
    rf"(?<!no )(?<!without )doubt(?:s|ed|ing|ful)?|disput(?:e|es|ed|ing)|myths?|rumou?rs?|false|untrue|"
    rf"(?:not|never|hardly|nicht|nie)(?:\s+\w+)?\s+(?:true|correct|right|proven|proved|shown|known|the case|"
    rf"wahr|richtig|bewiesen|belegt|bekannt|der fall)|"
    rf"(?:no|kein(?:e[nr]?|erlei)?)(?:\s+\w+)?\s+(?:evidence|proof|indication|sign|reason to (?:believe|think)|"
    rf"beweise?|belege?|hinweise?|anzeichen)(?:\s+dafür)?|"
    rf"(?:some(?:body|one)|some people|jemand|manche) (?:wrote|writes?|says?|said|thinks?|thought|meint?e?|sagte?)|"
    rf"behaupte(?:n|t|te|ten)?|behauptung|antworte|bestreite[nt]?|bestritt(?:en)?|glaub(?:e|en|t|te|ten)|"
    rf"vermute(?:n|t|te|ten)?|gerüchte?|angenommen|falsch){_THAT}|"
    # an order, not what officials say
    rf"(?:^|[.!?:;,]\s+|\b(?:and|then|please|must|should|always|now|just|simply|und|bitte)\s+)"
    rf"(?:say|state|write|repeat|print|output|tell \w+|sage|schreibe?){_THAT}|"
    rf"\bwhether\s",
    re.IGNORECASE,
)


def only_told(claim: str, source: str) -> bool:
    """Whether what the source shares with the claim is only told of there, while the claim states it as a fact.

    Args:
        claim: one statement.
        source: one sentence.
    """
    opening = _OPEN.search(source)
    if opening is None or _OPEN.search(claim):
        return False
    claimed = {word.key for word in tokens(claim)}
    words = [word for word in tokens(source) if word.key in claimed]
    return bool(words) and all(word.start >= opening.end() for word in words)
