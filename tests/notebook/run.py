"""Runs a notebook as a reader would, and holds what it rebuilt to the report's figures and to the tables.

Usage: run.py FOLDER, a folder with report.html and one notebook.
"""

import ast
import json
import pickle
import re
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from nbclient import NotebookClient


# Between the notebook's cells: where the ticks of its heat maps stand.
WATCH = """
places = []
original = plt.show

def watch():
    for axis in plt.gcf().axes:
        if axis.images:
            places.append([list(axis.get_xticks()), list(axis.get_yticks())])
    original()

plt.show = watch
"""


def execute(path):
    """The notebook's `rebuilt`, and the executed notebook."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells), "two cells have one id"
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is to be committed without outputs"
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        setup = next(place for place, cell in enumerate(notebook.cells) if cell.id == "setup")
        notebook.cells.insert(setup + 1, nbformat.v4.new_code_cell(WATCH))
        keep = f"import pickle\nwith open({file.name!r}, 'wb') as file:\n    pickle.dump((rebuilt, places), file)"
        notebook.cells.append(nbformat.v4.new_code_cell(keep))
        folder = {"metadata": {"path": str(path.parent)}}
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=folder).execute()
        rebuilt, places = pickle.load(file)
        for ticks in places:
            assert all(tick == round(tick) for side in ticks for tick in side), ticks
        return rebuilt, notebook


def figures(page):
    """The panels of each figure in a report, as arrays."""
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1)
    found = {}
    for figure in filter(None, json.loads(text)["figures"]):
        panels = [panel for row in figure["rows"] for panel in row["panels"]]
        found[figure["name"]] = [np.array(panel["cells"], dtype=float).reshape(panel["shape"]) for panel in panels]
    return found


def compare_figures(rebuilt, expected):
    cells = 0
    for name, panels in expected.items():
        assert name in rebuilt, f"{name} is not rebuilt"
        assert len(rebuilt[name]) == len(panels), f"{name}: {len(rebuilt[name])} panels, not {len(panels)}"
        for place, (here, there) in enumerate(zip(rebuilt[name], panels)):
            np.testing.assert_allclose(here, there, rtol=1e-8, err_msg=f"{name}, panel {place + 1}")
            cells += here.size
    return cells


def compare_table(here, there):
    assert list(here.columns) == list(there.columns), f"columns {list(here.columns)}"
    assert len(here) == len(there) > 0
    for column in there.columns:
        if pd.api.types.is_numeric_dtype(there[column]):
            np.testing.assert_allclose(here[column].astype(float), there[column], rtol=1e-8, err_msg=column)
        else:
            assert list(here[column].fillna("")) == list(there[column].fillna("")), column


def compare_curve(here, tables):
    """Each score of the rank curve is a line of table 6 or 18, and none of weight types with two ranks is missing."""
    settings = ["task", "metric", "weight_types", "rank"]
    there = pd.concat(tables).drop_duplicates(settings)
    ranks = there.groupby(settings[:3])["rank"].transform("count")  # a full fine-tune has none
    columns = [*settings, "mean", "sd", "runs"]
    both = [table[columns].sort_values(settings).reset_index(drop=True) for table in (here, there[ranks > 1])]
    compare_table(*both)


def groups_of_factors(notebook):
    """The groups of runs that the notebook's figure of amplification factors is called with."""
    [cell] = [cell for cell in notebook.cells if cell.id == "amplification-figure"]
    groups = ast.parse(cell.source, mode="eval").body.args[1:]
    return dict(ast.literal_eval(groups[0])) if groups else {}


