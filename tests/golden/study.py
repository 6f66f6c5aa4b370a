"""Reference values of the study in experiments/minilm-sst2, in plain float64 NumPy and SciPy.

Slow on purpose: dense ΔW, full SVDs (LAPACK's gesvd), one norm a cell. Nothing here is shared
with the Rust code, so that an error would have to be made twice. Writes minilm-sst2.npz beside
itself; README.md lists its arrays.
"""

import hashlib
import json
import os
from pathlib import Path

# One BLAS thread: the same bytes from every run on one machine.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import scipy.linalg
from safetensors.numpy import load_file

HERE = Path(__file__).resolve().parent
STUDY = HERE.parents[1] / "experiments" / "minilm-sst2"
SEED, DRAWS = 0, 20
ADAPTERS = ["r4-seed0", "r8-seed0", "r64-seed0", "r64-seed1", "r8-seed1"]
AMPLIFIED = ["r4-seed0", "r8-seed0", "r64-seed0"]
BASES = ["a", "b", "delta-right", "delta-left"]
COMPARISONS = [
    ("r8-seed0", "r64-seed1"),
    ("r64-seed0", "r64-seed1"),
    ("r8-seed0", "r64-seed0"),
    ("base", "r4-seed0"),
    ("base", "r8-seed0"),
    ("base", "r64-seed0"),
    ("base", "random"),
    ("random", "r64-seed1"),
]
AMPLIFICATION_COLUMNS = [
    "projected_norm_delta", "projected_norm_base", "projected_norm_random", "projected_norm_sd_random",
    "base_norm", "delta_norm", "amplification_delta", "amplification_random", "chance_projected_norm",
]
RANKS_COLUMNS = [
    "numerical_rank", "stable_rank", "effective_rank", "energy_rank_90", "frobenius_norm", "spectral_norm",
]


# ---------------------------------------------------------------- seeded random directions


def pcg64(key: str) -> np.random.PCG64:
    """PCG64 (XSL-RR 128/64) seeded by a text.

    SHA-256 of the text in UTF-8: the first 16 bytes are the state and the last 16 the stream, both
    little-endian. Seeded as `rand_pcg::Lcg128Xsl64::new(state, stream)` does: the increment is
    (stream << 1) | 1, then state + increment, then one step. Each output steps first.
    """
    digest = hashlib.sha256(key.encode()).digest()
    state, stream = int.from_bytes(digest[:16], "little"), int.from_bytes(digest[16:], "little")
    inc = ((stream << 1) | 1) % 2**128
    state = ((state + inc) * 0x2360ED051FC65DA44385DF649FCCF645 + inc) % 2**128
    generator = np.random.PCG64()
    generator.state = {
        "bit_generator": "PCG64", "state": {"state": state, "inc": inc}, "has_uint32": 0, "uinteger": 0,
    }
    return generator


def uniforms(key: str, n: int) -> np.ndarray:
    """((raw >> 11) + 0.5)·2⁻⁵³ in float64, where the sum rounds to even: never 0, and 1 with chance 2⁻⁵⁴."""
    return ((pcg64(key).random_raw(n) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def gaussians(key: str, n: int) -> np.ndarray:
    """Box–Muller: each two uniforms in turn give √(−2 ln u1)·cos(2π u2), then the sine of it."""
    u = uniforms(key, n + n % 2).reshape(-1, 2)
    radius, angle = np.sqrt(-2.0 * np.log(u[:, 0])), 2.0 * np.pi * u[:, 1]
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]).ravel()[:n]


def haar(d: int, k: int, key: str) -> np.ndarray:
    """A Haar-random orthonormal d × k matrix, the same for the same text.

    Thin QR of a d × k Gaussian matrix that is filled column by column, with the diagonal of R made
    positive. So the leading columns do not depend on k.
    """
    q, r = scipy.linalg.qr(gaussians(key, d * k).reshape((d, k), order="F"), mode="economic")
    return q * np.sign(np.diag(r))


# ---------------------------------------------------------------- the study's matrices


