"""Reference values of the study in experiments/smollm2-sst2, in plain float64 NumPy and SciPy.

Of every pair φ(k,k), of W against adapters every cell, and of table 7 the rows of ΔW and W. Dense ΔW
and full SVDs, by the functions of study.py. bf16 is read by hand, as NumPy does not have it. Writes
smollm2-sst2.npz beside itself.
"""

import itertools
import json

import study
from study import HERE, np, overlap, svd

from safetensors.numpy import load_file

STUDY = HERE.parents[1] / "experiments" / "smollm2-sst2"
FULL, DIRECTIONS = "full-seed0", 64
RANKS = {8: ["r8-seed0", "r8-seed1", "r8-seed2"], 64: ["r64-seed0", "r64-seed1", "r64-seed2"]}
AGAINST_BASE = ["r4-seed0", "r8-seed0", "r64-seed0", FULL]
seed = lambda name: name.rpartition("seed")[2]
PAIRS = [(one, other) for one in RANKS[8] for other in RANKS[64] if seed(one) != seed(other)]
PAIRS += [pair for runs in RANKS.values() for pair in itertools.combinations(runs, 2)]
PAIRS += [("r8-seed1", FULL), ("r64-seed1", FULL)]


def read_bf16(path):
    """Tensors of a safetensors file in bf16: the upper halves of f32."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "BF16"
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            halves = np.frombuffer(data[start:end], "<u2").astype(np.uint32) << 16
            tensors[name] = halves.view(np.float32).astype(np.float64).reshape(entry["shape"])
    return tensors


def main():
    study.STUDY = STUDY
    base = read_bf16(STUDY / "base" / "model.safetensors")
    names = ["r4-seed0", *RANKS[8], *RANKS[64]]
    adapters = {name: study.read_adapter(name) for name in names}
    full = load_file(STUDY / "adapters" / FULL / "lycoris.safetensors")
    out = {}
    for module in sorted(adapters["r4-seed0"]):
        w = base[module + ".weight"]
        u_w, sigma_w, v_w = svd(w)
        directions, deltas = {"a": {}, "delta-left": {}}, {}
        for name in names:
            a, b, scale = adapters[name][module]
            deltas[name] = delta = scale * (b @ a)
            u, _, v = svd(delta)
            directions["a"][name], directions["delta-left"][name] = svd(a)[2], u[:, : len(a)]
            out[f"delta__{module}__{name}"] = row(w, sigma_w, delta, u, v, len(a))
        delta = full["lycoris_" + module.replace(".", "_") + ".diff"].astype(np.float64)
        u, _, v = svd(delta)
        directions["delta-left"][FULL] = u[:, :DIRECTIONS]
        out[f"delta__{module}__{FULL}"] = row(w, sigma_w, delta, u, v, DIRECTIONS)
        for basis, of in directions.items():
            for one, other in PAIRS:
                if one in of and other in of:
                    out[f"{module}__{basis}__{one}__{other}"] = np.diag(overlap(of[one], of[other]))
            own = (u_w if basis == "delta-left" else v_w)
            tenth = -(-(w.shape[0] if basis == "delta-left" else w.shape[1]) // 10)
            for name in AGAINST_BASE:
                if name in of:
                    out[f"{module}__{basis}__base__{name}"] = overlap(own[:, :tenth], of[name][:, :4])
    np.savez_compressed(HERE / "smollm2-sst2.npz", **out)


def row(w, sigma_w, delta, u, v, r):
    """‖UᵀWV‖ for directions of ΔW and of W, ‖ΔW‖ and ‖W‖."""
    of_delta = np.linalg.norm(u[:, :r].T @ w @ v[:, :r], "fro")
    of_base = np.sqrt(np.sum(sigma_w[:r] ** 2))
    return np.array([of_delta, of_base, np.linalg.norm(delta, "fro"), np.linalg.norm(w, "fro")])


if __name__ == "__main__":
    main()
