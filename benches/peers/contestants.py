"""One contestant's work in a fresh process: contestants.py NAME ARGUMENT…"""

import json
import sys
import time
from pathlib import Path

import numpy as np


def tensors(path):
    """Named arrays of a safetensors file in f32, one at a time."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            file.seek(8 + size + start)
            data = file.read(end - start)
            if entry["dtype"] == "BF16":
                array = (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
            else:
                array = np.frombuffer(data, {"F16": np.float16, "F32": np.float32}[entry["dtype"]])
            yield name, array.reshape(entry["shape"])


def grid(u, v):
    sums = np.cumsum(np.cumsum((u.T @ v) ** 2, axis=0), axis=1)
    i, j = np.ogrid[1 : sums.shape[0] + 1, 1 : sums.shape[1] + 1]
    return sums / np.minimum(i, j)


def numpy_overlap(first, second):
    """φ on A's right vectors and ΔW's σ, in f64: QR of both factors, an SVD of each small core."""

    def modules(folder):
        half = {}
        for name, array in tensors(Path(folder) / "adapter_model.safetensors"):
            stem, factor = name.rsplit(".lora_", 1)
            half.setdefault(stem, {})[factor[0]] = array.astype(np.float64)
            if len(half[stem]) == 2:
                yield half.pop(stem)

    def directions(factors):
        q2, r2 = np.linalg.qr(factors["A"].T)
        r1 = np.linalg.qr(factors["B"], mode="r")
        np.linalg.svd(r1 @ r2.T, compute_uv=False)
        return q2 @ np.linalg.svd(r2)[0]

    for one, other in zip(modules(first), modules(second)):
        grid(directions(one), directions(other))


def qrs(folder, rank):
    """Q and R of B and of Aᵀ, in f64, of an adapter of one module."""
    path = folder / f"r{rank}/adapter_model.safetensors"
    factors = {name.rsplit(".lora_", 1)[1][0]: array.astype(np.float64) for name, array in tensors(path)}
    return *np.linalg.qr(factors["B"]), *np.linalg.qr(factors["A"].T)


def numpy_base(folder):
    """Full SVD of W, figure 8's grids and table 7 with 20 random draws."""
    folder = Path(folder)
    (_, w), = tensors(folder / "base/model.safetensors")
    u, sigma, vt = np.linalg.svd(w, full_matrices=False)
    d, random = len(w), np.random.default_rng(0)
    for rank in (4, 8, 64):
        q1, r1, q2, r2 = qrs(folder, rank)
        x, _, yt = np.linalg.svd(r1 @ r2.T)
        np.linalg.norm((q1 @ x).T @ w @ (q2 @ yt.T))
        grid(vt[: -(-d // 10)].T, (q2 @ np.linalg.svd(r2)[0])[:, :4])
    for _ in range(20):
        left, right = (np.linalg.qr(random.standard_normal((d, 64)))[0] for _ in range(2))
        np.linalg.norm(left.T @ w @ right)


def numpy_table7(folder, count):
    """Full SVDs of the first W of a base, and the first adapter's table 7 with 20 random draws of each."""
    folder, random = Path(folder), np.random.default_rng(0)
    factors = dict(tensors(folder / "r64-seed0/adapter_model.safetensors"))
    for (name, w), _ in zip(tensors(folder / "base/model.safetensors"), range(int(count))):
        np.linalg.svd(w, full_matrices=False)
        stem = "base_model.model." + name.removesuffix("weight") + "lora_"
        q1, r1 = np.linalg.qr(factors[stem + "B.weight"].astype(np.float64))
        q2, r2 = np.linalg.qr(factors[stem + "A.weight"].astype(np.float64).T)
        x, _, yt = np.linalg.svd(r1 @ r2.T)
        np.linalg.norm((q1 @ x).T @ w @ (q2 @ yt.T))
        for _ in range(20):
            left, right = (np.linalg.qr(random.standard_normal((len(w), 64)))[0] for _ in range(2))
            np.linalg.norm(left.T @ w @ right)


def numpy_many(folder, adapters, layers):
    """The Gram matrix of all leading directions of each module and side, and its eigenvalues, in f64."""
    modules = {}
    for number in range(int(adapters)):
        for name, array in tensors(Path(folder) / f"a{number:03}/adapter_model.safetensors"):
            stem, factor = name.rsplit(".lora_", 1)
            if int(stem.split(".")[4]) < int(layers):
                modules.setdefault(stem, {}).setdefault(number, {})[factor[0]] = array
    for stem in modules:
        frames = []
        for factors in modules[stem].values():
            q1, r1 = np.linalg.qr(factors["B"].astype(np.float64))
            q2, r2 = np.linalg.qr(factors["A"].astype(np.float64).T)
            x, _, yt = np.linalg.svd(r1 @ r2.T)
            frames.append((q1 @ x, q2 @ yt.T))
        for side in (0, 1):
            stacked = np.hstack([both[side] for both in frames])
            np.linalg.eigvalsh(stacked.T @ stacked)


def gemms(side, count):
    """CPU seconds of so many f32 products, printed."""
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((int(side), int(side)), np.float32) for _ in range(2))
    a[:64] @ b
    start = time.process_time()
    for _ in range(int(count)):
        a @ b
    print(time.process_time() - start)


def values(folder, tables):
    """Largest |Δφ| and relative Δ of projected norms against a float64 SVD of W, printed."""
    import csv

    folder, tables = Path(folder), Path(tables)
    (_, w), = tensors(folder / "base/model.safetensors")
    w = w.astype(np.float64)
    _, sigma, vt = np.linalg.svd(w, full_matrices=False)
    right, norms = {}, {}
    for rank in (4, 8, 64):
        q1, r1, q2, r2 = qrs(folder, rank)
        x, _, yt = np.linalg.svd(r1 @ r2.T)
        right[f"r{rank}"] = grid(vt[: -(-len(w) // 10)].T, (q2 @ np.linalg.svd(r2)[0])[:, :4])
        norms[f"r{rank}", "delta"] = np.linalg.norm((q1 @ x).T @ w @ (q2 @ yt.T))
        norms[f"r{rank}", "base"] = np.sqrt((sigma[:rank] ** 2).sum())
    phi = max(abs(float(row["overlap"]) - right[row["second"]][int(row["i"]) - 1, int(row["j"]) - 1])
              for row in csv.DictReader(open(tables / "overlap.csv"))
              if row["first"] == "base" and row["second"] in right)
    norm = max(abs(float(row["projected_norm"]) / norms[row["adapter"], row["directions"]] - 1)
               for row in csv.DictReader(open(tables / "amplification.csv"))
               if row["directions"] != "random")
    print(json.dumps({"overlap": phi, "projected_norm": norm}))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
