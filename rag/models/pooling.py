"""How a text's vector is made of its tokens' states, by the model's own files."""

from pathlib import Path
from typing import Any, Literal, TypeAlias

from rag.errors import ModelError
from rag.models.files import read_json

Pooling: TypeAlias = Literal["mean", "cls"]

_STAGES = {"Transformer", "Pooling", "Normalize"}
_FLAGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}


def pooling_of(folder: Path, setting: Literal["auto", "mean", "cls"]) -> Pooling:
    """The pooling to use: the setting's, or with `auto` the one in `1_Pooling/config.json`, else the mean.

    Raises:
        ModelError: the model asks for another pooling, or for a stage behind the transformer that is not computed here
            (a dense layer, say): its vectors would not be what its authors meant.
    """
    for stage in read_json(folder / "modules.json", list):
        kind = str(stage.get("type") if isinstance(stage, dict) else stage)
        if kind.rpartition(".")[2] not in _STAGES:
            raise ModelError(f"{folder}: modules.json asks for {kind}, which is not supported: take another model")
    if setting != "auto":
        return setting
    modes = _modes(read_json(folder / "1_Pooling" / "config.json", dict))
    if modes in ([], ["mean"]):
        return "mean"
    if modes == ["cls"]:
        return "cls"
    raise ModelError(
        f"{folder}: its pooling {', '.join(modes)} is not supported (mean and cls are): take another model, "
        "or set embedding.pooling: mean or cls"
    )


def _modes(config: dict[str, Any]) -> list[str]:
    """Newer files name the mode in one word, or several; older ones have a flag for each."""
    mode = config.get("pooling_mode")
    if mode is None:
        return [_FLAGS.get(name, name) for name, on in config.items() if name.startswith("pooling_mode_") and on]
    return [mode] if isinstance(mode, str) else [str(m) for m in mode]
