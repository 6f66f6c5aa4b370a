"""What a low-rank adapter learned: the subspaces of ΔW, as NumPy arrays.

    >>> import lora_subspace as ls
    >>> a, b = ls.open("runs/r8"), ls.open("runs/r64")
    >>> phi = ls.overlap(a, b)
    >>> phi["model.layers.2.self_attn.q_proj"].values.shape
    (8, 64)

The numbers are those of the commands `subspace-overlap` and `amplification`, to the last bit.
"""

from ._load import native as _native
from ._adapters import Adapter, Module, adapter, from_peft, open
from ._figures import Figure, figure3, figure4, figure6, figure7
from ._measures import amplification, findings, overlap, ranks, spectrum
from ._overlaps import Overlap, Overlaps
from ._study import Study, Written
from ._tables import Table

__version__ = _native.__version__
Error = _native.Error

__all__ = [
    "Adapter",
    "Error",
    "Figure",
    "Module",
    "Overlap",
    "Overlaps",
    "Study",
    "Table",
    "Written",
    "adapter",
    "amplification",
    "figure3",
    "figure4",
    "figure6",
    "figure7",
    "findings",
    "from_peft",
    "open",
    "overlap",
    "ranks",
    "spectrum",
]
