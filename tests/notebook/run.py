"""Runs a notebook as a reader would, and holds what it rebuilt to the report's figures and to table7.csv.

Usage: run.py FOLDER, a folder with report.html and one notebook.
"""

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


def execute(path):
    """The notebook's `rebuilt`, and the executed notebook."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is to be committed without outputs"
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        keep = f"import pickle\nwith open({file.name!r}, 'wb') as file:\n    pickle.dump(rebuilt, file)"
        notebook.cells.append(nbformat.v4.new_code_cell(keep))
        folder = {"metadata": {"path": str(path.parent)}}
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=folder).execute()
        return pickle.load(file), notebook


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
            assert list(here[column]) == list(there[column]), column


def main():
    folder = Path(sys.argv[1])
    [path] = folder.glob("*.ipynb")
    rebuilt, notebook = execute(path)
    expected = figures((folder / "report.html").read_text())
    cells = compare_figures(rebuilt, expected)
    drawn = [output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    assert len(drawn) == len(expected), f"{len(drawn)} pictures, not {len(expected)}"
    if (folder / "table7.csv").exists():
        compare_table(rebuilt["table7"], pd.read_csv(folder / "table7.csv"))
    print(f"{len(expected)} figures, {cells} cells, table 7: {'table7' in rebuilt}")


main()
