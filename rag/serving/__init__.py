"""One process serves a corpus; commands of others on the same embedded index go through it."""
