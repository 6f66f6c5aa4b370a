"""What the measuring functions have in common."""

import os


def listed(value):
    """A list of what may be one thing, several, or nothing."""
    if value is None:
        return []
    if isinstance(value, (str, int)):
        return [value]
    return list(value)


def path(value):
    """A path as text; None stays None."""
    return None if value is None else os.fspath(value)


def measuring(
    *,
    base=None,
    basis=None,
    modules=None,
    layers=None,
    rank=None,
    draws=None,
    directions=None,
    seed=None,
    whole=False,
    strict=False,
    memory=None,
    cache=None,
):
    """The arguments as the extension takes them."""
    return {
        "base": path(base),
        "basis": listed(basis),
        "modules": listed(modules),
        "layers": [int(layer) for layer in listed(layers)],
        "rank": rank,
        "draws": draws,
        "directions": listed(directions),
        "seed": seed,
        "whole": bool(whole),
        "strict": bool(strict),
        "memory": memory,
        "cache": path(cache),
    }
