"""Reference values of what findings use: laws from SciPy, and draws repeated in NumPy.

Nothing is shared with the Rust code but the keys of the random draws. Writes findings.json beside
itself, in about a minute; README.md says what is in it.
"""

import json
import math
from pathlib import Path

import study  # first: it sets the number of BLAS threads
import findings_groups
import numpy as np
import scipy
from scipy import stats

HERE = Path(__file__).resolve().parent


# ---------------------------------------------------------------- laws


def holm(p):
    p = np.asarray(p, float)
    adjusted, least = np.empty(len(p)), 0.0
    for rank, place in enumerate(np.argsort(p, kind="stable")):
        least = max(least, min(1.0, (len(p) - rank) * p[place]))
        adjusted[place] = least
    return adjusted.tolist()


def sign_flip(x):
    """SciPy's exact permutation test of paired samples, two-sided by |mean|."""
    test = stats.permutation_test(
        (np.asarray(x, float),), lambda sample, axis=-1: np.abs(sample.mean(axis=axis)),
        permutation_type="samples", n_resamples=np.inf, alternative="greater", vectorized=True,
    )
    return float(test.pvalue)


def drawn_sign_flip(x, key, flips=65_535):
    u = study.uniforms(key, flips * len(x)).reshape(flips, len(x))
    sums = np.abs(np.where(u < 0.5, -1.0, 1.0) @ x)
    return float((1 + np.sum(sums >= abs(np.sum(x)) - 1e-12 * np.sum(np.abs(x)))) / (1 + flips))


def interval(x):
    found = stats.ttest_1samp(x, 0.0).confidence_interval(0.9)
    return [float(found.low), float(found.high)]


# ---------------------------------------------------------------- random overlaps


class Stream:
    """Uniforms and Box–Muller Gaussians one at a time; each second Gaussian takes no uniforms."""

    def __init__(self, key, size=1 << 16):
        self.u, self.place, self.spare = study.uniforms(key, size), 0, None

    def uniform(self):
        self.place += 1
        return self.u[self.place - 1]

    def normal(self):
        if self.spare is not None:
            spare, self.spare = self.spare, None
            return spare
        radius = math.sqrt(-2.0 * math.log(self.uniform()))
        angle = 2.0 * math.pi * self.uniform()
        self.spare = radius * math.sin(angle)
        return radius * math.cos(angle)

    def chi_squared(self, degrees):
        """Marsaglia & Tsang 2000."""
        if degrees == 1:
            return self.normal() ** 2
        d = degrees / 2 - 1 / 3
        c = 1 / math.sqrt(9 * d)
        while True:
            x = self.normal()
            v = (1 + c * x) ** 3
            if v > 0 and math.log(self.uniform()) < x * x / 2 + d - d * v + d * math.log(v):
                return 2 * d * v


def random_shares(d, k, draws, key):
    """φ(k,k) of random subspaces by Bartlett's decomposition."""
    stream, drawn = Stream(key, 64 * draws * k * k), min(k, d - k)
    shares = []
    for _ in range(draws):
        top = np.array([[stream.normal() for _ in range(drawn)] for _ in range(drawn)]).reshape(drawn, drawn)
        factor = np.zeros((drawn, drawn))
        for i in range(drawn):
            for j in range(i):
                factor[i, j] = stream.normal()
            factor[i, i] = math.sqrt(stream.chi_squared(d - drawn - i))
        gram = top.T @ top + factor @ factor.T
        shares.append((k - drawn + np.trace(top @ np.linalg.solve(gram, top.T))) / k if drawn else 1.0)
    return np.array(shares)


def dense_shares(d, k, draws, seed):
    """The same law from the definition: two Haar frames by QR, NumPy's own generator."""
    generator = np.random.default_rng(seed)
    frame = lambda: np.linalg.qr(generator.standard_normal((d, k)))[0]
    return np.array([np.linalg.norm(frame().T @ frame()) ** 2 / k for _ in range(draws)])


def main():
    tails = [
        (0.5, 1, 2), (0.75, 2, 3), (0.02, 8, 384), (0.41, 8, 384), (0.9, 8, 384), (1e-9, 1, 12288),
        (0.01, 8, 12288), (0.3, 64, 12288), (0.17, 64, 384), (0.4, 4, 4096), (0.999, 3, 8), (0.002, 128, 65536),
    ]
    samples = [[0.3, -0.1, 0.25, 0.6, 0.05, 0.2], [1.0, 1.0, -1.0, 2.0, 0.5, -0.5, 3.0, 0.1, 0.2, -0.7]]
    long = np.round(stats.norm.ppf((np.arange(20) + 0.5) / 20) + 0.4, 6)
    shapes = [(384, 4), (64, 2), (6, 4), (7, 3), (30, 1)]
    laws = {}
    for d, k in shapes:
        ours, dense = random_shares(d, k, 4_000, f"law/{d}/{k}"), dense_shares(d, k, 20_000, [d, k])
        laws[f"{d},{k}"] = float(stats.ks_2samp(ours, dense).pvalue)
        assert laws[f"{d},{k}"] > 0.01, (d, k, laws)
    golden = {
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "share_tail": [[*row, float(stats.beta.sf(row[0], row[1] / 2, (row[2] - row[1]) / 2))] for row in tails],
        "holm": [[p, holm(p)] for p in [[0.01, 0.04, 0.03, 0.005], [0.5], [0.2, 0.2, 0.9], [1e-300, 1e-12, 1.0]]],
        "sign_flip": [[x, sign_flip(x)] for x in samples],
        "drawn_sign_flip": [long.tolist(), "0/flips", drawn_sign_flip(long, "0/flips")],
        "mean_interval": [[x, interval(x)] for x in [*samples, long.tolist(), [0.1, 0.3]]],
        "random_shares": [[d, k, f"0/{d}/{k}", random_shares(d, k, 8, f"0/{d}/{k}").tolist()] for d, k in shapes],
        "law_of_random_shares": laws,
        **findings_groups.entries(Stream),
    }
    (HERE / "findings.json").write_text(json.dumps(golden, indent=1) + "\n")
    print(laws)


if __name__ == "__main__":
    main()
