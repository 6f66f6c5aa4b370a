"""What the studies' train.py share: sentences, batches of similar length, and lines of runs.csv."""

import csv


def sentences(path):
    """(sentence, label) of every line."""
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        sentence, tab, label = line.rpartition("\t")
        if not tab or label not in ("0", "1"):
            raise SystemExit(f"error: {path}: line {number}: expected sentence<TAB>0 or 1")
        pairs.append((sentence, int(label)))
    return pairs


def batches(lengths, size, shuffle):
    """One epoch of places of sentences of similar length: sorted within pools of fifty batches."""
    places = list(range(len(lengths)))
    shuffle.shuffle(places)
    pool = 50 * size
    made = []
    for start in range(0, len(places), pool):
        some = sorted(places[start : start + pool], key=lambda place: lengths[place])
        made += [some[at : at + size] for at in range(0, len(some), size)]
    shuffle.shuffle(made)
    return made


def check_new(runs, name):
    """A run has one line: found out before the work."""
    if runs.is_file():
        with runs.open(newline="") as file:
            if any(row["adapter"] == name for row in csv.DictReader(file)):
                raise SystemExit(f"error: {runs}: {name} is there already")


def add(runs, row):
    """Adds a line to runs.csv; the first one brings the header."""
    runs.parent.mkdir(parents=True, exist_ok=True)
    new = not runs.is_file() or runs.stat().st_size == 0
    with runs.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)
