"""A corpus as a map: its documents or chunks in two dimensions, their topics, near-duplicates and outliers."""
