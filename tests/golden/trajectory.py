"""A small run of four checkpoints, and its course in plain float64 NumPy.

Dense ΔW, full SVDs, one norm a number. Needs NumPy alone. Writes trajectory/ beside itself: PEFT folders
checkpoint-0 (untrained), -10, -20 and -40, and expected.json: step → module → norm, stable rank, and of
each basis φ(k,k) with the last, the previous and the start.
"""

import json
import os
from pathlib import Path

# One BLAS thread: the same bytes from every run on one machine.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

HERE = Path(__file__).resolve().parent / "trajectory"
SHAPES = {"h.0.q_proj": (24, 30), "h.0.up_proj": (40, 26)}
STEPS = [0, 10, 20, 40]
RANK, ALPHA, MOST = 18, 36, 16


def save(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """A safetensors file: the length of a JSON header, the header, and the numbers."""
    header, data = {}, b""
    for name, array in sorted(tensors.items()):
        start, data = len(data), data + array.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def run() -> dict[int, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """step → module → (B, A) as float32 has them: a run that turns less and less."""
    random = np.random.default_rng(0)
    factors = {}
    for module, (d_out, d_in) in SHAPES.items():
        fall = 1.25 ** -np.arange(RANK)
        a = random.standard_normal((RANK, d_in)) / np.sqrt(d_in)
        b = np.zeros((d_out, RANK))
        goal = random.standard_normal((d_out, RANK)) * fall
        for step in STEPS:
            if step > 0:
                size = 4.0 / step
                a = a + 1.5 * size * random.standard_normal(a.shape) / np.sqrt(d_in)
                b = b + (step / 40) * goal + 0.3 * size * fall * random.standard_normal(b.shape)
            factors.setdefault(step, {})[module] = tuple(
                matrix.astype(np.float32).astype(np.float64) for matrix in (b, a)
            )
    return factors


def phi(one: np.ndarray, other: np.ndarray) -> float:
    """φ(k,k) of two frames of k columns."""
    return float(np.linalg.norm(one.T @ other, "fro") ** 2 / one.shape[1])


def main() -> None:
    factors, expected = run(), {"numpy": np.__version__, "steps": {}}
    scale = ALPHA / RANK
    for step, modules in factors.items():
        folder = HERE / f"checkpoint-{step}"
        folder.mkdir(parents=True, exist_ok=True)
        config = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "base_model_name_or_path": "made"}
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=1) + "\n")
        names = lambda module, factor: f"base_model.model.{module}.lora_{factor}.weight"
        save(
            folder / "adapter_model.safetensors",
            {names(module, factor): matrix for module, both in modules.items() for factor, matrix in zip("BA", both)},
        )
    for module in SHAPES:
        frames = {}
        for step in STEPS:
            b, a = factors[step][module]
            u, sigma, vt = np.linalg.svd(scale * b @ a)
            frames[step] = {
                "a": np.linalg.svd(a)[2].T[:, :RANK],
                "delta-right": vt.T[:, :MOST],
                "delta-left": u[:, :MOST],
            }
            energy = float(np.sum(sigma**2))
            expected["steps"].setdefault(str(step), {})[module] = {
                "norm": float(np.sqrt(energy)),
                "stable_rank": energy / float(sigma[0] ** 2) if step > 0 else None,
            }
        for before, step in zip([None, *STEPS], STEPS):
            found = expected["steps"][str(step)][module]
            for basis, own in frames[step].items():
                near = lambda other: None if step == 0 or other in (None, 0) else phi(own, frames[other][basis])
                start = phi(own, frames[0][basis]) if basis == "a" and step > 0 else None
                found[basis] = {"last": near(STEPS[-1]), "previous": near(before), "start": start}
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
