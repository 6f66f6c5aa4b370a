"""Six updates of one module side by side, in plain float64 NumPy.

Dense ΔW, full SVDs, projectors of d × d, and permutations one by one. Needs NumPy alone. Writes many.json beside
itself.
"""

import itertools
import json
import os
from pathlib import Path

# One BLAS thread: the same bytes from every run on one machine.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

HERE = Path(__file__).resolve().parent
D_OUT, D_IN, RANK, K, N = 14, 11, 4, 3, 6
LABELS = [0, 1, 0, 1, 0, 1]
STRATA = [0, 0, 1, 1, 2, 2]


def factor(rows: int, columns: int, salt: int) -> np.ndarray:
    n = np.arange(rows * columns, dtype=float).reshape(rows, columns)
    return np.cos(0.37 * n * n + 1.3 * salt * (n + 1.0))


def projector(frame: np.ndarray) -> np.ndarray:
    return frame @ frame.T


def leading(matrix: np.ndarray) -> np.ndarray:
    return np.linalg.svd(matrix)[0][:, :K]


def cut(delta: np.ndarray) -> np.ndarray:
    """The leading K triplets of an update."""
    u, s, vt = np.linalg.svd(delta)
    return (u[:, :K] * s[:K]) @ vt[:K]


def side(deltas: list[np.ndarray]) -> dict:
    """What the left directions of some matrices share."""
    d = deltas[0].shape[0]
    frames = [leading(delta) for delta in deltas]
    mean = sum(projector(frame) for frame in frames) / N
    values = np.sort(np.linalg.eigvalsh(mean))[::-1]
    values = np.concatenate([values, np.zeros(max(0, N * K - d))])[: N * K]
    values[np.abs(values) < 1e-12] = 0.0
    coverage, by_mean = [], []
    for a in range(N):
        others = [b for b in range(N) if b != a]
        shared = leading(sum(projector(frames[b]) for b in others))
        coverage.append(np.linalg.norm(shared.T @ frames[a]) ** 2 / K)
        of_sum = leading(sum(cut(deltas[b]) for b in others))
        by_mean.append(np.linalg.norm(of_sum.T @ frames[a]) ** 2 / K)
    overlaps = [[np.linalg.norm(one.T @ other) ** 2 / K for other in frames] for one in frames]
    return {
        "overlaps": overlaps,
        "eigenvalues": values.tolist(),
        "participation": values.sum() ** 2 / (values**2).sum(),
        "coverage": coverage,
        "by_mean": by_mean,
    }


def difference(phi: np.ndarray, labels: list[int], across: bool) -> tuple[float, float]:
    within, between = [], []
    for a, b in itertools.combinations(range(N), 2):
        if across and STRATA[a] == STRATA[b]:
            continue
        (within if labels[a] == labels[b] else between).append(phi[a, b])
    return np.mean(within), np.mean(between)


def tested(phi: np.ndarray, arrangements: list[list[int]], across: bool) -> list[float]:
    within, between = difference(phi, LABELS, across)
    others = [np.subtract(*difference(phi, labels, across)) for labels in arrangements]
    reached = sum(other >= within - between - 1e-12 for other in others)
    return [within, between, len(arrangements), reached / len(arrangements)]


def main() -> None:
    pairs = [(factor(D_OUT, RANK, 2 * a), factor(RANK, D_IN, 2 * a + 1)) for a in range(N)]
    deltas = [0.5 * (b @ a) for b, a in pairs]
    found = {}
    for name, matrices in [("left", deltas), ("right", [delta.T for delta in deltas])]:
        found |= {f"{name}_{what}": value for what, value in side(matrices).items()}
    norms = [np.linalg.norm(delta) for delta in deltas]
    inner = [[np.sum(one * other) for other in deltas] for one in deltas]
    found["cosines"] = (np.array(inner) / np.outer(norms, norms)).tolist()
    triplets = [np.linalg.svd(delta) for delta in deltas]
    u = np.hstack([u[:, :K] for u, _, _ in triplets])
    v = np.hstack([vt[:K].T for _, _, vt in triplets])
    sigma = np.concatenate([s[:K] for _, s, _ in triplets])
    eye = np.eye(N * K)
    found["sti"] = np.abs((u.T @ u - eye) @ np.diag(sigma) @ (v.T @ v - eye)).sum()
    energies = (sigma.reshape(N, K) ** 2).sum(axis=1)
    roots = sum(
        np.sqrt(sum(energies[c] for c in range(N) if c not in (a, b))) for a in range(N) for b in range(N)
    )
    found["sti_chance"] = np.sqrt(2 / (np.pi * D_OUT * D_IN)) * K**2 * roots
    squares = np.array(norms) ** 2
    ratio = np.linalg.norm(sum(deltas)) ** 2 / squares.sum()
    variance = 2 * (squares.sum() ** 2 - (squares**2).sum()) / (D_OUT * D_IN)
    found["energy"] = [ratio, np.sqrt(variance) / squares.sum()]
    parts = [cut(delta) for delta in deltas]
    directions, values, _ = np.linalg.svd(sum(parts))
    left = [np.sqrt((values[q:] ** 2).sum() / (values**2).sum()) for q in range(1, len(values) + 1)]
    rank = 1 + next(q for q, share in enumerate(left) if share <= 0.05)
    kept = directions[:, :rank]
    found["sar_rank"] = rank
    found["sar"] = [np.linalg.norm(kept.T @ part) / np.linalg.norm(part) for part in parts]
    phi = np.array(found["left_overlaps"])
    found["order"], found["heights"] = linked(1 - phi)
    plain = sorted(set(itertools.permutations(LABELS)))
    # Labels are names: each split is there twice.
    plain = [list(labels) for labels in plain if labels[0] == 0]
    found["labels"] = tested(phi, plain, False)
    inside = [sum(choice, []) for choice in itertools.product([[0, 1], [1, 0]], repeat=3)]
    found["strata"] = tested(phi, inside, True)
    (HERE / "many.json").write_text(json.dumps(found, indent=1, default=float) + "\n")


def linked(far: np.ndarray) -> tuple[list[int], list[float]]:
    """Average linkage by its definition: leaves from left to right, and the heights of the merges."""
    clusters, heights = [[a] for a in range(N)], []
    while len(clusters) > 1:
        between = {
            (one, other): far[np.ix_(clusters[one], clusters[other])].mean()
            for one, other in itertools.combinations(range(len(clusters)), 2)
        }
        one, other = min(between, key=between.get)
        heights.append(between[one, other])
        clusters[one] = clusters[one] + clusters.pop(other)
        clusters.sort(key=min)
    return clusters[0], heights


main()
