"""Chat models in this process: any decoder of transformers with a chat template, streamed token by token."""

import threading
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from rag.errors import ModelError
from rag.models.auto import load_pretrained
from rag.models.devices import computes_bfloat16
from rag.models.files import model_folder, weight_files

MAX_NEW_TOKENS = 1024
"""Tokens of a reply; a longer one ends there."""
LEAST_NEW_TOKENS = 256
"""A request that leaves less room for a reply is too long, in a window of eight times as many tokens or more."""
_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class LocalChatModel(BaseChatModel):
    """A causal language model; the most likely token is taken at every step, so that replies are reproducible."""

    folder: str
    _tokenizer: Any = PrivateAttr()
    _model: Any = PrivateAttr()
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, folder: Path) -> None:
        """Load model and tokenizer, on CUDA or MPS where there is one.

        Raises:
            ModelError: its files cannot be read, it is no causal language model, or has no chat template.
        """
        super().__init__(folder=str(folder))
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
        except Exception as error:  # whatever a foreign folder makes transformers raise
            raise ModelError(f"{folder}: its tokenizer cannot be read ({type(error).__name__})") from None
        if not self._tokenizer.chat_template:
            raise ModelError(f"{folder}: it has no chat template: take a model that was trained to answer (instruct)")
        device = torch.device(_device())
        precision = torch.bfloat16 if computes_bfloat16("auto", device) else torch.float32
        self._model = load_pretrained("AutoModelForCausalLM", folder, precision).eval().to(device)

    @property
    def _llm_type(self) -> str:
        return "transformers"

    @property
    def window(self) -> int:
        """Tokens that question and reply may have together."""
        return int(getattr(self._model.config, "max_position_embeddings", None) or self._tokenizer.model_max_length)

    def get_num_tokens(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - the model's own end marks end a reply
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ARG002 - there is nothing else to choose
    ) -> Iterator[ChatGenerationChunk]:
        """Pieces of the reply as they are made; the last one has the usage, and why it ended. One reply at a time.

        Raises:
            ContextOverflowError: the messages leave no room for a reply of some length.
        """
        asked = [{"role": _ROLES[message.type], "content": str(message.content)} for message in messages]
        encoded = self._tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=True)
        ids: list[int] = list(encoded["input_ids"])
        room = min(MAX_NEW_TOKENS, self.window - len(ids))
        if room < max(1, min(LEAST_NEW_TOKENS, self.window // 8)):
            raise ContextOverflowError(
                f"{self.folder}: the request has {len(ids)} tokens, the model reads {self.window}: "
                "lower answer.max_evidence_tokens"
            )
        made: list[int] = []
        text = ""
        with self._lock:
            for token in self._tokens(ids, room):
                made.append(token)
                whole = self._tokenizer.decode(made, skip_special_tokens=True)
                # half of a character is not shown before its other half is there
                if len(whole) > len(text) and not whole.endswith("\N{REPLACEMENT CHARACTER}"):
                    piece, text = whole[len(text) :], whole
                    if run_manager:
                        run_manager.on_llm_new_token(piece)
                    yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        usage = UsageMetadata(input_tokens=len(ids), output_tokens=len(made), total_tokens=len(ids) + len(made))
        told = {"finish_reason": "length" if len(made) == room else "stop"}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage, response_metadata=told))

    def _tokens(self, ids: Sequence[int], room: int) -> Iterator[int]:
        """Greedy decoding with a cache of keys and values; the caller may stop at any token."""
        ends = self._model.generation_config.eos_token_id
        stops = {*(ends if isinstance(ends, list) else [ends]), self._tokenizer.eos_token_id}
        given, past = torch.tensor([list(ids)], device=self._model.device), None
        for _ in range(room):
            with torch.inference_mode():
                out = self._model(input_ids=given, past_key_values=past, use_cache=True)
            past, token = out.past_key_values, int(out.logits[0, -1].argmax())
            if token in stops:
                return
            yield token
            given = torch.tensor([[token]], device=self._model.device)


@cache
def local_chat_model(name: str) -> LocalChatModel:
    """The model of a local folder, or of a hub id with its revision; loaded once in a process.

    Raises:
        ModelError: see `LocalChatModel`, or its files cannot be had.
    """
    folder = model_folder(name)
    weight_files(folder, name)
    return LocalChatModel(folder)


def _device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
