"""Kills runs of `regenerate`, and counts what they leave.

    python3 tests/kills/run.py target/debug [--seconds 60] [--seed 0]

A small study has an old set of results. A run that makes a new set of other adapters is ended by
SIGKILL, SIGINT, SIGTERM or SIGHUP: at some time, or when one of the new files has its name. Checks
are ended too: at some time, or while their temporary folder is made or removed. It prints, for each
signal: how many were tried; after how many the set was the old one, the new one, or mixed; whether
files.json tells of each mixed one; how many left temporary files; and how many of these were there
after the next run.

It fails where a mixed set is not told, where a signal that a program can heed leaves a temporary
file, a mixed set or another exit code than its own, and where the next run leaves what a kill left.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

SIGNALS = [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
MODULES = [f"layers.{layer}.{name}" for layer in (0, 1) for name in ("q_proj", "v_proj")]
STUDY = """name = "tiny"
base = "base"
[[adapter]]
name = "one"
path = "one"
[[adapter]]
name = "two"
path = "two"
[compare]
ranks = ["one", "two"]
base = ["one", "two"]
[figures]
which = ["3", "8"]
"""
COLUMNS = ["tried", "ended first", "old whole", "new whole", "mixed, told", "mixed, not told",
           "left files", "left after the next run", "other exit code"]


def save(path, tensors, numbers):
    """A safetensors file of f32 tensors by name and shape."""
    header, bytes_ = {}, b""
    for name, (rows, columns) in tensors.items():
        values = [numbers.gauss(0, 1) for _ in range(rows * columns)]
        packed = struct.pack(f"<{len(values)}f", *values)
        place = [len(bytes_), len(bytes_) + len(packed)]
        header[name] = {"dtype": "F32", "shape": [rows, columns], "data_offsets": place}
        bytes_ += packed
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes_)


def adapter(folder, rank, numbers):
    factors = {}
    for module in MODULES:
        factors[f"base_model.model.{module}.lora_A.weight"] = (rank, 8)
        factors[f"base_model.model.{module}.lora_B.weight"] = (12, rank)
    save(folder / "adapter_model.safetensors", factors, numbers)
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 4}
    (folder / "adapter_config.json").write_text(json.dumps(config))


class Place:
    """A folder with the study, its old and its new set."""

    def __init__(self, folder, programs):
        self.folder, self.program = folder, programs / "regenerate"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        numbers = random.Random(1)
        save(folder / "base/model.safetensors", {f"{module}.weight": (12, 8) for module in MODULES}, numbers)
        adapter(folder / "two", 3, numbers)
        (folder / "study.toml").write_text(STUDY)
        self.sets, self.seconds = {}, 0.0
        for name in ("old", "new"):
            adapter(folder / "one", 2, numbers)
            start = time.monotonic()
            assert self.start().wait() == 0
            self.seconds = time.monotonic() - start
            shutil.copytree(folder / "out", folder / name)
            self.sets[name] = self.digests()
        assert all(self.sets["old"][file] != digest for file, digest in self.sets["new"].items() if file.endswith("overlap.csv"))

    def start(self, *flags):
        return subprocess.Popen(
            [self.program, "study.toml", "--out", "out", "-q", *flags],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(self.temporary)}, preexec_fn=heard,
        )

    def restore(self):
        shutil.rmtree(self.folder / "out")
        shutil.copytree(self.folder / "old", self.folder / "out")

    def files(self):
        return [path for path in (self.folder / "out").rglob("*") if path.is_file()]

    def digests(self):
        """SHA-256 by place; a run's record has times."""
        kept = [path for path in self.files() if not path.name.startswith(("run-", "."))]
        return {str(path.relative_to(self.folder / "out")): digest(path) for path in kept}

    def left(self):
        inside = [path for path in self.files() if path.name.startswith(".lora-subspace-")]
        return len(inside) + len(list(self.temporary.iterdir()))

    def is_told(self):
        """Whether files.json tells that the files are no set, or of two."""
        place = self.folder / "out/notebooks-export/tiny/files.json"
        sets = json.loads(place.read_text())["sets"]
        listed = {name: sha for one in sets for name, sha in one["files"].items()}
        there = {path.name: digest(path) for path in self.files()}
        return len(sets) > 1 or any(there.get(name) != sha for name, sha in listed.items())


def heard():
    """A signal that is ignored here would be ignored by the program too."""
    for which in SIGNALS[1:]:
        signal.signal(which, signal.SIG_DFL)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wait_for_name(path, running):
    """Until a new file has the name. Names follow each other in microseconds: nothing else is asked."""
    stat, poll = os.stat, running.poll
    before = stat(path).st_ino
    while True:
        for _ in range(1000):
            if stat(path).st_ino != before:
                return
        if poll() is not None:
            return


def wait_for_folder(temporary, running, is_end):
    """Until a check's temporary folder is there, or, at its end, until it begins to be removed."""
    most = 0
    while running.poll() is None:
        for _ in range(100):
            there = sum(len(folders) + len(files) for _, folders, files in os.walk(temporary))
            if there and not is_end or there < most - 1:
                return
            most = max(most, there)


def attempt(place, which, numbers, counts):
    is_check = numbers.random() < 0.2
    place.restore()
    running = place.start(*["--check"] * is_check)
    if numbers.random() < 0.5:
        time.sleep(numbers.random() * place.seconds)
    elif is_check:
        wait_for_folder(place.temporary, running, numbers.random() < 0.7)
    else:
        wait_for_name(place.folder / "out" / numbers.choice(sorted(place.sets["old"])), running)
    ended = running.poll() is not None
    if not ended:
        running.send_signal(which)
    code = running.wait()
    counts["tried"] += 1
    counts["ended first"] += ended
    found = place.digests()
    whole = [name for name, of in place.sets.items() if of == found]
    counts[f"{whole[0]} whole" if whole else "mixed, told" if place.is_told() else "mixed, not told"] += 1
    left = place.left()
    counts["left files"] += left > 0
    # A signal before the program heeds any ends it as the system does: nothing is there yet.
    is_early = which == signal.SIGKILL or not left and whole == ["old"]
    counts["other exit code"] += code not in {0, 1 if is_check else 0, 128 + which, -which if is_early else 0}
    if which == signal.SIGKILL and (left or not whole):
        assert place.start().wait() == 0
        assert place.digests() == place.sets["new"], "the next run's set is not whole"
        counts["left after the next run"] += place.left() > 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    numbers = random.Random(given.seed)
    counts = {which: Counter() for which in SIGNALS}
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), given.programs.resolve())
        end = time.monotonic() + given.seconds
        while time.monotonic() < end:
            for which in SIGNALS:
                attempt(place, which, numbers, counts[which])
    widths = [max(len(column), 5) for column in COLUMNS]
    print(" " * 8, *(column.rjust(width) for column, width in zip(COLUMNS, widths)), sep="  ")
    for which in SIGNALS:
        cells = (str(counts[which][column]).rjust(width) for column, width in zip(COLUMNS, widths))
        print(which.name.ljust(8), *cells, sep="  ")
    bad = []
    for which in SIGNALS:
        never = ["mixed, not told", "left after the next run", "other exit code"]
        if which != signal.SIGKILL:
            never += ["mixed, told", "left files"]
        bad += [f"{which.name}: {column}" for column in never if counts[which][column]]
    if bad:
        sys.exit("error: " + "; ".join(bad))


if __name__ == "__main__":
    main()
