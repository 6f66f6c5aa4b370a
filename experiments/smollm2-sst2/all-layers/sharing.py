"""What two runs share over training, in all layers: sharing.csv.

    python sharing.py RECIPE=FIRST,SECOND ... > sharing.csv

FIRST and SECOND are folders of checkpoints (checkpoint-N) of two runs that differ in the seed alone.
For each step that both have it calls `subspace-overlap`, which must be on the PATH, and takes medians
over the modules of one projection: φ(1,1), φ(4,4) and their chance, on bases a and delta-left.
"""

import csv
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

COLUMNS = ["recipe", "step", "basis", "projection", "modules", "k", "median", "largest", "chance"]


def steps(folder):
    found = {int(path.name.rpartition("-")[2]): path for path in Path(folder).glob("checkpoint-*")}
    return {step: path for step, path in found.items() if step > 0}


def overlaps(first, second):
    """Rows of overlap.csv of two adapters."""
    with tempfile.TemporaryDirectory() as out:
        command = ["subspace-overlap", first, second, "--basis", "a", "--basis", "delta-left", "--no-figures", "--out", out]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        [table] = Path(out).glob("notebooks-export/*/overlap.csv")
        with table.open(newline="") as file:
            return [row for row in csv.DictReader(file) if row["second"] != "random" and row["first"] != "random"]


def main():
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for argument in sys.argv[1:]:
        recipe, _, folders = argument.partition("=")
        first, second = map(steps, folders.split(","))
        for step in sorted(first.keys() & second.keys()):
            rows = overlaps(first[step], second[step])
            for basis in ("a", "delta-left"):
                for projection in ("q_proj", "v_proj"):
                    for k in ("1", "4"):
                        key = (basis, projection, k, k)
                        of = [row for row in rows if (row["basis"], row["projection"], row["i"], row["j"]) == key]
                        values = [float(row["overlap"]) for row in of]
                        medians = [f"{value:.6f}" for value in (statistics.median(values), max(values))]
                        chance = f"{float(of[0]['chance']):.6f}"
                        writer.writerow(dict(zip(COLUMNS, [recipe, step, basis, projection, len(values), k, *medians, chance])))


if __name__ == "__main__":
    main()
