"""Size and shape of ΔW, and what its ranks are by chance, in float64 NumPy.

Draws are repeated from their keys, and simulated once more from the definition: whole normal factors from
NumPy's own generator. Nothing is shared with the Rust code but the keys. Writes random_ranks.json beside
itself, in about a minute; README.md says what is in it.
"""

import json
import math
from pathlib import Path

import study  # first: it sets the number of BLAS threads
import findings
import numpy as np

HERE = Path(__file__).resolve().parent
DRAWS, FEW = 200, 0.9


def triangle(stream, d, r):
    """L of GᵀG = LLᵀ for a normal d × r matrix G, row by row (Bartlett 1933)."""
    lower = np.zeros((r, min(d, r)))
    for g in range(r):
        for place in range(min(g, d)):
            lower[g, place] = stream.normal()
        if g < d:
            lower[g, g] = math.sqrt(stream.chi_squared(d - g))
    return lower


def drawn_sigma(shape, r, draw, seed=0):
    """Singular values of B·A by the key of a draw."""
    key = f"{seed}/ranks/{shape[0]}x{shape[1]}/r{r}/draw{draw}"
    stream = findings.Stream(key, 8 * r * r + 64 * r)
    of_b = triangle(stream, shape[0], r)
    of_a = triangle(stream, shape[1], r)
    return np.linalg.svd(of_b.T @ of_a, compute_uv=False)


def direct_sigma(generator, shape, r):
    """The same law from the definition."""
    b, a = generator.standard_normal((shape[0], r)), generator.standard_normal((r, shape[1]))
    if max(shape) <= 64:
        return np.linalg.svd(b @ a, compute_uv=False)[: min(*shape, r)]
    return np.linalg.svd(np.linalg.qr(b)[1] @ np.linalg.qr(a.T)[1].T, compute_uv=False)


def shares(sigma):
    """Share of energy in the leading 1, 2, … directions."""
    return np.cumsum(sigma**2) / np.sum(sigma**2)


def sizes(sigma):
    """Stable rank, effective rank, energy rank at 90 %."""
    p = sigma / sigma.sum()
    entropy = -sum(x * math.log(x) for x in p if x > 0)
    return [np.sum(sigma**2) / sigma[0] ** 2, math.exp(entropy), 1 + int(np.argmax(shares(sigma) >= FEW))]


def spread(rows):
    """Mean and standard deviation of each column, one after the other."""
    rows = np.array(rows, float)
    return np.column_stack([rows.mean(axis=0), rows.std(axis=0, ddof=1)]).ravel().tolist()


def columns():
    """Of each ΔW and W: numerical rank over r, ‖ΔW‖/‖W‖, δ₁/σ₁, p₁ and 1/Σp²."""
    weights = study.load_file(study.STUDY / "base" / "model.safetensors")
    base, found = {}, {}
    for name in study.ADAPTERS[:4]:
        found[name] = {}
        for module, (a, b, scale) in study.read_adapter(name).items():
            if module not in base:
                base[module] = study.svd(weights[module.removeprefix("bert.") + ".weight"].astype(np.float64))[1]
            delta, w = study.svd(scale * (b @ a))[1], base[module]
            p = delta**2 / np.sum(delta**2)
            found[name][module] = [
                study.numerical_rank(delta, (384, 384)) / len(a),
                np.linalg.norm(delta) / np.linalg.norm(w), delta[0] / w[0], p[0], 1 / np.sum(p**2),
            ]
    p = {module: w**2 / np.sum(w**2) for module, w in base.items()}
    found["base"] = {module: [None, None, None, of[0], 1 / np.sum(of**2)] for module, of in p.items()}
    return found


def direct(shape, r, draws, seed):
    """Means and standard errors of the three ranks, and how often k directions hold 90 %, for each k."""
    generator = np.random.default_rng(seed)
    drawn = [direct_sigma(generator, shape, r) for _ in range(draws)]
    found = np.array([sizes(sigma) for sigma in drawn])
    tails = np.mean([shares(sigma) >= FEW for sigma in drawn], axis=0)
    return {
        "shape": shape, "r": r, "draws": draws, "mean": found.mean(axis=0).tolist(),
        "error": (found.std(axis=0, ddof=1) / math.sqrt(draws)).tolist(), "tails": tails.tolist(),
    }


def main():
    found = {
        "columns": columns(),
        "drawn": [
            {"shape": shape, "r": r, "draw": draw, "sigma": drawn_sigma(shape, r, draw).tolist()}
            for shape, r, draw in [
                ((384, 384), 4, 0), ((384, 384), 8, 199), ((1536, 384), 16, 3), ((5, 9), 12, 1), ((3, 1), 2, 0),
                ((4096, 1024), 1, 0),
            ]
        ],
        "chance": [
            {"shape": (384, 384), "r": r, "spread": spread([sizes(drawn_sigma((384, 384), r, n)) for n in range(DRAWS)])}
            for r in (4, 8, 64)
        ],
        "direct": [
            direct(shape, r, draws, number)
            for number, (shape, r, draws) in enumerate([
                ((6, 5), 4, 20_000), ((24, 16), 12, 10_000), ((5, 9), 12, 10_000), ((384, 384), 8, 2_000),
                ((48, 44), 40, 4_000), ((384, 384), 64, 400),
            ])
        ],
    }
    (HERE / "random_ranks.json").write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
