"""Tables and overlaps for the libraries that people have, and a clear word where one is missing."""

import io
import sys

import lora_subspace as ls
import numpy as np
import pytest
from conftest import MODULE


@pytest.fixture(scope="module")
def ranks():
    from conftest import STUDY

    return ls.ranks([STUDY / "adapters/r4-seed0", STUDY / "adapters/r8-seed0"])


@pytest.fixture(scope="module")
def phi():
    from conftest import STUDY

    return ls.overlap(STUDY / "adapters/r4-seed0", STUDY / "adapters/r8-seed0")


def test_columns_are_arrays(ranks):
    assert ranks.shape == (24, len(list(ranks)))
    assert all(isinstance(values, np.ndarray) and len(values) == 24 for values in ranks.values())
    assert ranks["layer"].dtype == np.int64
    assert "<td>r4-seed0</td>" in ranks._repr_html_()


def test_pandas_has_what_the_file_has(ranks):
    pandas = pytest.importorskip("pandas")
    read = pandas.read_csv(io.BytesIO(ranks.to_csv()))
    frame = ranks.to_pandas()
    assert list(frame.columns) == list(read.columns)
    for name in ["module", "matrix", "numerical_rank", "frobenius_norm", "layer"]:
        assert frame[name].tolist() == read[name].tolist()


def test_polars_and_xarray(ranks):
    polars, xarray = pytest.importorskip("polars"), pytest.importorskip("xarray")
    assert isinstance(ranks.to_polars(), polars.DataFrame)
    assert ranks.to_polars()["matrix"].to_list() == ranks["matrix"].tolist()
    assert isinstance(ranks.to_xarray(), xarray.Dataset)
    assert ranks.to_xarray().sizes == {"row": 24}


def test_overlaps_for_all_three(phi):
    for name in ("pandas", "polars", "xarray"):
        pytest.importorskip(name)
    frame = phi.to_pandas()
    cell = frame[(frame.module == MODULE) & (frame.i == 2) & (frame.j == 7)]
    assert cell.overlap.item() == phi[MODULE].values[1, 6]
    assert phi.to_polars().shape == (12 * 4 * 8, 6)
    dataset = phi.to_xarray()
    assert dataset.overlap.sel(module=MODULE, i=2, j=7).item() == phi[MODULE].values[1, 6]


@pytest.mark.parametrize("name", ["pandas", "polars", "xarray"])
def test_a_library_that_is_missing_is_named(ranks, phi, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    for thing in (ranks, phi):
        with pytest.raises(ls.Error, match=f"{name}: it is not installed; run `pip install {name}`"):
            getattr(thing, f"to_{name}")()
