"""What is measured on adapters."""

import os

from . import _adapters
from ._asked import measuring
from ._load import native
from ._overlaps import Overlaps
from ._tables import Table


def overlap(
    a,
    b,
    *,
    basis="a",
    base=None,
    modules=None,
    layers=None,
    rank=None,
    seed=None,
    whole=False,
    strict=False,
    memory=None,
):
    """φ(i,j) of two adapters, in every module that both have.

        φ(i,j) = ‖UᵢᵀVⱼ‖²_F / min(i,j)

    is the share of the first i directions of ``a`` that lies in the first j of ``b``: 1 where one
    subspace holds the other. Random subspaces of dimension d share max(i,j)/d.

    Parameters
    ----------
    a, b
        Adapters, or what `open` takes.
    basis
        Which directions: ``"a"`` (right-singular vectors of A, the paper's), ``"b"`` (left-singular
        vectors of B), ``"delta-right"`` or ``"delta-left"`` (of ΔW).
    base
        The model, where the adapters need it; see `open`.
    modules, layers
        Globs of module paths (``"*q_proj"``; ``"!*mlp*"`` leaves out), and block numbers.
    rank
        Directions used, in place of each adapter's rank.
    seed
        Seed of the random directions that figure 4 shows.
    whole, strict, memory
        Leave fused projections whole; refuse modules that cannot be measured; bytes that measuring
        may take.

    Returns
    -------
    Overlaps
        A mapping of module paths to `Overlap`.
    """
    asked = measuring(
        basis=basis,
        base=base,
        modules=modules,
        layers=layers,
        rank=rank,
        seed=seed,
        whole=whole,
        strict=strict,
        memory=memory,
    )
    return Overlaps(native.overlap(_opened(a), _opened(b), asked))


def amplification(adapters, base, *, draws=20, seed=0, directions=None, **asked):
    """Table 7: how much ΔW amplifies directions of W.

        factor = ‖ΔW‖_F / ‖UᵀWV‖_F

    with U and V the leading r singular directions of ΔW. Rows with the directions of W and with
    random ones stand beside it. ``chance_projected_norm`` is ‖W‖_F·r/√(d_out·d_in), what random
    directions find.

    Parameters
    ----------
    adapters
        One adapter or several.
    base
        The model that they were trained on: a path, or an id in the local Hugging Face cache.
    draws, seed
        How many random directions are drawn, and from which seed.
    directions
        Which rows: ``["delta", "random"]`` leaves out those of W's own directions. W is then read a
        block at a time, and not decomposed.
    asked
        ``modules``, ``layers``, ``rank``, ``whole``, ``strict``, ``memory`` as in `overlap`; and
        ``cache``, a folder in which numbers of large weights are kept for later calls.

    Returns
    -------
    Table
        The rows of ``amplification.csv``: three for each module and adapter.
    """
    asked = measuring(base=base, draws=draws, seed=seed, directions=directions, **asked)
    return Table(*native.amplification(_several(adapters), asked))


def spectrum(adapters, *, base=None, **asked):
    """Singular values of each ΔW, and of W where a base is given, with bounds of their error.

    Returns
    -------
    Table
        The rows of ``spectrum.csv``: one for each module, matrix and index, by falling ``sigma``.
    """
    return Table(*native.spectrum(_several(adapters), measuring(base=base, **asked)))


def ranks(adapters, *, base=None, **asked):
    """Norms and ranks of each ΔW, and of W where a base is given.

    Numerical, stable (‖ΔW‖²_F/σ₁²) and effective rank, and how many directions hold 90 % of
    ‖ΔW‖²_F.

    Returns
    -------
    Table
        The rows of ``ranks.csv``: one for each module and matrix.
    """
    return Table(*native.ranks(_several(adapters), measuring(base=base, **asked)))


def findings(adapters, *, base=None, draws=20, seed=0, **asked):
    """Verdicts on the paper's claims, with their evidence and chance levels.

    The first two adapters of different ranks, and the first two of one rank, are compared.

    Returns
    -------
    Table
        The rows of ``findings.csv``: one for each claim. ``sentence`` can be cited.
    """
    asked = measuring(base=base, draws=draws, seed=seed, **asked)
    return Table(*native.findings(_several(adapters), asked))


def _opened(adapter):
    if isinstance(adapter, _adapters.Adapter):
        return adapter
    return _adapters.open(adapter)


def _several(adapters):
    if isinstance(adapters, (_adapters.Adapter, str, os.PathLike)):
        adapters = [adapters]
    return [_opened(adapter) for adapter in adapters]
