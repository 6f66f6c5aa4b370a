"""Adapters: opened, given as factors, or taken from a live PEFT model."""

import os

import numpy as np

from ._asked import listed, path as _path
from ._load import native

Adapter = native.Adapter
Module = native.Module


def open(
    path,
    *,
    base=None,
    alpha=None,
    scaled=True,
    allow_unmapped=False,
    initial=None,
    rename=None,
    whole=False,
):
    """Opens an adapter of any layout.

    Parameters
    ----------
    path
        A folder or weight file, or an id ``ORG/NAME`` in the local Hugging Face cache.
    base
        The model that it was trained on: a path or an id. Some layouts are named by its help, and a
        ΔW without factors is formed with it.
    alpha
        α in place of the one that the adapter's files state.
    scaled
        Whether ΔW includes the trained scale s; without it s is 1.
    allow_unmapped
        Whether to go on although tensors were not understood.
    initial
        The adapter as it was before training, where its start took a part out of the base.
    rename
        Prefixes of module paths that are replaced, ``OLD=NEW`` each.
    whole
        Whether fused projections are left whole.

    Returns
    -------
    Adapter
        Its ``modules`` are paths; ``adapter[module]`` is one of them. Numbers are read when they are
        asked for.
    """
    return Adapter.open(
        os.fspath(path),
        _path(base),
        alpha,
        bool(scaled),
        bool(allow_unmapped),
        _path(initial),
        listed(rename),
        bool(whole),
    )


def adapter(factors, *, name="adapter"):
    """An adapter of factors in memory.

    Parameters
    ----------
    factors
        A mapping of module paths to ``(B, A, scale)``: B of shape d_out × r, A of shape r × d_in, and
        the s of ΔW = s·B·A. Arrays and PyTorch tensors of any precision are taken, as float64.
    name
        What tables and messages call it.
    """
    items = [(module, _matrix(b), _matrix(a), float(s)) for module, (b, a, s) in factors.items()]
    return Adapter.of_factors(name, items)


def from_peft(model, adapter_name="default", *, name=None):
    """The adapter of a live PEFT model, as it is now: its factors are copied.

    LoRA on linear layers, convolutions and embeddings is taken. What changes ΔW in another way, such
    as DoRA, is refused: save the model and open the folder.

    Parameters
    ----------
    model
        A ``peft.PeftModel``, or any module whose layers have ``lora_A``, ``lora_B`` and ``scaling``.
    adapter_name
        Which of the model's adapters.
    name
        What tables and messages call it; the adapter's own name where none is given.
    """
    found = {}
    for path, layer in model.named_modules():
        pair = _pair(layer, adapter_name)
        if pair is None:
            continue
        if adapter_name in _entries(layer, "lora_magnitude_vector"):
            raise native.Error(
                f"{path}: DoRA is not read from a live model; save it with save_pretrained, and give "
                "the folder to lora_subspace.open"
            )
        scale = getattr(layer, "scaling", {}).get(adapter_name, 1.0)
        found[_module(path)] = (*pair, scale)
    if not found:
        raise native.Error(
            f"adapter `{adapter_name}`: the model has no layer with LoRA factors of this name; give "
            "adapter_name= one of the model's adapters"
        )
    return adapter(found, name=name or adapter_name)


def _entries(layer, attribute):
    """A layer's parts by the adapters' names."""
    parts = getattr(layer, attribute, None)
    return parts if parts is not None and hasattr(parts, "keys") else {}


def _pair(layer, name):
    """B and A of a layer's adapter as matrices; None where it has none."""
    linear = _entries(layer, "lora_A"), _entries(layer, "lora_B")
    if all(name in parts for parts in linear):
        a, b = (parts[name].weight for parts in linear)
        a, b = _array(a), _array(b)
        return b.reshape(b.shape[0], -1), a.reshape(a.shape[0], -1)
    embedding = _entries(layer, "lora_embedding_A"), _entries(layer, "lora_embedding_B")
    if all(name in parts for parts in embedding):
        a, b = (_array(parts[name]) for parts in embedding)
        return b, a
    return None


def _module(path):
    """A module's path without the names of PEFT's wrappers."""
    wrapper = "base_model.model."
    return path[len(wrapper):] if path.startswith(wrapper) else path


def _array(values):
    """float64 of an array, or of a PyTorch tensor on any device."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=np.float64)


def _matrix(values):
    values = _array(values)
    if values.ndim != 2:
        raise native.Error(
            f"a factor of shape {values.shape}: a matrix was expected; B is d_out × r, A is r × d_in"
        )
    return values
