"""The workloads of docs/performance.md, made from seeds with NumPy and SciPy alone.

    python workloads.py FOLDER NAME…      NAME: w1, base4096, bases4096, many, w3, base12288

Adapters are PEFT folders; A is as PEFT initialises it, with one direction that ranks and seeds
share, and B is small. Bases hold one W = D₁·C·D₂·C·diag(σ)·C·D₃·C·D₄ (D random signs, C the
orthonormal cosine transform), so that its spectrum is exact: σ_l = l^-0.5.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
from scipy.fft import dct

RANKS = (4, 8, 64)


def bf16(x):
    """Rounds to nearest even, as torch does."""
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def f16(x):
    return x.astype(np.float16)


def write(path, dtype, width, tensors):
    """A safetensors file, tensor by tensor; `tensors` are (name, shape, function that makes it)."""
    header, end = {}, 0
    for name, shape, _ in tensors:
        start, end = end, end + width * int(np.prod(shape))
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, make in tensors:
            file.write(make().tobytes())


def adapter(folder, d, rank, layers, projections, seed, half=False):
    """A PEFT folder, in f16 or bf16."""
    learned = np.random.default_rng(seed)

    def factor_a(shared):
        common = np.random.default_rng(shared).standard_normal((1, d), dtype=np.float32)
        own = learned.uniform(-1, 1, (rank, d)).astype(np.float32)
        weights = learned.standard_normal((rank, 1), dtype=np.float32)
        return (own + 0.5 * weights * common) / np.float32(np.sqrt(d))

    def factor_b():
        return np.float32(0.01) * learned.standard_normal((d, rank), dtype=np.float32)

    convert = f16 if half else bf16
    tensors = []
    for layer in range(layers):
        for place, projection in enumerate(projections):
            stem = f"base_model.model.model.layers.{layer}.self_attn.{projection}.lora_"
            shared = 1000 * layer + place
            tensors.append((stem + "A.weight", (rank, d), lambda s=shared: convert(factor_a(s))))
            tensors.append((stem + "B.weight", (d, rank), lambda: convert(factor_b())))
    write(folder / "adapter_model.safetensors", "F16" if half else "BF16", 2, tensors)
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 16, "target_modules": list(projections)}
    (folder / "adapter_config.json").write_text(json.dumps(config))


def power_law(d, seed):
    """W of d × d in f32 with σ_l = l^-0.5, exact up to rounding to f32."""
    signs = np.random.default_rng(seed).choice(np.array([-1.0, 1.0], np.float32), (4, d))
    w = np.diag(np.arange(1, d + 1, dtype=np.float32) ** np.float32(-0.5))
    for axis, (inner, outer) in ((1, signs[:2]), (0, signs[2:])):
        for sign in (inner, outer):
            w = dct(w, axis=axis, norm="ortho", overwrite_x=True)
            w *= sign if axis == 1 else sign[:, None]
    return w


def base(folder, d, ranks=RANKS):
    name = "model.layers.0.self_attn.q_proj.weight"
    write(folder / "base/model.safetensors", "F32", 4, [(name, (d, d), lambda: power_law(d, 7))])
    for rank in ranks:
        adapter(folder / f"r{rank}", d, rank, 1, ["q_proj"], seed=rank)
    study = [f'name = "base{d}"', 'base = "base"']
    study += [f'[[adapter]]\nname = "r{rank}"\npath = "r{rank}"' for rank in ranks]
    names = json.dumps([f"r{rank}" for rank in ranks])
    study += [f"[compare]\nbase = {names}", f"[amplification]\nadapters = {names}"]
    (folder / "study.toml").write_text("\n".join(study) + "\n")


def w1(folder, d=4096, layers=32):
    for rank in (8, 64):
        adapter(folder / f"r{rank}", d, rank, layers, ["q_proj", "v_proj"], seed=rank)


def bases4096(folder, d=4096, layers=32, projections=("q_proj", "v_proj")):
    """A model's q and v in bf16, and two adapters of them that differ in the seed."""
    tensors = [(f"model.layers.{layer}.self_attn.{projection}.weight", (d, d),
                lambda seed=100 * layer + place: bf16(power_law(d, seed)))
               for layer in range(layers) for place, projection in enumerate(projections)]
    write(folder / "base/model.safetensors", "BF16", 2, tensors)
    for seed in (0, 1):
        adapter(folder / f"r64-seed{seed}", d, 64, layers, projections, seed)


def many(folder, d=4096, layers=8, adapters=200):
    for number in range(adapters):
        adapter(folder / f"a{number:03}", d, 8, layers, ["q_proj", "v_proj"], seed=number)


def w3(folder, d=12288, layers=96):
    for name, rank, seed in (("r8", 8, 1), ("r64-seed0", 64, 2), ("r64-seed1", 64, 3)):
        adapter(folder / name, d, rank, layers, ["q_proj", "v_proj"], seed, half=True)


MAKERS = {
    "w1": w1,
    "base4096": lambda folder: base(folder, 4096),
    "bases4096": bases4096,
    "many": many,
    "w3": w3,
    "w3-6144": lambda folder: w3(folder, 6144, 24),
    "w3-3072": lambda folder: w3(folder, 3072, 24),
    "base12288": lambda folder: base(folder, 12288),
}


def make(root, name):
    """Makes a workload where it is missing; gives its folder."""
    folder = Path(root) / name
    done = folder / "done"
    if not done.exists():
        MAKERS[name](folder)
        done.touch()
    return folder


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        print(make(sys.argv[1], wanted))
