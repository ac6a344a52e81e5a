"""unstructured as it is used here: nothing is fetched, and nobody is told.

Its text functions load a spaCy model that they download from a code host at first use. They need it to split sentences
and to look for verbs when they guess what a line is; formats that say what their lines are lose nothing without it.
"""

import os

_ENVIRONMENT = {
    **dict.fromkeys(("DO_NOT_TRACK", "SCARF_NO_ANALYTICS", "UNSTRUCTURED_DISABLE_NOTICE"), "1"),
    **dict.fromkeys(("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"), "1"),
}


def take_offline() -> None:
    """Call before anything of unstructured is imported: telemetry off, sentences split by their full stops.

    Raises:
        ImportError: unstructured is not installed, or is one whose loader has another name.
    """
    os.environ.update(_ENVIRONMENT)
    import spacy
    from unstructured.nlp import tokenize

    def sentences_only() -> spacy.language.Language:
        pipeline = spacy.blank("en")
        pipeline.add_pipe("sentencizer")
        return pipeline

    if not hasattr(tokenize, "_load_spacy_model"):
        raise ImportError("this version of unstructured would download a language model: install unstructured>=0.27")
    tokenize._load_spacy_model = sentences_only
    tokenize._get_nlp.cache_clear()
