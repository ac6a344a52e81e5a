"""What goes wrong between us and a Qdrant server, in one line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpx
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from rag.errors import CorpusMissingError, RagError, StoreError


@contextmanager
def server_errors(url: str, doing: str) -> Iterator[None]:
    """Turn the client's errors in the block into ours; the message holds the url, never the API key.

    Raises:
        CorpusMissingError: the collection is not there (any more).
        StoreError: the server is not there, refuses us or the request, or takes too long.
    """
    try:
        yield
    except RagError:
        raise
    except UnexpectedResponse as error:
        if error.status_code == HTTPStatus.NOT_FOUND:
            raise _missing(url, doing) from None
        raise StoreError(f"{url}: {doing}: {_refusal(error)}") from None
    except ResponseHandlingException as error:
        raise StoreError(f"{url}: {doing}: {_silence(error.source)}") from None
    except ValueError as error:
        if "not found" in str(error):  # local mode has no status
            raise _missing(url, doing) from None
        raise StoreError(f"{url}: {doing}: {_one_line(str(error))}") from error
    except Exception as error:  # the client raises plain ValueError and RuntimeError, and pydantic's errors
        raise StoreError(f"{url}: {doing}: {type(error).__name__}: {_one_line(str(error))}") from error


def _missing(url: str, doing: str) -> CorpusMissingError:
    return CorpusMissingError(f"{url}: {doing}: no such collection: run rag ingest first")


def _refusal(error: UnexpectedResponse) -> str:
    if error.status_code in (401, 403):
        return (
            f"the server refused the API key (HTTP {error.status_code}): name the environment variable that holds "
            "the right one with store.api_key_env"
        )
    return f"HTTP {error.status_code}: {_one_line(error.content.decode('utf-8', 'replace'))}"


def _silence(cause: Exception) -> str:
    if isinstance(cause, httpx.TimeoutException):
        return "no answer in time: try again, or look at the server's load"
    return f"no answer ({_one_line(str(cause))}): is the server running, is store.url right?"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
