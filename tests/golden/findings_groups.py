"""Reference values of what groups of runs need: their mean overlap by chance, norms of random
directions, sums of independent draws, and same layers against others.

findings.py puts them into findings.json. By other routes than the Rust code: principal angles,
moments of projectors, a rank-one part by SVD with the judged cells filled in.
"""

import itertools
import math

import study  # first: it sets the number of BLAS threads
import numpy as np
from scipy import linalg, stats

# ---------------------------------------------------------------- random overlaps of several frames


def triangle(d, sizes, stream):
    """L of GᵀG = LLᵀ for a Gaussian d × n matrix G in turned axes: the first frame is the first axes."""
    n = sum(sizes)
    rows = np.zeros((n, min(n, d)))
    rows[: sizes[0], : sizes[0]] = np.eye(sizes[0])
    for g in range(sizes[0], n):
        left = min(g, d)
        rows[g, :left] = [stream.normal() for _ in range(left)]
        if g < d:
            rows[g, g] = math.sqrt(stream.chi_squared(d - g))
    return rows


def share(u, v):
    return float(np.sum(np.cos(linalg.subspace_angles(u, v)) ** 2) / min(u.shape[1], v.shape[1]))


def random_mean_shares(new_stream, d, sizes, pairs, draws, key):
    means, ends = [], np.cumsum(sizes)
    for draw in range(draws):
        if draw % 1000 == 0:
            stream = new_stream(f"{key}/block{draw // 1000}", 1 << 20)
        rows = triangle(d, sizes, stream)
        frames = [rows[end - k : end].T for k, end in zip(sizes, ends)]
        means.append(np.mean([share(frames[a], frames[b]) for a, b in pairs]))
    return np.array(means)


def dense_mean_shares(d, sizes, pairs, draws, seed):
    """The same law from the definition: Haar frames by QR, NumPy's own generator."""
    generator = np.random.default_rng(seed)
    means = []
    for _ in range(draws):
        frames = [np.linalg.qr(generator.standard_normal((d, k)))[0] for k in sizes]
        means.append(np.mean([
            np.linalg.norm(frames[a].T @ frames[b]) ** 2 / min(sizes[a], sizes[b]) for a, b in pairs
        ]))
    return np.array(means)


def overlap_sd(i, j, d):
    """From E[Q ⊗ Q] = α·I⊗I + β·(swap + transposed swap) of a random projector Q of rank j."""
    alpha, beta = np.linalg.solve([[d * d, 2 * d], [d, d + d * d]], [j * j, j])
    return math.sqrt(max(alpha * i * i + 2 * beta * i - (i * j / d) ** 2, 0.0))


# ---------------------------------------------------------------- norms and sums


def matrix(rows, columns):
    return np.sin(0.7 * np.arange(rows * columns)).reshape(rows, columns)


def random_norms(w, wanted, key):
    norm = lambda rank, draw: np.linalg.norm(
        study.haar(w.shape[0], rank, f"{key}/draw{draw}/left").T
        @ w @ study.haar(w.shape[1], rank, f"{key}/draw{draw}/right")
    )
    return [[float(norm(rank, draw)) for draw in range(draws)] for rank, draws in wanted]


def pooled_sums(terms, sums, key):
    u = study.uniforms(key, sums * len(terms)).reshape(sums, len(terms))
    picked = [
        weight * np.asarray(values)[np.minimum(len(values) - 1, np.floor(u[:, t] * len(values)).astype(int))]
        for t, (weight, values) in enumerate(terms)
    ]
    return np.sum(picked, axis=0).tolist()


# ---------------------------------------------------------------- same layers


def rests(excess, permutations):
    """By filling the judged cells of each permutation with the rank-one part until it stands still."""
    layers, everyone = len(excess), np.arange(len(permutations))[:, None]
    rows = np.arange(layers)[None, :]
    judged = excess[rows, permutations]
    filled = np.repeat(excess[None], len(permutations), axis=0)
    filled[everyone, rows, permutations] = np.mean(excess)
    part, open_ = np.empty_like(judged), np.arange(len(permutations))
    for _ in range(5_000):
        u, sigma, vt = np.linalg.svd(filled[open_])
        best = sigma[:, :1, None] * u[:, :, :1] * vt[:, :1, :]
        here = best[np.arange(len(open_))[:, None], rows, permutations[open_]]
        moved = np.abs(here - filled[open_[:, None], rows, permutations[open_]]).max(axis=1)
        filled[open_[:, None], rows, permutations[open_]] = here
        part[open_] = here
        open_ = open_[moved > 1e-13]
        if not len(open_):
            return judged - np.maximum(part, 0.0)
    raise AssertionError(f"{len(open_)} fits do not stand still")


