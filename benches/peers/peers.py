"""Times this program beside others on docs/performance.md's workloads, and splices the tables.

    python peers.py [--only w1,base4096,table7,second,many,w3,base12288] [--rounds 5] [--check]

Each run is a fresh process, measured by the kernel's own accounting (user + system time, peak
resident set); contestants take turns, after one round that is not counted; medians are quoted with
their range. One thread each, but for w3 and base12288, which nobody else runs: two.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import workloads

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DATA = ROOT / "target/peers/data"
RESULTS = HERE / "results.json"
PAGE = ROOT / "docs/performance.md"
ONE = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "RAYON")}
BIN = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def once(command, environment=ONE):
    """Runs a command; CPU and wall seconds, peak MB and what it printed."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        child = subprocess.Popen(list(map(str, command)), stdout=output, stderr=subprocess.PIPE,
                                 env={**os.environ, **environment})
        talk = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{command} failed: {talk.decode()[-2000:]}")
        output.seek(0)
        return {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": time.monotonic() - start,
                "peak_mb": usage.ru_maxrss * 1024 / 1e6, "said": output.read().decode()}


def contest(contestants, rounds, environment=ONE):
    samples = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, command in contestants.items():
            sample = once(command, environment)
            if number or rounds == 1:
                samples[name].append(sample)
            print(f"  {name}: {sample['cpu_s']:.2f} CPU-s, {sample['peak_mb']:.0f} MB", flush=True)
    return {name: {key: [round(s[key], 4) for s in runs] for key in ("cpu_s", "wall_s", "peak_mb")}
            | {"said": runs[-1]["said"][-400:]} for name, runs in samples.items()}


def peer(name, *arguments):
    return [sys.executable, HERE / "contestants.py", name, *arguments]


def ours(command, *arguments, threads=1, out, cache=("--no-cache",)):
    return [BIN / command, *arguments, "-q", *cache, "--threads", threads, "--out", out]


def w1(rounds, out):
    folder = workloads.make(DATA, "w1")
    pair = (folder / "r8", folder / "r64")
    return contest({
        "this program": ours("subspace-overlap", *pair, "--no-figures", out=out),
        "NumPy, same algorithm (f64)": peer("numpy_overlap", *pair),
        "gradience merge-audit": [Path(sys.executable).parent / "gradience", "merge-audit",
                                  "--adapter-a", pair[0], "--adapter-b", pair[1],
                                  "--output-dir", out / "gradience"],
    }, rounds)


def base4096(rounds, out):
    folder = workloads.make(DATA, "base4096")
    found = contest({
        "this program": ours("regenerate", folder / "study.toml", "--no-figures", out=out),
        "NumPy, full SVD (f32)": peer("numpy_base", folder),
    }, rounds)
    tables = out / "notebooks-export/base4096"
    return found | {"values": json.loads(once(peer("values", folder, tables))["said"]),
                    "certificates": record(tables, "regenerate")["run"]["certificates"]}


def table7(rounds, out):
    folder = workloads.make(DATA, "base4096")
    return contest({
        "this program": ours("amplification", folder / "r64", "--base", folder / "base",
                             "--no-figures", out=out),
        "3 f32 GEMMs of 4096² (NumPy)": peer("gemms", 4096, 3),
    }, rounds)


def second(_, out):
    """Table 7 of an adapter with an empty cache, and of a second one of the same base after it."""
    folder = workloads.make(DATA, "bases4096")
    rows = {}
    for label, adapter in (("first adapter, empty cache", "r64-seed0"),
                           ("second adapter, cache of the first", "r64-seed1")):
        run = once(ours("amplification", folder / adapter, "--base", folder / "base", "--no-figures",
                        out=out, cache=("--cache", out / "cache")))
        rows[label] = run | {"modules": 64}
    kept = sum(file.stat().st_size for file in (out / "cache").iterdir())
    modules = 2
    rows["NumPy, full SVD (f32)"] = once(peer("numpy_table7", folder, modules)) | {"modules": modules}
    for row in rows.values():
        del row["said"]
    return {name: {key: round(value, 2) for key, value in row.items()} for name, row in rows.items()} | {
        "cache_mb": round(kept / 1e6)}


