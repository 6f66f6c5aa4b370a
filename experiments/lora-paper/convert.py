#!/usr/bin/env python3
"""Turns published values of the LoRA paper into rows of this toolkit.

    python3 convert.py FIGURES TABLES ROWS

FIGURES has fig3.csv, fig4.csv, fig6.csv, fig7.csv and fig8.csv: the cells of the figures, with
columns as README.md says. TABLES has table5.csv, table6.csv, table7.csv and table18.csv, as printed.
ROWS gets overlap.csv, amplification.csv and runs.csv.
"""

import csv
import sys
from pathlib import Path

# GPT-3 175B.
LAYERS, WIDTH = 96, 12288
# Figure 8's axis begins here: its last row is the 1228th, a tenth of the width.
FIGURE_8_FIRST = 401
# Figures 3, 4 and 8 and table 7.
LAYER = 48


def read(folder, name):
    with open(Path(folder) / name, newline="") as file:
        return list(csv.DictReader(file))


def digits(value, count):
    return format(value, f".{count}g")


def projection(matrix):
    return {"Wq": "q", "Wv": "v"}[matrix]


def grids(figures):
    """(layer, projection, first, second) to {(i, j): (overlap, half-width, limit)}, in order."""
    found = {}

    def add(key, row, i):
        middle, half = float(row["phi_mid"]), float(row["phi_halfwidth"])
        # Of a cell of the darkest colour an upper bound is known, and nothing else.
        limit = "below" if row.get("clipped_low") == "1" else ""
        cell = (i, int(row["j"]))
        value = (round(middle + half, 9) if limit else middle, half, limit)
        assert row.get("clipped_high", "0") == "0", (key, cell)
        earlier = found.setdefault(key, {}).setdefault(cell, value)
        # The diagonal stands in the whole panel and in the zoom.
        assert abs(earlier[0] - value[0]) <= earlier[1] + value[1], (key, cell, earlier, value)

    for name in ("fig3.csv", "fig6.csv"):
        for row in read(figures, name):
            key = (int(row["layer"]), projection(row["matrix"]), "r8", "r64")
            add(key, row, int(row["i"]))
    for name in ("fig4.csv", "fig7.csv"):
        for row in read(figures, name):
            key = (LAYER, "q", "random", "random")
            if row["matrix"] != "gaussian":
                key = (int(row["layer"]), projection(row["matrix"]), "r64", "r64-again")
            add(key, row, int(row["i"]))
    for row in read(figures, "fig8.csv"):
        second = {"rand": "random"}.get(row["panel"], row["panel"])
        add((LAYER, "q", "base", second), row, int(row["row_index_0_827"]) + FIGURE_8_FIRST)
    return found


def overlap(figures):
    yield "module,layer,projection,basis,first,second,i,j,overlap,chance,z,limit"
    for (layer, name, first, second), cells in sorted(grids(figures).items()):
        for (i, j), (value, _, limit) in sorted(cells.items()):
            start = f"h.{layer}.{name},{layer},{name},a,{first},{second},{i},{j}"
            yield f"{start},{format(value, 'g')},{digits(max(i, j) / WIDTH, 6)},,{limit}"


def amplification(tables):
    yield (
        "module,layer,projection,adapter,rank,directions,projected_norm,projected_norm_sd,draws,"
        "base_norm,delta_norm,amplification,chance_projected_norm"
    )
    for row in read(tables, "table7.csv"):
        rank, base = int(row["rank"]), float(row["base_norm"])
        chance = digits(base * rank / WIDTH, 9)
        start = f"h.{LAYER}.q,{LAYER},q,r{rank},{rank},{row['directions']},{row['projected_norm']},,"
        yield f"{start},{row['base_norm']},{row['delta_norm']},,{chance}"


def runs(tables):
    yield "adapter,weight_types,rank,alpha,seed,task,metric,value,trainable_parameters"
    tasks = {"wikisql": "WikiSQL", "multinli": "MultiNLI"}

    def of_gpt3(table, types, rank, task, value):
        trained = LAYERS * len(types.split("+")) * rank * 2 * WIDTH
        name = f"{table}-{types.replace('+', '')}-r{rank}"
        return f"{name},{types},{rank},,,{tasks[task]},accuracy,{value},{trained}"

    for task in tasks:
        for row in read(tables, "table5.csv"):
            types, rank, value = row["weight_types"], int(row["rank"]), row[f"{task}_accuracy"]
            yield of_gpt3("table5", types, rank, task, value)
    for row in read(tables, "table6.csv"):
        yield of_gpt3("table6", row["weight_types"], int(row["rank"]), row["task"], row["accuracy"])
    metrics = {
        "val_loss": "val loss", "bleu": "BLEU", "nist": "NIST", "meteor": "METEOR",
        "rouge_l": "ROUGE-L", "cider": "CIDEr",
    }
    for column, metric in metrics.items():
        for row in read(tables, "table18.csv"):
            rank = row["rank"]
            yield f"table18-r{rank},q+v,{rank},,,E2E NLG,{metric},{row[column]},"


def main():
    figures, tables, out = sys.argv[1:]
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name, lines in [
        ("overlap.csv", overlap(figures)),
        ("amplification.csv", amplification(tables)),
        ("runs.csv", runs(tables)),
    ]:
        (out / name).write_text("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