def permuted(layers, key, count=9_999):
    u = study.uniforms(key, count * (layers - 1)).reshape(count, layers - 1)
    found = np.tile(np.arange(layers), (count, 1))
    for place, i in enumerate(range(layers - 1, 0, -1)):
        other = np.minimum(i, np.floor(u[:, place] * (i + 1)).astype(int))
        for row, j in zip(found, other):
            row[[i, j]] = row[[j, i]]
    return found


def same_layer(tables, key):
    layers = len(tables[0][0])
    own = np.arange(layers)[None, :]
    exact = layers <= 8
    others = np.array(list(itertools.permutations(range(layers)))) if exact else permuted(layers, key)
    statistics, rest = np.zeros(1 + len(others)), []
    for overlap, chance in tables:
        overlap = np.asarray(overlap)
        all_ = np.vstack([own, others])
        found = rests((overlap - chance) / (1 - chance), all_)
        spread = np.sqrt(np.maximum(overlap, chance))[np.arange(layers)[None, :], all_]
        statistics += np.sum(found / spread, axis=1)
        rest.append(found[0].tolist())
    reached = int(np.sum(statistics[1:] >= statistics[0] - 1e-9))
    p = reached / len(others) if exact else (1 + reached) / (1 + len(others))
    return {"p": p, "permutations": len(others), "rest": rest, "mean_rest": float(np.mean(rest))}


def layer_table(layers, chance, planted, seed):
    """Loud layers, noise as large as the root of what is shared, and something of their own."""
    generator = np.random.default_rng(seed)
    loud = [generator.uniform(0.2, 0.6, layers) for _ in range(2)]
    mean = chance + np.outer(*loud) + planted * np.eye(layers)
    return np.round(np.abs(mean + 0.05 * np.sqrt(mean) * generator.standard_normal(mean.shape)), 6).tolist()


# ---------------------------------------------------------------- all of them


def entries(new_stream):
    groups = [
        (384, [4, 4, 4], [[0, 1], [0, 2], [1, 2]]),
        (96, [1, 1, 8, 8], [[0, 2], [0, 3], [1, 2], [1, 3]]),
        (40, [7, 8], [[0, 1]]),
        (10, [4, 4, 5], [[0, 1], [2, 1]]),
        (6, [6, 2, 3], [[0, 1], [1, 2]]),
    ]
    shares, laws = [], {}
    for d, sizes, pairs in groups:
        key = f"0/{d}/{'-'.join(map(str, sizes))}"
        drawn = random_mean_shares(new_stream, d, sizes, pairs, 2_002, key)
        shares.append([d, sizes, pairs, key, len(drawn), drawn[:3].tolist(), drawn[-4:].tolist()])
        dense = dense_mean_shares(d, sizes, pairs, 5_000, [d, *sizes])
        laws[key] = float(stats.ks_2samp(drawn, dense).pvalue)
        assert laws[key] > 0.01, laws
    cells = [(1, 1, 2), (1, 5, 17), (3, 5, 17), (4, 4, 384), (8, 64, 4096), (5, 3, 6), (6, 2, 6)]
    for j, d in [(1, 2), (5, 17)]:
        assert math.isclose(overlap_sd(1, j, d), stats.beta.std(j / 2, (d - j) / 2), rel_tol=1e-12)
    wanted = [[3, 4], [1, 25], [2, 22]]
    terms = [[0.5, [1.0, 2.5, -3.0]], [2.0, [0.125]], [-1.0, [4.0, 0.1, 0.2, 0.3, 7.0]]]
    studies = [
        ([(layer_table(6, 0.01, 0.1, n), 0.01) for n in (1, 2)], "six"),
        ([(layer_table(5, chance, 0.0, 3), chance) for chance in (0.02, 0.1)], "five"),
        ([(layer_table(10, 0.01, 0.02, 4), 0.01)], "findings/seeds-layers"),
    ]
    return {
        "random_mean_shares": shares,
        "law_of_random_mean_shares": laws,
        "overlap_sd": [[*cell, overlap_sd(*cell)] for cell in cells],
        "random_norms": [14, 9, wanted, "0/norms", random_norms(matrix(14, 9), wanted, "0/norms")],
        "pooled_sums": [terms, "0/sums", pooled_sums(terms, 40, "0/sums")],
        "same_layer": [[tables, key, same_layer(tables, key)] for tables, key in studies],
    }
