"""The same numbers as the commands write, to the last bit."""

import json

import lora_subspace as ls
import numpy as np
import pytest
from conftest import MODULE


def made(command, name, folder, *arguments):
    """The folder of the tables that a command writes."""
    done = command(name, *arguments, "--out", folder, "--no-figures", "-q")
    assert done.returncode == 0, done.stderr
    return next((folder / "notebooks-export").iterdir())


@pytest.mark.parametrize("basis", ["a", "delta-left"])
def test_overlaps_are_those_of_subspace_overlap(command, adapters, tmp_path, basis):
    pair = [adapters / "r8-seed0", adapters / "r64-seed1"]
    tables = made(command, "subspace-overlap", tmp_path, *pair, "--basis", basis)
    phi = ls.overlap(ls.open(pair[0]), ls.open(pair[1]), basis=basis)
    assert (phi.first, phi.second, phi.basis) == ("r8-seed0", "r64-seed1", basis)
    with np.load(tables / "overlap.npz") as archive:
        grids = {key: archive[key] for key in archive.files if "random" not in key}
    assert len(grids) == len(phi) == 12
    for module, one in phi.items():
        grid = grids[f"{module}__{basis}__r8-seed0__r64-seed1"]
        assert one.values.shape == grid.shape
        # As bytes: 0.1 + 0.2 and 0.3 are different here.
        assert one.values.tobytes() == np.ascontiguousarray(grid).tobytes()


def test_chance_and_z_are_those_of_the_rows(command, adapters, tmp_path):
    pandas = pytest.importorskip("pandas")
    pair = [adapters / "r4-seed0", adapters / "r8-seed1"]
    tables = made(command, "subspace-overlap", tmp_path, *pair)
    rows = pandas.read_csv(tables / "overlap.csv")
    rows = rows[(rows["module"] == MODULE) & (rows["first"] == "r4-seed0")]
    one = ls.overlap(*pair, modules=MODULE)[MODULE]
    assert one.values.shape == (4, 8) and one.dimension == 384
    for name, array in [("overlap", one.values), ("chance", one.chance), ("z", one.z)]:
        wanted = rows[name].to_numpy().reshape(4, 8)
        assert [f"{x:.8e}" for x in array.ravel()] == [f"{x:.8e}" for x in wanted.ravel()]
    i, j = np.indices((4, 8)) + 1
    assert np.array_equal(one.chance, np.maximum(i, j) / 384)


def test_tables_are_those_of_amplification(command, adapters, base, tmp_path):
    which = [adapters / "r4-seed0", adapters / "r64-seed0"]
    tables = made(command, "amplification", tmp_path, *which, "--base", base)
    opened = [ls.open(path) for path in which]
    for table in [
        ls.amplification(opened, base=base, draws=20, seed=0),
        ls.spectrum(opened, base=base),
        ls.ranks(opened, base=base),
    ]:
        assert table.to_csv() == (tables / table.name).read_bytes(), table.name
        assert table.shape[0] == (tables / table.name).read_bytes().count(b"\n") - 1


def test_phi_is_what_numpy_makes_of_the_factors(adapters):
    a, b = ls.open(adapters / "r8-seed0"), ls.open(adapters / "r8-seed1")
    v = [np.linalg.svd(one[MODULE].factors[1], full_matrices=False)[2].T for one in (a, b)]
    squares = (v[0].T @ v[1]) ** 2
    sums = squares.cumsum(axis=0).cumsum(axis=1)
    i, j = np.indices(sums.shape) + 1
    phi = ls.overlap(a, b)[MODULE].values
    assert np.abs(phi - sums / np.minimum(i, j)).max() < 1e-12


def test_delta_is_scale_times_b_times_a(adapters):
    module = ls.open(adapters / "r4-seed0")[MODULE]
    b, a = module.factors
    assert b.shape == (384, 4) and a.shape == (4, 384) and module.shape == (384, 384)
    assert (module.rank, module.layer, module.projection) == (4, 5, "value")
    assert b.dtype == a.dtype == np.float64 and b.flags.c_contiguous
    assert np.allclose(module.delta(), module.scale * b @ a, rtol=1e-13, atol=0)


def test_one_adapter_has_a_spectrum_and_ranks_without_a_base(adapters):
    spectrum, ranks = ls.spectrum(adapters / "r8-seed0"), ls.ranks(adapters / "r8-seed0")
    assert spectrum.shape[0] == 12 * 8 and ranks.shape[0] == 12
    assert set(spectrum["matrix"]) == {"r8-seed0"}
    delta = ls.open(adapters / "r8-seed0")[MODULE].delta()
    sigma = spectrum["sigma"][spectrum["module"] == MODULE]
    assert np.allclose(sigma, np.linalg.svd(delta)[1][:8], rtol=1e-8)
    assert spectrum["index"].dtype.kind == "i" and spectrum["gap"].dtype == np.float64


def test_findings_have_a_verdict_each(adapters, base):
    which = [adapters / name for name in ("r8-seed0", "r64-seed0", "r64-seed1")]
    findings = ls.findings(which, base=base)
    assert {"ranks", "seeds", "factor"} <= set(findings["claim"])
    assert set(findings["verdict"]) <= {"holds", "does not hold", "cannot be told"}


def test_a_cache_changes_no_number(tmp_path):
    random, d = np.random.default_rng(0), 1100
    w = (random.standard_normal((d, d)) * np.arange(1, d + 1) ** -0.5).astype(np.float32)
    header = {"h.0.q.weight": {"dtype": "F32", "shape": [d, d], "data_offsets": [0, w.nbytes]}}
    text = json.dumps(header).encode()
    (tmp_path / "base").mkdir()
    file = len(text).to_bytes(8, "little") + text + w.tobytes()
    (tmp_path / "base/model.safetensors").write_bytes(file)
    factors = random.standard_normal((d, 4)), random.standard_normal((4, d))
    adapter, kept = ls.adapter({"h.0.q": (*factors, 1.0)}), tmp_path / "kept"
    tables = [
        ls.amplification(adapter, base=tmp_path / "base", cache=cache).to_csv()
        for cache in (None, kept, kept)
    ]
    assert tables[0] == tables[1] == tables[2]
    # W's directions, and the draws.
    assert len(list(kept.iterdir())) == 2