def read_adapter(name: str) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """module → (A, B, scale) in float64."""
    folder = STUDY / "adapters" / name
    config = json.loads((folder / "adapter_config.json").read_text())
    assert not config["use_rslora"] and not config["rank_pattern"] and not config["alpha_pattern"]
    tensors = load_file(folder / "adapter_model.safetensors")
    modules = {}
    for key in sorted(tensors):
        if key.endswith(".lora_A.weight"):
            module = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            a = tensors[key].astype(np.float64)
            b = tensors[key.replace("lora_A", "lora_B")].astype(np.float64)
            modules[module] = (a, b, config["lora_alpha"] / len(a))
    return modules


def svd(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """U, σ, V with V one direction a column (never Vᵀ)."""
    u, sigma, vt = scipy.linalg.svd(matrix, full_matrices=False, lapack_driver="gesvd")
    return u, sigma, vt.T


def numerical_rank(sigma: np.ndarray, shape: tuple[int, int]) -> int:
    return int(np.sum(sigma > max(shape) * np.finfo(np.float64).eps * sigma[0]))


# ---------------------------------------------------------------- the measures


def overlap(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """φ(i,j) = ‖U_iᵀV_j‖²_F / min(i,j) for every i and j."""
    phi = np.empty((u.shape[1], v.shape[1]))
    for i in range(1, u.shape[1] + 1):
        for j in range(1, v.shape[1] + 1):
            phi[i - 1, j - 1] = np.linalg.norm(u[:, :i].T @ v[:, :j], "fro") ** 2 / min(i, j)
    return phi


def z_scores(phi: np.ndarray, d: int) -> np.ndarray:
    """‖U_iᵀV_j‖²_F in standard deviations from its mean under random subspaces of R^d."""
    i, j = np.arange(1.0, phi.shape[0] + 1)[:, None], np.arange(1.0, phi.shape[1] + 1)[None, :]
    variance = 2 * i * j * (d - i) * (d - j) / (d**2 * (d - 1) * (d + 2))
    z = (phi * np.minimum(i, j) - i * j / d) / np.sqrt(np.where(variance > 0, variance, 1.0))
    return np.where(variance > 0, z, np.nan)


def ranks(matrix: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """RANKS_COLUMNS of one matrix."""
    p = sigma / sigma.sum()
    energy = np.cumsum(sigma**2) / np.sum(sigma**2)
    return np.array([
        numerical_rank(sigma, matrix.shape),
        np.linalg.norm(matrix, "fro") ** 2 / np.linalg.norm(matrix, 2) ** 2,
        np.exp(-np.sum(p * np.log(p))),
        1 + np.argmax(energy >= 0.9),
        np.linalg.norm(matrix, "fro"),
        np.linalg.norm(matrix, 2),
    ])


def amplification(w: np.ndarray, w_svd, delta: np.ndarray, delta_svd, r: int, module: str) -> np.ndarray:
    """AMPLIFICATION_COLUMNS of one module and adapter."""
    d_out, d_in = w.shape
    projected = lambda u, v: np.linalg.norm(u[:, :r].T @ w @ v[:, :r], "fro")
    of_delta, of_base = projected(delta_svd[0], delta_svd[2]), projected(w_svd[0], w_svd[2])
    draws = np.array([
        projected(haar(d_out, r, f"{SEED}/{module}/draw{n}/left"), haar(d_in, r, f"{SEED}/{module}/draw{n}/right"))
        for n in range(DRAWS)
    ])
    base_norm, delta_norm = np.linalg.norm(w, "fro"), np.linalg.norm(delta, "fro")
    chance = base_norm * r / np.sqrt(d_out * d_in)
    return np.array([
        of_delta, of_base, np.sqrt(np.mean(draws**2)), np.std(draws, ddof=1),
        base_norm, delta_norm, delta_norm / of_delta, delta_norm / chance, chance,
    ])


# ---------------------------------------------------------------- all of it


def main() -> None:
    base = load_file(STUDY / "base" / "model.safetensors")
    adapters = {name: read_adapter(name) for name in ADAPTERS}
    modules = sorted(adapters["r8-seed0"])
    out = {f"columns__amplification__{c}": np.array([float(n)]) for n, c in enumerate(AMPLIFICATION_COLUMNS)}
    out |= {f"columns__ranks__{c}": np.array([float(n)]) for n, c in enumerate(RANKS_COLUMNS)}
    out["check__uniforms"] = uniforms("0/check", 8)
    out["check__gaussians"] = gaussians("0/check", 7)
    out["check__haar"] = haar(5, 3, "0/check")

    for module in modules:
        w = base[module.removeprefix("bert.") + ".weight"].astype(np.float64)
        d_out, d_in = w.shape
        w_svd = svd(w)
        out[f"sigma__{module}__base"] = w_svd[1]
        out[f"ranks__{module}__base"] = ranks(w, w_svd[1])

        delta, delta_svd, directions = {}, {}, {}
        for name in ADAPTERS:
            a, b, scale = adapters[name][module]
            r = len(a)
            delta[name] = scale * (b @ a)
            delta_svd[name] = u, sigma, v = svd(delta[name])
            assert numerical_rank(sigma, w.shape) == r, "a cell beyond the numerical rank has no value"
            directions[name] = {"a": svd(a)[2], "b": svd(b)[0], "delta-right": v[:, :r], "delta-left": u[:, :r]}
            out[f"sigma__{module}__{name}"] = sigma[:r]
            out[f"ranks__{module}__{name}"] = ranks(delta[name], sigma[:r])

        for name in AMPLIFIED:
            r = len(adapters[name][module][0])
            out[f"amplification__{module}__{name}"] = amplification(w, w_svd, delta[name], delta_svd[name], r, module)

        for basis in BASES:
            right = basis in ("a", "delta-right")
            side, d = ("right", d_in) if right else ("left", d_out)
            for first, second in COMPARISONS:
                u = directions.get(first, {}).get(basis)
                v = directions.get(second, {}).get(basis)
                if first == "base":
                    u = (w_svd[2] if right else w_svd[0])[:, : -(-d // 10)]
                    v = v[:, :4] if second != "random" else haar(d, 4, f"{SEED}/{module}/second/{side}")
                elif first == "random":
                    u = haar(d, v.shape[1], f"{SEED}/{module}/first/{side}")
                phi = overlap(u, v)
                out[f"{module}__{basis}__{first}__{second}"] = phi
                if basis == "a" and (first, second) in COMPARISONS[:2]:
                    out[f"z__{module}__a__{first}__{second}"] = z_scores(phi, d)

        a_r8, a_r64 = directions["r8-seed0"]["a"], directions["r64-seed1"]["a"][:, :8]
        out[f"angles__{module}"] = np.sort(scipy.linalg.subspace_angles(a_r8, a_r64))

    np.savez(HERE / "minilm-sst2.npz", **{key: np.ascontiguousarray(value) for key, value in out.items()})
    headlines(out, modules)


def headlines(out: dict[str, np.ndarray], modules: list[str]) -> None:
    phi = lambda n, p, basis="a": out[f"bert.encoder.layer.{n}.attention.self.{p}__{basis}__r64-seed0__r64-seed1"]
    print(f"{len(out)} arrays, {sum(v.nbytes for v in out.values()):,} bytes")
    print("φ(1,1) between seeds, r = 64, basis a: " + ", ".join(
        f"layer {n} {p} {phi(n, p)[0, 0]:.4f}" for n, p in [(3, "value"), (5, "value"), (5, "query")]))
    last = [out[f"{m}__a__r64-seed0__r64-seed1"][63, 63] for m in modules]
    print(f"φ(64,64) between seeds: {min(last):.4f} to {max(last):.4f}; chance {64 / 384:.4f}")
    print(f"φ(8,64), r8-seed0 with r64-seed1: mean {np.mean([out[f'{m}__a__r8-seed0__r64-seed1'][7, 63] for m in modules]):.4f}")
    for name in AMPLIFIED:
        table = np.array([out[f"amplification__{m}__{name}"] for m in modules])
        ratio = table[:, 0] / table[:, 8]
        print(f"{name}: amplification {table[:, 6].min():.3f} to {table[:, 6].max():.3f}, of a random update "
              f"{table[:, 7].min():.3f} to {table[:, 7].max():.3f}, ‖UᵀWV‖ over chance {ratio.min():.3f} to "
              f"{ratio.max():.3f}, draws over chance {np.mean(table[:, 2] / table[:, 8]):.4f}")
    larger = sum(out[f"amplification__{m}__r8-seed0"][5] > out[f"amplification__{m}__r64-seed0"][5] for m in modules)
    print(f"‖ΔW‖ larger at r = 8 than at r = 64 in {larger} of {len(modules)} modules")


if __name__ == "__main__":
    main()
