"""`examples/own-adapters.ipynb`, run cell by cell."""

import ast
import json

from conftest import REPOSITORY


def shown(value):
    """What a notebook asks a value for."""
    for name in ("_repr_svg_", "_repr_html_"):
        if hasattr(value, name):
            return getattr(value, name)()
    return repr(value)


def test_every_cell_runs(monkeypatch, capsys):
    path = REPOSITORY / "examples/own-adapters.ipynb"
    monkeypatch.chdir(path.parent)
    names, outputs = {}, {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == [], "commit it without outputs"
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, cell["id"], "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), cell["id"], "eval"), names)
            outputs[cell["id"]] = shown(value)
    assert outputs["overlap"] == "(8, 64)"
    assert "<svg" in outputs["figure"] and "<table>" in outputs["amplification"]
    assert "φ(1,8) =" in capsys.readouterr().out
