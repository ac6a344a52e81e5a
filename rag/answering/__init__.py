"""Evidence, answers with and without a language model, checked citations, abstention."""