def many(_, out):
    """N adapters side by side: 4 and 16 modules, from which those of a model of 64 follow."""
    folder = workloads.make(DATA, "many")
    rows = {}
    for count in (10, 50, 200):
        adapters = [folder / f"a{number:03}" for number in range(count)]
        runs = [once(ours("subspace-overlap", *adapters, "--layers", f"0-{layers - 1}", "--no-figures",
                          threads=2, out=out), {}) for layers in (2, 8)]
        peer_runs = [once(peer("numpy_many", folder, count, layers)) for layers in (2, 8)]
        row = {"peak_mb": [run["peak_mb"] for run in runs]}
        for name, few, all_of_them in (("cpu", *(run["cpu_s"] for run in runs)),
                                       ("wall", *(run["wall_s"] for run in runs)),
                                       ("numpy", *(run["cpu_s"] for run in peer_runs))):
            row[f"{name}_module"] = (all_of_them - few) / 12
            row[f"{name}_64"] = few + 60 * row[f"{name}_module"]
        rows[str(count)] = {key: [round(x) for x in value] if key == "peak_mb" else round(value, 3)
                            for key, value in row.items()}
        print(f"  {count} adapters: {rows[str(count)]}", flush=True)
    plot_many(rows)
    return rows


def plot_many(rows):
    figure, pyplot = pictures()
    axes = figure.subplots()
    counts = [int(count) for count in rows]
    for key, label, style in (("cpu_module", "this program", "o-"), ("numpy_module", "NumPy, the least", "s--")):
        axes.loglog(counts, [row[key] for row in rows.values()], style, label=label)
    axes.set(xticks=counts, xticklabels=counts, xlabel="adapters", ylabel="CPU-s a module")
    axes.minorticks_off()
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    figure.savefig(ROOT / "docs/performance-many.svg", metadata={"Date": None})
    pyplot.close(figure)


