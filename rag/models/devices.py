"""Where torch computes, and in which numbers."""

import torch

from rag.errors import ModelError


def device_named(name: str, key: str) -> torch.device:
    """The device, if it can be used.

    Args:
        key: of the corpus file, which names it.

    Raises:
        ModelError: it cannot.
    """
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:  # assertion, runtime and driver errors alike
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{key} {name!r} cannot be used ({reason}): set {key}: cpu") from None
    return device


def computes_bfloat16(dtype: str, device: torch.device) -> bool:
    """Whether to compute in bfloat16; auto does where the hardware does (emulated it is several times slower)."""
    if dtype != "auto":
        return dtype == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
