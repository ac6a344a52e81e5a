"""Whether the evidence says what a sentence of a model says: words, numbers, names, negations, meaning."""
