"""`provider:model` -> a LangChain chat model: hosted ones, servers of one's own, and models in this process."""

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rag.errors import MissingDependencyError, SettingsError
from rag.plugins import load
from rag.settings import ChatModel

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

MAX_RETRIES = 2
_NO_KEY = "none"
"""Servers of one's own ask for no key, but the client insists on one."""
_LOCAL_HOSTS = ("//localhost", "//127.", "//[::1]")


@dataclass(frozen=True, slots=True)
class _Provider:
    """Where its class lies, the package, the extra that installs it, the variable of its key, and its address.

    None is a provider without a key, and the address that the class has itself.
    """

    target: str
    package: str
    extra: str
    key_env: str | None
    base_url: str | None = None


PROVIDERS = {
    "openai": _Provider("langchain_openai:ChatOpenAI", "langchain-openai", "llm", "OPENAI_API_KEY"),
    "anthropic": _Provider(
        "langchain_anthropic:ChatAnthropic", "langchain-anthropic", "anthropic", "ANTHROPIC_API_KEY"
    ),
    "google": _Provider(  # Gemini, as https://ai.google.dev/gemini-api/docs/openai says
        "langchain_openai:ChatOpenAI",
        "langchain-openai",
        "llm",
        "GOOGLE_API_KEY",
        "https://generativelanguage.googleapis.com/v1beta/openai/",
    ),
    "ollama": _Provider("langchain_ollama:ChatOllama", "langchain-ollama", "ollama", None),
}
"""Beside these, `hf:` is a model in this process, see `rag.models.causal`."""
LOCAL = "hf"


def chat_model(
    settings: ChatModel, *, section: str = "answer", retries: int = MAX_RETRIES, window: int | None = None
) -> "BaseChatModel":
    """The chat model that `llm` names. Nothing is sent yet.

    With a `base_url` and no `api_key_env`, no key is sent: the one in OPENAI_API_KEY is for OpenAI alone.

    Args:
        section: where the settings stand in the corpus file, for messages.
        window: tokens that a request and its reply may have together. Ollama has to be told, since it leaves out what
            its own default has no room for, and says nothing; the others read what their models can.
        retries: how often a request is sent again, later each time, where the server is busy or fails.

    Raises:
        SettingsError: not a supported provider, no model, or the key's variable is not set.
        MissingDependencyError: the provider's package is not installed.
        ModelError: a model in this process cannot be loaded.
    """
    provider, _, model = (settings.llm or "").partition(":")
    if provider == LOCAL and model:
        from rag.models.causal import local_chat_model

        return local_chat_model(model)
    if provider not in PROVIDERS or not model:
        raise SettingsError(
            f"{section}.llm: {settings.llm!r} is not supported; write openai:MODEL (with {section}.base_url for any "
            "OpenAI-compatible server), anthropic:MODEL, google:MODEL, ollama:MODEL or hf:FOLDER, or hand a LangChain "
            "chat model over from Python"
        )
    known = PROVIDERS[provider]
    try:
        made = load(known.target)
    except ImportError as error:
        raise MissingDependencyError(known.package, known.extra, f"{section}.llm: {settings.llm}") from error
    found: BaseChatModel = made(model=model, **_arguments(provider, settings, section, retries, window))
    return found


def needs_network(settings: ChatModel) -> bool:
    """Whether asking the model leaves this machine."""
    provider = (settings.llm or "").partition(":")[0]
    if settings.base_url:
        return not any(host in settings.base_url for host in _LOCAL_HOSTS)
    return provider not in (LOCAL, "ollama")


def _arguments(provider: str, settings: ChatModel, section: str, retries: int, window: int | None) -> dict[str, Any]:
    """What the provider's class is called with, as it calls it."""
    from pydantic import SecretStr

    given: dict[str, Any] = {"base_url": settings.base_url or PROVIDERS[provider].base_url}
    if provider == "ollama":
        key = {"auth": _Bearer(_api_key("", settings, section))} if settings.api_key_env else {}
        return {**given, "num_ctx": window, "client_kwargs": {"timeout": settings.timeout_s, **key}}
    given |= {"timeout": settings.timeout_s, "max_retries": retries}
    given["api_key"] = SecretStr(_api_key(PROVIDERS[provider].key_env or "", settings, section))
    return {**given, "stream_usage": True}


@dataclass(frozen=True, slots=True)
class _Bearer:
    """Authorises a request, as httpx calls it; the key is in no text that is made of it."""

    key: str = field(repr=False)

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {self.key}"
        return request


def _api_key(default: str, settings: ChatModel, section: str) -> str:
    if settings.api_key_env is None and settings.base_url is not None:
        return _NO_KEY
    variable = settings.api_key_env or default
    key = os.environ.get(variable)
    if not key:
        raise SettingsError(
            f"{section}.llm: {settings.llm} needs an API key: set the environment variable {variable}, "
            f"or name another one with {section}.api_key_env"
        )
    return key
