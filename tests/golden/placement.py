"""How much of ΔW lies in W's leading directions: experiments/minilm-sst2 in plain float64 NumPy.

Dense ΔW, full SVDs, one norm a share. Needs NumPy alone. Writes placement.json beside itself:
adapter → module → k → [out, in, both].
"""

import json
import os
from pathlib import Path

# One BLAS thread: the same bytes from every run on one machine.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

HERE = Path(__file__).resolve().parent
STUDY = HERE.parents[1] / "experiments" / "minilm-sst2"
ADAPTERS = ["r4-seed0", "r8-seed0", "r64-seed0"]
KS = [1, 2, 4, 8, 16, 20, 32, 39, 64, 128, 256]


def tensors(path: Path) -> dict[str, np.ndarray]:
    """A safetensors file: the length of a JSON header, the header, and the numbers."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    types = {"F32": "<f4", "F16": "<f2"}
    found = {}
    for name, about in json.loads(data[8:end]).items():
        if name != "__metadata__" and about["dtype"] in types:
            start, stop = (end + offset for offset in about["data_offsets"])
            array = np.frombuffer(data[start:stop], types[about["dtype"]]).reshape(about["shape"])
            found[name] = array.astype(np.float64)
    return found


def updates(name: str) -> dict[str, np.ndarray]:
    """module → ΔW."""
    folder = STUDY / "adapters" / name
    config = json.loads((folder / "adapter_config.json").read_text())
    scale = config["lora_alpha"] / config["r"]
    factors = tensors(folder / "adapter_model.safetensors")
    modules = {}
    for key, a in factors.items():
        if key.endswith(".lora_A.weight"):
            module = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            modules[module] = scale * (factors[key.replace("lora_A", "lora_B")] @ a)
    return modules


def shares(u: np.ndarray, v: np.ndarray, delta: np.ndarray) -> list[float]:
    """Squared norms of ΔW's projections, dense, over its own."""
    whole = np.linalg.norm(delta, "fro") ** 2
    parts = [u @ (u.T @ delta), (delta @ v) @ v.T, u @ (u.T @ delta @ v) @ v.T]
    return [np.linalg.norm(part, "fro") ** 2 / whole for part in parts]


def main() -> None:
    base = tensors(STUDY / "base" / "model.safetensors")
    found = {}
    for name in ADAPTERS:
        found[name] = {}
        for module, delta in sorted(updates(name).items()):
            u, _, vt = np.linalg.svd(base[module.removeprefix("bert.") + ".weight"])
            found[name][module] = {str(k): shares(u[:, :k], vt.T[:, :k], delta) for k in KS}
    (HERE / "placement.json").write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
