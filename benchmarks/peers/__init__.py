"""This project beside LangChain, LlamaIndex and Haystack: same machine, weights and documents, in turns."""
