"""How good retrieval is: data with judgements, metrics, reports."""
