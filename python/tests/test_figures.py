"""Figures and studies."""

import json
import subprocess
import sys

import lora_subspace as ls
import pytest
from conftest import STUDY


@pytest.fixture(scope="module")
def two_ranks():
    return ls.overlap(STUDY / "adapters/r8-seed0", STUDY / "adapters/r64-seed1")


@pytest.fixture(scope="module")
def two_seeds():
    return ls.overlap(STUDY / "adapters/r8-seed0", STUDY / "adapters/r8-seed1")


def test_a_figure_shows_itself(two_ranks):
    figure = ls.figure3(two_ranks, layer=2, venue="icml")
    assert figure.name == "figure3" and "layer 2" in figure.description
    assert figure._repr_svg_().encode() == figure.svg and b"<svg" in figure.svg[:300]
    assert figure._repr_png_() == figure.png and figure.png[:8] == b"\x89PNG\r\n\x1a\n"
    assert figure.pdf[:5] == b"%PDF-"
    assert figure.svg != ls.figure3(two_ranks, layer=5, venue="icml").svg
    assert "r8-seed0" in figure.caption


def test_each_figure_of_a_pair(two_ranks, two_seeds):
    assert ls.figure6(two_ranks, layers=[1, 5], projections=["query"]).name == "figure6"
    assert ls.figure4(two_seeds).name == "figure4"
    assert ls.figure7(two_seeds, palette="cividis", range=(0, 1)).name == "figure7"


def test_what_cannot_be_drawn_is_an_error(two_ranks):
    with pytest.raises(ls.Error, match="venue `nature`: its page sizes are not known"):
        ls.figure3(two_ranks, venue="nature")
    with pytest.raises(ls.Error, match="99"):
        ls.figure3(two_ranks, layer=99)


def test_a_study_is_run_and_checked(tmp_path):
    study = ls.Study(STUDY / "study.toml")
    assert study.name == "minilm-sst2"
    with pytest.raises(ls.Error, match="nothing has been made yet"):
        study.check(out=tmp_path)
    written = study.run(out=tmp_path)
    assert str(tmp_path / "figures/minilm-sst2/figure3.svg") in written.files
    assert json.dumps(written.summary) and written.answers
    assert study.check(out=tmp_path) == []
    table = tmp_path / "notebooks-export/minilm-sst2/findings.csv"
    table.write_text(table.read_text().replace("holds", "held"))
    differences = study.check(out=tmp_path)
    assert str(table) in [path for path, _ in differences]


def test_a_study_with_a_mistake_has_its_line(tmp_path):
    (tmp_path / "study.toml").write_text('name = "x"\ntitel = "y"\n')
    with pytest.raises(ls.Error, match="line 2"):
        ls.Study(tmp_path / "study.toml")
    with pytest.raises(TypeError, match="names its own base"):
        ls.Study(STUDY / "study.toml").run(base="x")


def test_a_study_goes_where_it_belongs(tmp_path, monkeypatch):
    """Beside its file; into `out` where something else than the study says is asked."""
    code = [sys.executable, "-m", "lora_subspace", "regenerate", "--demo", "demo", "-q"]
    subprocess.run(code, cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    study = ls.Study("demo/study.toml")
    assert study.check() == []
    report = tmp_path / "demo/notebooks-export/demo/report.html"
    report.unlink()
    assert [path for path, _ in study.check()] == [str(report.relative_to(tmp_path))]
    study.run()
    assert report.is_file() and not (tmp_path / "out").exists()
    written = study.run(seed=7, figures=False, report=False)
    assert all(path.startswith("out/") for path in written.files)