def pictures():
    """An empty figure whose bytes do not change by themselves."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lora-subspace"
    from matplotlib import pyplot

    return pyplot.figure(figsize=(4, 2.6), layout="constrained"), pyplot


def record(tables, command):
    return json.loads((tables / f"run-{command}.json").read_text())


def w3(_, out):
    rows = {}
    names = ("r8", "r64-seed0", "r64-seed1")
    runs = [("w3", layers, 12288) for layers in (12, 24, 48, 96)]
    runs += [("w3-6144", 24, 6144), ("w3-3072", 24, 3072)]
    for name, layers, d in runs:
        folder = workloads.make(DATA, name)
        command = ours("subspace-overlap", *(folder / n for n in names), threads=2, out=out)
        run = once(command + ["--layers", f"0-{layers - 1}"], {})
        facts = record(out / "notebooks-export/r8-vs-r64-seed0-vs-r64-seed1", "subspace-overlap")
        rows[f"{layers} layers, d = {d}"] = {
            key: round(run[key], 3) for key in ("cpu_s", "wall_s", "peak_mb")
        } | {"reading_share": round(facts["seconds_reading"] / run["cpu_s"], 4),
             "layers": layers, "d": d}
        print(f"  {layers} layers, d = {d}: {run['wall_s']:.1f} s, {run['peak_mb']:.0f} MB")
    plot(rows.values())
    return rows


def plot(rows):
    figure, _ = pictures()
    figure.set_size_inches(7, 2.6)
    left, right = figure.subplots(1, 2)
    for axes, x, kept, label in ((left, "layers", [r for r in rows if r["d"] == 12288], "layers at d = 12288"),
                                 (right, "d", [r for r in rows if r["layers"] == 24], "d at 24 layers")):
        kept.sort(key=lambda row: row[x])
        axes.plot([r[x] for r in kept], [r["wall_s"] for r in kept], "o-", color="#611f53")
        axes.set(xticks=[r[x] for r in kept], xlabel=label, ylabel="seconds on two cores", xlim=0, ylim=0)
    figure.savefig(ROOT / "docs/performance-w3.svg", metadata={"Date": None})


def base12288(_, out):
    folder = workloads.make(DATA, "base12288")
    run = once(ours("regenerate", folder / "study.toml", threads=2, out=out), {})
    facts = record(out / "notebooks-export/base12288", "regenerate")
    del run["said"]
    return {key: round(value, 2) for key, value in run.items()} | {
        "certificates": facts["run"]["certificates"]}


def page_tables(results):
    """Markdown for every block of the page."""
    def spread(values, digits):
        low, middle, high = min(values), statistics.median(values), max(values)
        return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"

    blocks = {}
    for name in ("w1", "base4096", "table7"):
        lines = ["| | CPU-s, median (range) | peak MB | CPU against ours |", "|---|---|---|---|"]
        contestants = {n: r for n, r in results.get(name, {}).items() if "cpu_s" in r}
        for contestant, runs in contestants.items():
            mine = statistics.median(contestants["this program"]["cpu_s"])
            ratio = statistics.median(runs["cpu_s"]) / mine
            lines.append(f"| {contestant} | {spread(runs['cpu_s'], 2)} | "
                         f"{statistics.median(runs['peak_mb']):.0f} | {ratio:.2f}× |")
        if name == "table7" and contestants:
            inside = float(contestants["3 f32 GEMMs of 4096² (NumPy)"]["said"])
            cost = 3 * statistics.median(contestants["this program"]["cpu_s"]) / inside
            lines.append(f"\nThe three products alone take {inside:.2f} CPU-s: table 7 costs {cost:.1f} of them.")
        if name == "base4096" and "values" in results.get(name, {}):
            seen, sure = results[name]["values"], results[name]["certificates"][0]
            lines.append(f"\nAgainst a float64 SVD: φ within {seen['overlap']:.1e}, norms within "
                         f"{seen['projected_norm']:.1e} relative. Certificate: {sure['directions']} directions, "
                         f"sin θ ≤ {sure['sin_theta_bound']:.1e}, {sure['proof']} ({sure['method']}).")
        blocks[name] = "\n".join(lines)
    if runs := results.get("second"):
        lines = ["| | modules | CPU-s | CPU-s a module | peak MB |", "|---|--:|--:|--:|--:|"]
        lines += [f"| {name} | {run['modules']:.0f} | {run['cpu_s']:.1f} | {run['cpu_s'] / run['modules']:.2f} | "
                  f"{run['peak_mb']:.0f} |" for name, run in runs.items() if name != "cache_mb"]
        first, later = [run["cpu_s"] for name, run in runs.items() if "adapter" in name]
        lines.append(f"\nThe second adapter takes {first / later:.1f} times less CPU than the first. "
                     f"The cache has {runs['cache_mb']} MB.")
        blocks["second"] = "\n".join(lines)
    lines = ["| N | CPU-s a module | NumPy's | CPU-s of 64 modules | seconds on two threads | peak MB of 4 and 16 modules |",
             "|--:|--:|--:|--:|--:|--:|"]
    lines += [f"| {count} | {row['cpu_module']:.2f} | {row['numpy_module']:.2f} | {row['cpu_64']:.0f} | "
              f"{row['wall_64']:.0f} | {row['peak_mb'][0]} and {row['peak_mb'][1]} |"
              for count, row in results.get("many", {}).items()]
    blocks["many"] = "\n".join(lines)
    lines = ["| | wall s | CPU-s | peak MB | reading |", "|---|---|---|---|---|"]
    for name, row in results.get("w3", {}).items():
        lines.append(f"| {name} | {row['wall_s']:.1f} | {row['cpu_s']:.1f} | {row['peak_mb']:.0f} | "
                     f"{100 * row['reading_share']:.0f} % |")
    blocks["w3"] = "\n".join(lines)
    if large := results.get("base12288"):
        sure = large["certificates"][0]
        blocks["base12288"] = (f"{large['wall_s']:.0f} s wall, {large['cpu_s']:.0f} CPU-s, "
                               f"{large['peak_mb'] / 1000:.1f} GB; {sure['directions']} directions, "
                               f"sin θ ≤ {sure['sin_theta_bound']:.1e}, {sure['proof']} ({sure['method']}).")
    blocks["machine"] = f"{results['machine']}, {results['date']}; {results['versions']}."
    return blocks


def splice(results):
    text = PAGE.read_text()
    for name, table in page_tables(results).items():
        mark = f"<!-- table: {name} -->"
        text = re.sub(f"{mark}.*?<!-- end -->", lambda _: f"{mark}\n{table}\n<!-- end -->", text, flags=re.S)
    return text


def versions():
    from importlib.metadata import version
    names = ("numpy", "torch", "gradience")
    return ", ".join(f"{name} {version(name)}" for name in names)


def cpu():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((l.split(":", 1)[1].strip() for l in lines if l.startswith("model name")), platform.machine())


def main():
    flags = argparse.ArgumentParser()
    every = ("w1", "base4096", "table7", "second", "many", "w3", "base12288")
    flags.add_argument("--only", default=",".join(every))
    flags.add_argument("--rounds", type=int, default=5)
    flags.add_argument("--check", action="store_true")
    chosen = flags.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if chosen.check:
        sys.exit(0 if splice(results) == PAGE.read_text() else "docs/performance.md is not what results.json says")
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    for name in chosen.only.split(","):
        print(name, flush=True)
        with tempfile.TemporaryDirectory() as out:
            results[name] = globals()[name](chosen.rounds, Path(out))
        results |= {"machine": f"{cpu()}, {os.cpu_count()} cores", "date": time.strftime("%Y-%m-%d"),
                    "versions": versions()}
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        PAGE.write_text(splice(results))


if __name__ == "__main__":
    main()
