"""Tables as columns of NumPy arrays."""

import importlib
from collections.abc import Mapping

import numpy as np

from ._load import native


class Table(Mapping):
    """A table by its columns: name → array, one entry a row.

    Numbers have nine significant digits, as in the file that the commands write. A missing number is
    NaN, a missing word the empty string.
    """

    def __init__(self, name, columns, csv):
        self.name = name
        self._columns = {name: _array(values) for name, values in columns}
        self._csv = csv

    def __getitem__(self, column):
        return self._columns[column]

    def __iter__(self):
        return iter(self._columns)

    def __len__(self):
        return len(self._columns)

    @property
    def shape(self):
        """Rows and columns."""
        rows = next((len(values) for values in self._columns.values()), 0)
        return rows, len(self._columns)

    def to_csv(self):
        """The bytes of the file that the commands write."""
        return self._csv

    def to_pandas(self):
        """A pandas DataFrame."""
        pandas = library("pandas")
        return pandas.DataFrame({name: _plain(values) for name, values in self.items()})

    def to_polars(self):
        """A polars DataFrame."""
        return library("polars").DataFrame({name: _plain(values) for name, values in self.items()})

    def to_xarray(self):
        """An xarray Dataset over ``row``."""
        xarray = library("xarray")
        return xarray.Dataset({name: ("row", _plain(values)) for name, values in self.items()})

    def _repr_html_(self):
        names = "".join(f"<th>{_escaped(name)}</th>" for name in self)
        columns = [values.tolist() for values in self.values()]
        rows = "".join(
            "<tr>" + "".join(f"<td>{_escaped(value)}</td>" for value in row) + "</tr>"
            for row in zip(*columns)
        )
        return f"<table><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>"

    def __repr__(self):
        rows, columns = self.shape
        return f"<lora_subspace.Table {self.name}: {rows} rows, {columns} columns>"


def library(name):
    """A library that not everybody has.

    Raises
    ------
    Error
        Where it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise native.Error(f"{name}: it is not installed; run `pip install {name}`") from error


def _array(values):
    if isinstance(values, list):
        return np.array(values, dtype=str)
    return values


def _plain(values):
    """Words as objects, which every library takes for text."""
    return values.astype(object) if values.dtype.kind == "U" else values


def _escaped(value):
    text = "" if value != value else str(value)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
