"""The dense encoder's tokenizer, without torch: sizing chunks needs no more than this."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.chunking.words import split_long_words
from rag.errors import ModelError
from rag.models.files import read_json
from rag.models.token_cache import TokenCache, looks_no_further_than_runs

# Without a value the library warns on stderr in every forked child; one thread tokenises far faster than any encoder.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

_LOG = logging.getLogger(__name__)
_PADDED_POSITIONS = {
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
}
"""Model types whose positions start behind the padding id: 514 positions hold 512 tokens."""

_NO_WORD_LIMIT = 10_000
"""Characters; only WordPiece gives up on long words, others cut them at any length."""


class EncoderTokenizer:
    """Counts and ids of tokens; implements `rag.protocols.TokenCounter`.

    Attributes:
        max_tokens: longest text that the encoder reads whole, special tokens and the document prompt not counted.
        max_word_chars: a longer run without white space becomes one unknown token.
        prefix, suffix: ids of the special tokens that the encoder puts around each text.
        pad_id: id that fills up shorter texts of a batch.
        unknown_id: id of the unknown token, None where every text has tokens.
        prompts: what the model's authors put before texts of a kind, by kind; "" for most models.
    """

    def __init__(self, folder: Path) -> None:
        """Read `tokenizer.json` and the sizes that the model's configuration states.

        Raises:
            ModelError: a file is missing or is not what it should be.
        """
        from tokenizers import Tokenizer, normalizers

        path = folder / "tokenizer.json"
        if not path.is_file():
            raise ModelError(
                f"{folder}: no tokenizer.json in it: make one with transformers' "
                "AutoTokenizer.from_pretrained(...).save_pretrained(...), or take a model that has one"
            )
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the Rust library raises bare Exception
            raise ModelError(f"{path}: not a readable tokenizer ({error}): fetch the model again") from None
        # saved settings such as MiniLM's "truncate at 128, pad to 128" would cut texts without a word
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True  # "[SEP]" in a document is five characters, not a separator
        self._cache = TokenCache(self._located) if looks_no_further_than_runs(tokenizer) else None
        sentence_config = read_json(folder / "sentence_bert_config.json", dict)
        if sentence_config.get("do_lower_case"):
            parts = [normalizers.Lowercase(), *([tokenizer.normalizer] if tokenizer.normalizer else [])]
            tokenizer.normalizer = normalizers.Sequence(parts)
        self._tokenizer = tokenizer

        probe = tokenizer.encode("a")
        special = probe.special_tokens_mask
        first = special.index(0) if 0 in special else len(special)
        last = len(special) - special[::-1].index(0) if 0 in special else first
        self.prefix: tuple[int, ...] = tuple(probe.ids[:first])
        self.suffix: tuple[int, ...] = tuple(probe.ids[last:])

        config = read_json(folder / "config.json", dict)
        self.pad_id: int = config.get("pad_token_id") or 0
        self.unknown_id = _unknown_id(tokenizer)
        self.max_word_chars: int = getattr(tokenizer.model, "max_input_chars_per_word", _NO_WORD_LIMIT)
        self.prompts = _prompts(folder)
        self.window = _window(folder, config, sentence_config) - len(self.prefix) - len(self.suffix)
        self.max_tokens = self.window - self.count([self.prompts["document"]])[0]
        if self.max_tokens < 1:
            raise ModelError(f"{folder}: its window leaves no room for text beside special tokens and prompt")

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens not counted."""
        return self._cache.count(_encodable(texts)) if self._cache else [len(ids) for ids in self.ids(texts)]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text as a whole, without special tokens and uncut."""
        if self._cache:
            return self._cache.ids(_encodable(texts))
        encodings = self._tokenizer.encode_batch_fast(_encodable(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def located(self, texts: Sequence[str]) -> list[tuple[list[int], list[int]]]:
        """Token ids of each text as of `ids`, and the code point at which each token begins."""
        return self._cache.located(_encodable(texts)) if self._cache else self._located(_encodable(texts))

    def _located(self, texts: Sequence[str]) -> list[tuple[list[int], list[int]]]:
        encodings = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        return [(encoding.ids, [start for start, _ in encoding.offsets]) for encoding in encodings]

    def pairs(
        self, query: str, texts: Sequence[str], *, texts_first: bool = False
    ) -> list[list[tuple[list[int], list[int]]]]:
        """Question and text as one input, special tokens included: ids and token types.

        Args:
            texts_first: the text stands before the question.

        Returns:
            For each text its windows, one where it fits beside the question. Of a question that is longer than half of
            the window the first half is read.
        """
        (asked,) = self._tokenizer.encode_batch(
            _encodable([split_long_words(query, self.max_word_chars)]), add_special_tokens=False
        )
        room = (
            self.window + len(self.prefix) + len(self.suffix) - self._tokenizer.num_special_tokens_to_add(is_pair=True)
        )
        if len(asked.ids) > room // 2:
            _LOG.warning("of the question %d of %d tokens are read", room // 2, len(asked.ids))
            asked.truncate(room // 2)
        read = _encodable([split_long_words(text, self.max_word_chars) for text in texts])
        found = []
        for text in self._tokenizer.encode_batch(read, add_special_tokens=False):
            text.truncate(room - len(asked.ids))
            parts = (text, *text.overflowing)
            order = [(part, asked) if texts_first else (asked, part) for part in parts]
            joined = [self._tokenizer.post_process(first, second) for first, second in order]
            found.append([(pair.ids, pair.type_ids) for pair in joined])
        return found


def _encodable(texts: Sequence[str]) -> list[str]:
    """The texts with lone surrogates (undecodable bytes of a command line, broken files) as U+FFFD."""
    return [_without_surrogates(text) for text in texts]


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _unknown_id(tokenizer: Any) -> int | None:
    index = getattr(tokenizer.model, "unk_id", None)  # Unigram
    token = getattr(tokenizer.model, "unk_token", None)  # WordPiece, WordLevel, BPE
    found: int | None = index if index is not None or token is None else tokenizer.token_to_id(token)
    return found


def _window(folder: Path, config: dict[str, Any], sentence_config: dict[str, Any]) -> int:
    """Tokens that the model reads at a time, special tokens counted: the least that a file of it states."""
    stated = []
    positions = config.get("max_position_embeddings")
    if isinstance(positions, int) and positions > 0:
        padded = config.get("model_type") in _PADDED_POSITIONS
        stated.append(positions - (int(config.get("pad_token_id", 1)) + 1 if padded else 0))
    # "no limit" is written as a number of about 1e30
    for limit in (sentence_config.get("max_seq_length"), _model_max_length(folder)):
        if isinstance(limit, int) and 0 < limit < 10**9:
            stated.append(limit)
    if not stated:
        raise ModelError(
            f"{folder}: no file states how many tokens the model reads: "
            'add sentence_bert_config.json with {"max_seq_length": ...}'
        )
    return min(stated)


def _model_max_length(folder: Path) -> Any:
    return read_json(folder / "tokenizer_config.json", dict).get("model_max_length")


def _prompts(folder: Path) -> dict[str, str]:
    """The prompts of config_sentence_transformers.json by kind, in sentence-transformers' order of preference."""
    config = read_json(folder / "config_sentence_transformers.json", dict)
    prompts = config.get("prompts") or {}
    default = prompts.get(config.get("default_prompt_name"), "")
    names = {"query": ("query",), "document": ("document", "passage", "corpus")}
    return {kind: next((prompts[n] for n in known if n in prompts), default) for kind, known in names.items()}