def compare_lines(rebuilt, folder, notebook):
    """The numbers of the other figures of lines, made another way."""
    if "placement" in rebuilt:
        table = pd.read_csv(folder / "placement.csv")
        # k/n for the smaller side n of each W: of one side chance is k/d.
        one_side = table[table.side != "both"]
        smaller = (one_side.k / one_side.chance).round().groupby(one_side.module).min()
        reach = table.k / table.module.map(smaller)
        middle = table.groupby(["adapter", "side", reach]).share.median().sort_values()
        here = rebuilt["placement"].share.sort_values()
        np.testing.assert_allclose(here, middle[[*middle.index]], rtol=1e-8)
    if "amplification" in rebuilt:
        table = pd.read_csv(folder / "amplification.csv")
        delta = table[table.directions == "delta"]
        over = delta.amplification / (delta.delta_norm / delta.chance_projected_norm)
        groups = groups_of_factors(notebook)
        for line in rebuilt["amplification"].itertuples():
            is_here = (delta.projection == line.projection) & (delta.layer.fillna(-1) == (-1 if pd.isna(line.layer) else line.layer))
            runs = over[is_here & delta.adapter.isin(groups.get(line.line, [line.line]))].dropna()
            np.testing.assert_allclose(line.over, runs.prod() ** (1 / len(runs)), rtol=1e-7)
        lines = delta.adapter.replace({run: label for label, runs in groups.items() for run in runs})
        places = delta.assign(line=lines)[over.notna()].drop_duplicates(["projection", "line", "layer"])
        assert len(rebuilt["amplification"]) == len(places) > 0
    if "trajectory" in rebuilt:
        table = pd.read_csv(folder / "trajectory.csv")
        middle = table.groupby(["adapter", "basis", "step"])
        for title, column in {"‖ΔW‖": "norm", "φ to last, output side": "similarity_to_last"}.items():
            here = rebuilt["trajectory"][rebuilt["trajectory"].panel == title]
            keys = [(run, "delta-left", step) for run, step in zip(here.adapter, here.step)]
            there = middle[column].median()[keys]
            np.testing.assert_allclose(here["median"], there, rtol=1e-8)
            assert len(here) > 0, title
    if "spectrum" in rebuilt:
        here = rebuilt["spectrum"]
        steps = here.groupby(["module", "matrix"]).sigma.diff().dropna()
        assert len(here) > 0 and (here.sigma > 0).all() and (steps <= 0).all()
    if "sizes" in rebuilt:
        here = rebuilt["sizes"]
        known = here[here["stable rank"].notna()]
        np.testing.assert_allclose(known["first direction"], 1 / known["stable rank"], rtol=1e-7)
        assert len(known) > 0 and (here["energy rank"].dropna() >= 1).all()
    for name, maps in rebuilt.items():
        if name.startswith("many"):
            pairs = pd.read_csv(folder / "pairs.csv")
            means = pairs[(pairs.module == "mean") & pairs.projection.notna()]
            for cells in maps:
                known = np.sort(cells[~np.isnan(cells)])
                one_of = [np.sort(rows.excess) for _, rows in means.groupby("projection")]
                assert any(len(rows) == len(known) and np.allclose(rows, known, rtol=1e-9) for rows in one_of), name
                assert np.isnan(np.diag(cells)).all()
    for name in rebuilt:
        if name.startswith("seeds"):
            assert len(rebuilt[name]) > 0 and rebuilt[name]["mean"].between(0, 1).all(), name


def main():
    folder = Path(sys.argv[1])
    [path] = folder.glob("*.ipynb")
    rebuilt, notebook = execute(path)
    expected = figures((folder / "report.html").read_text())
    cells = compare_figures(rebuilt, expected)
    drawn = [output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    lines = [name for name in rebuilt if name in ["rank-curve", "placement", "amplification", "trajectory", "spectrum", "sizes"] or name.startswith(("seeds", "many"))]
    with_curve = len(expected) + len(lines)
    assert len(drawn) == with_curve, f"{len(drawn)} pictures, not {with_curve}"
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in ["table5", "table6", "table18", "table7"]
              if (folder / f"{name}.csv").exists()}
    for name, table in tables.items():
        compare_table(rebuilt[name], table)
    compare_lines(rebuilt, folder, notebook)
    if "rank-curve" in rebuilt:
        compare_curve(rebuilt["rank-curve"], [tables[name] for name in ["table6", "table18"] if name in tables])
    [setup] = [cell for cell in notebook.cells if cell.id == "setup"]
    # What it says of tables that are no set.
    print("".join(output.text for output in setup.outputs if output.output_type == "stream"), end="")
    print(f"{with_curve} figures, {cells} cells, {', '.join(tables)}")


main()
