"""φ of two adapters, as a mapping of modules to arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ._tables import library


@dataclass(frozen=True, eq=False)
class Overlap:
    """φ(i,j) of one module. Cell [i−1, j−1] of each array is that of i and j; NaN beyond a numerical rank."""

    values: np.ndarray
    """φ(i,j), in 0..1; i counts directions of the first adapter, j of the second."""
    chance: np.ndarray
    """max(i,j)/d, the value expected of random subspaces."""
    z: np.ndarray
    """‖UᵢᵀVⱼ‖²_F less its expectation, in standard deviations of random subspaces. No p-value."""
    dimension: int
    """d of the space around: d_in for bases a and delta-right, d_out for b and delta-left."""

    def __repr__(self):
        i, j = self.values.shape
        return f"<lora_subspace.Overlap {i} × {j} in R^{self.dimension}>"


class Overlaps(Mapping):
    """What two adapters share: module path → `Overlap`, in the modules' natural order."""

    def __init__(self, grids):
        self._grids = grids
        self._modules = tuple(grids.modules)

    first = property(lambda self: self._grids.first, doc="Name of the adapter that i counts.")
    second = property(lambda self: self._grids.second, doc="Name of the adapter that j counts.")
    basis = property(lambda self: self._grids.basis, doc="Which directions.")

    def __getitem__(self, module):
        return Overlap(*self._grids.get(module))

    def __iter__(self):
        return iter(self._modules)

    def __len__(self):
        return len(self._modules)

    def __contains__(self, module):
        return module in self._modules

    def __repr__(self):
        count = len(self)
        return f"<lora_subspace.Overlaps {self.first} × {self.second}, basis {self.basis}, {count} modules>"

    def to_xarray(self):
        """A Dataset of ``overlap``, ``chance`` and ``z`` over (module, i, j), NaN where a module has no cell."""
        xarray = library("xarray")
        parts = [self[module] for module in self]
        size = tuple(max((one.values.shape[axis] for one in parts), default=0) for axis in (0, 1))
        names = {"overlap": "values", "chance": "chance", "z": "z"}
        arrays = {name: np.full((len(parts), *size), np.nan) for name in names}
        for place, one in enumerate(parts):
            i, j = one.values.shape
            for name, attribute in names.items():
                arrays[name][place, :i, :j] = getattr(one, attribute)
        axes = ("module", "i", "j")
        coordinates = {
            "module": list(self),
            "i": np.arange(1, size[0] + 1),
            "j": np.arange(1, size[1] + 1),
        }
        attributes = {"first": self.first, "second": self.second, "basis": self.basis}
        variables = {name: (axes, array) for name, array in arrays.items()}
        return xarray.Dataset(variables, coordinates, attributes)

    def to_pandas(self):
        """A DataFrame with a row for each module, i and j."""
        return library("pandas").DataFrame(self._columns())

    def to_polars(self):
        """A polars DataFrame with a row for each module, i and j."""
        return library("polars").DataFrame(self._columns())

    def _columns(self):
        columns = {name: [] for name in ("module", "i", "j", "overlap", "chance", "z")}
        for module, one in self.items():
            i, j = np.indices(one.values.shape) + 1
            columns["module"].append(np.full(i.size, module, dtype=object))
            columns["i"].append(i.ravel())
            columns["j"].append(j.ravel())
            columns["overlap"].append(one.values.ravel())
            columns["chance"].append(one.chance.ravel())
            columns["z"].append(one.z.ravel())
        return {name: np.concatenate(parts) if parts else [] for name, parts in columns.items()}
