"""All findings of experiments/minilm-sst2, from its adapters and its base, in float64 NumPy and SciPy.

Written from the words of METHODS.md ("Findings", rules version 2), not from the program. Dense ΔW, full
SVDs, one norm a share; the keys of random draws are the program's. Writes verdicts.json beside itself, in
about half a minute; README.md says what is in it.
"""

import json
import math
from pathlib import Path

import study  # first: it sets the number of BLAS threads
import findings
import findings_groups
import random_ranks
import numpy as np
from scipy import stats

HERE = Path(__file__).resolve().parent
ALPHA, MARGIN, TIMES, HALF = 0.05, 0.1, 1.1, 0.5
SUMS = 9_999


# ---------------------------------------------------------------- what several claims have in common


def excess(phi, chance):
    return (np.asarray(phi) - chance) / (1 - np.asarray(chance))


def nine(values):
    """Nine digits, as the tables have them that verdicts come from."""
    return np.array([float(f"{value:.9g}") for value in values])


def overlap_draws(modules):
    return max(9_999, 40 * modules - 1)


def beyond(random, values):
    return [(1 + int(np.sum(random >= value))) / (1 + len(random)) for value in values]


def finding(verdict, of, holding, chance, margin, runs, p=None, least_p=None):
    """`of`: the statistic of each module or layer, of which count and median are taken."""
    return {
        "verdict": verdict, "count": len(of), "holding": int(holding), "median": float(np.median(of)),
        "chance": float(np.median(chance)), "p": p, "least_p": least_p, "margin": margin, "runs": runs,
    }


def majority(speak_for, speak_against):
    half = len(speak_for) / 2
    if sum(speak_for) > half:
        return "holds"
    return "does not hold" if sum(speak_against) > half else "cannot be told"


def either(holds, fails):
    return "holds" if holds else "does not hold" if fails else "cannot be told"


def of_modules(values, chance, p, shared, least=None):
    """Rows and finding of `ranks` and `seeds` (shared), or of `ranks-others` (not shared)."""
    adjusted = findings.holm(p)
    beyond_chance = excess(values, chance)
    much = [a <= ALPHA and e >= MARGIN for a, e in zip(adjusted, beyond_chance)]
    little = [e < MARGIN for e in beyond_chance]
    speaks = (much, little) if shared else (little, much)
    half = sorted(adjusted)[len(adjusted) // 2]
    rows = [[[value, chance, None, one, other]] for value, one, other in zip(values, p, adjusted)]
    return rows, finding(majority(*speaks), values, sum(speaks[0]), [chance], MARGIN, 2, half, least)


def by_layer(modules, values):
    """Mean over the modules of each layer."""
    layers = [layer_of(module) for module in modules]
    return np.array([np.mean([v for v, at in zip(values, layers) if at == n]) for n in sorted(set(layers))])


def layer_of(module):
    return int(module.split(".layer.")[1].split(".")[0])


def pooled(modules, terms, key, two_sided, told):
    """p of the mean over layers of Σ sign·ln(norm/typical), its least value, and the verdict of `told`.

    `terms`: module, sign, ‖UᵀWV‖ and its draws, in the order of evidence.csv's rows.
    """
    layers = [layer_of(module) for module in modules]
    share = {m: 1 / (len(set(layers)) * layers.count(layer_of(m))) for m in modules}
    logs = [(sign * share[m], math.log(norm), np.log(draws)) for m, sign, norm, draws in terms]
    value = sum(weight * (log - draws.mean()) for weight, log, draws in logs)
    sums = findings_groups.pooled_sums([(w, draws - draws.mean()) for w, _, draws in logs], SUMS, key)
    error = math.sqrt(sum(w**2 * draws.var(ddof=1) / len(draws) for w, _, draws in logs))
    sides = 2 if two_sided else 1

    def p_of(x):
        above = 1 + int(np.sum(np.array(sums) >= x))
        below = 1 + int(np.sum(np.array(sums) <= x))
        return min(1.0, sides * (min(above, below) if two_sided else above) / (1 + SUMS))

    verdicts = {told(p_of(x), x) for x in (value - 3 * error, value, value + 3 * error)}
    verdict = verdicts.pop() if len(verdicts) == 1 else "cannot be told"
    return p_of(value), sides / (1 + SUMS), verdict


# ---------------------------------------------------------------- the claims, from overlaps


def ranks(modules, first, others, r, d, seed):
    """`ranks` and `ranks-others` of φ(1,r) and φ(r,r), on one pair of runs."""
    exact = [float(stats.beta.sf(phi, r / 2, (d - r) / 2)) for phi in first]
    rest = [(r * phi - top) / (r - 1) for phi, top in zip(others, first)]
    key = f"{seed}/overlap/d{d}/k{r - 1}-{r}/0-1"
    draws = overlap_draws(len(modules))
    random = findings_groups.random_mean_shares(findings.Stream, d, [r - 1, r], [(0, 1)], draws, key)
    return of_modules(first, r / d, exact, True), of_modules(rest, r / d, beyond(random, rest), False, len(rest) / (1 + len(random)))


def seeds(modules, phi, k, d, seed):
    random = findings.random_shares(d, k, overlap_draws(len(modules)), f"{seed}/overlap/d{d}/k{k}")
    return of_modules(phi, k / d, beyond(random, phi), True, len(phi) / (1 + len(random)))


def seeds_layers(tables, chance):
    """Of each projection's φ(4,4) between all layers of two runs."""
    found = findings_groups.same_layer([(table, chance) for table in tables], "findings/seeds-layers")
    rest = np.concatenate(found["rest"])
    mean, p = found["mean_rest"], found["p"]
    told = len(tables[0]) >= 4
    verdict = either(told and p <= ALPHA and mean >= MARGIN, told and mean < MARGIN)
    rows = [[[value, 0.0, None, None, None]] for value in rest]
    return rows, finding(verdict, rest, sum(rest >= MARGIN), [0.0], MARGIN, 2, p, 1 / found["permutations"])


def query_value(query, value, d):
    """`query`, `value`: of each layer φ(k,k) for the three k. Rows are those of query, then of value."""
    sd = lambda k: findings_groups.overlap_sd(k, k, d)
    rows = [[[k * phi, k * k / d, sd(k), None, None] for k, phi in of] for of in query + value]
    written = np.array([[nine(row[:3]) for row in of] for of in rows])
    ahead, behind = written[: len(query)], written[len(query) :]
    difference = (ahead[..., 0] - ahead[..., 1]) - (behind[..., 0] - behind[..., 1])
    columns = (difference / np.hypot(ahead[..., 2], behind[..., 2])).T
    p = max(findings.sign_flip(column) for column in columns)
    ahead = [column.mean() > 0 for column in columns]
    behind = [column.mean() < 0 for column in columns]
    verdict = either(p <= ALPHA and all(ahead), p <= ALPHA and all(behind))
    of_r = columns[0]
    return rows, finding(
        verdict, of_r, sum(of_r > 0), [0.0], None, 2, p, 2 / 2 ** len(of_r)
    )


def b_as_a(modules, of_a, of_b, chance):
    a, b = (by_layer(modules, excess(nine(of), *nine([chance]))) for of in (of_a, of_b))
    low, high = findings.interval(b - a)
    compared = a.mean() >= MARGIN or b.mean() >= MARGIN
    inside, outside = -MARGIN <= low and high <= MARGIN, low > MARGIN or high < -MARGIN
    verdict = either(compared and inside, compared and outside)
    rows = [[[[phi, chance, None, None, None]] for phi in of] for of in (of_a, of_b)]
    return rows, finding(verdict, b - a, sum(abs(b - a) <= MARGIN), [0.0], MARGIN, 2)


# ---------------------------------------------------------------- the claims, from W


def correlates(modules, norms, draws):
    typical = [np.exp(np.mean(np.log(of))) for of in draws]
    told = lambda p, x: either(p <= ALPHA and x >= math.log(TIMES), x < math.log(TIMES))
    terms = [(m, 1, norm, of) for m, norm, of in zip(modules, norms, draws)]
    p, least, verdict = pooled(modules, terms, "findings/correlates", False, told)
    rows = [
        [[norm, chance, None, beyond(of, [norm])[0], None]] for norm, chance, of in zip(norms, typical, draws)
    ]
    layers = by_layer(modules, np.log(norms) - np.log(typical))
    return rows, finding(verdict, np.exp(layers), sum(layers > 0), [1.0], TIMES, 1, p, least)


def factor(modules, small, large):
    """`small`, `large`: of each module ‖ΔW‖, ‖UᵀWV‖ and the draws."""
    told = lambda p, x: either(p <= ALPHA and x > 0, p <= ALPHA and x < 0)
    terms = [(m, -1, norm, of) for m, (_, norm, of) in zip(modules, small)]
    terms += [(m, 1, norm, of) for m, (_, norm, of) in zip(modules, large)]
    p, least, verdict = pooled(modules, terms, "findings/factor", True, told)
    rows = [
        [[[delta / norm, delta / np.exp(np.mean(np.log(of))), None, None, None]] for delta, norm, of in ours]
        for ours in (small, large)
    ]
    small_over, large_over = ([math.log(np.divide(*nine(row[:2]))) for (row,) in of] for of in rows)
    falls = by_layer(modules, np.subtract(small_over, large_over))
    return rows, finding(verdict, falls, sum(falls > 0), [0.0], None, 2, p, least)


def placement(w, delta, k):
    """Share, chance and sd of out, in and both for a dense ΔW, and the bound on W's directions."""
    d_out, d_in = w.shape
    u, sigma, v = study.svd(w)
    left, right = u[:, :k], v[:, :k]
    whole = np.linalg.norm(delta, "fro") ** 2
    parts = [left.T @ delta, delta @ right, left.T @ delta @ right]
    squares = study.svd(delta)[1] ** 2
    s = np.sum((squares / squares.sum()) ** 2)
    variance = lambda d: 2 * (k * (d - k) / d) * (s - 1 / d) / ((d - 1) * (d + 2))
    c = 2 * k * (d_out - k) / (d_out * (d_out - 1) * (d_out + 2))
    t = s * k * (k + 2) / (d_in * (d_in + 2)) + (1 - s) * k * (d_in - k) / (d_in * (d_in - 1) * (d_in + 2))
    of_in = variance(d_in)
    of_both = c * (t - (of_in + (k / d_in) ** 2) / d_out) + (k / d_out) ** 2 * of_in
    residual = np.linalg.norm([w @ right - left * sigma[:k], (w.T @ left - right * sigma[:k])])
    bound = residual / (sigma[k - 1] - sigma[k])
    shares = [np.linalg.norm(part, "fro") ** 2 / whole for part in parts]
    chances = [k / d_out, k / d_in, k * k / (d_out * d_in)]
    return list(zip(shares, chances, np.sqrt([variance(d_out), of_in, of_both]), [bound, bound, 2 * bound]))


def new_directions(places):
    """`places`: what `placement` says of each module."""
    cantelli = lambda value, chance, sd: sd**2 / (sd**2 + (value - chance) ** 2) if value > chance else 1.0
    p = [[cantelli(*side[:3]) for side in place] for place in places]
    adjusted = np.array(findings.holm(np.ravel(p))).reshape(len(p), 3)
    speak_for = [all(value + bound < HALF for value, _, _, bound in place) for place in places]
    speak_against = [
        any(side[0] - side[3] >= HALF and a <= ALPHA for side, a in zip(place, of))
        for place, of in zip(places, adjusted)
    ]
    rows = [
        [[*side[:3], one, other] for side, one, other in zip(*three)] for three in zip(places, p, adjusted)
    ]
    largest = [max(place) for place in places]
    return rows, finding(
        majority(speak_for, speak_against), [side[0] for side in largest], sum(speak_for),
        [side[1] for side in largest], HALF, 1,
    )


def low_rank(modules, spectra, shape, seed):
    """`spectra`: σ of each module's ΔW, of a rank above 32."""
    r = len(spectra[0])
    drawn = [random_ranks.drawn_sigma(shape, r, n, seed) for n in range(random_ranks.DRAWS)]
    values = [random_ranks.sizes(sigma)[2] for sigma in spectra]
    of_draws = [random_ranks.sizes(sigma)[2] for sigma in drawn]
    chance, sd = np.mean(of_draws), np.std(of_draws, ddof=1)
    p = []
    for k in values:
        share = [random_ranks.shares(sigma)[k - 1] for sigma in drawn]
        mean, deviation = np.mean(share), np.std(share, ddof=1)
        p.append(deviation**2 / (deviation**2 + (0.9 - mean) ** 2) if mean < 0.9 else 1.0)
    adjusted = findings.holm(p)
    few = [k <= r / 2 for k in values]
    speak_for = [is_few and a <= ALPHA for is_few, a in zip(few, adjusted)]
    rows = [[[k, chance, sd, one, other]] for k, one, other in zip(values, p, adjusted)]
    half = sorted(adjusted)[len(adjusted) // 2]
    speak_against = [not is_few for is_few in few]
    return rows, finding(majority(speak_for, speak_against), values, sum(speak_for), [chance], HALF, 1, half)


# ---------------------------------------------------------------- the study


def random_norms(w, r, module):
    """‖UᵀWV‖ between the random directions of table 7's keys."""
    draws = max(study.DRAWS, 20, min(1600, math.ceil(6400 / r**2)))
    return np.array(findings_groups.random_norms(w, [(r, draws)], f"{study.SEED}/{module}")[0])


def of_w(modules, adapters):
    """Of each module: W, and of both adapters ΔW, ‖ΔW‖, ‖UᵀWV‖ and the draws."""
    weights = study.load_file(study.STUDY / "base" / "model.safetensors")
    found = []
    for module in modules:
        w = weights[module.removeprefix("bert.") + ".weight"].astype(np.float64)
        ours = {}
        for name in ["r4-seed0", "r64-seed0"]:
            a, b, scale = adapters[name][module]
            delta, r = scale * (b @ a), len(a)
            u, sigma, v = study.svd(delta)
            assert study.numerical_rank(sigma, w.shape) == r
            norm = np.linalg.norm(u[:, :r].T @ w @ v[:, :r], "fro")
            ours[name] = (delta, np.linalg.norm(delta, "fro"), norm, random_norms(w, r, module))
        found.append((w, ours))
    return found


def overlaps(modules, adapters):
    """φ(k,k) between runs by basis, and the leading directions of A."""
    a = {name: {m: study.svd(adapters[name][m][0])[2] for m in modules} for name in adapters}
    b = {name: {m: study.svd(adapters[name][m][1])[0] for m in modules} for name in adapters}
    share = lambda u, v: float(np.linalg.norm(u.T @ v, "fro") ** 2 / min(u.shape[1], v.shape[1]))
    of = lambda frames, i, j, names: [
        share(frames[names[0]][m][:, :i], frames[names[1]][m][:, :j]) for m in modules
    ]
    between = lambda one, other, k: share(a["r64-seed0"][one][:, :k], a["r64-seed1"][other][:, :k])
    return a, b, of, between


def evidence():
    adapters = {name: study.read_adapter(name) for name in study.ADAPTERS[:4]}
    modules = sorted(adapters["r4-seed0"])
    queries, values = ([m for m in modules if m.endswith(name)] for name in ("query", "value"))
    a, b, of, between = overlaps(modules, adapters)
    d, same, small = 384, ("r64-seed0", "r64-seed1"), ("r8-seed0", "r64-seed1")
    of_ranks, of_others = ranks(modules, of(a, 1, 8, small), of(a, 8, 8, small), 8, d, study.SEED)
    phi_a, phi_b = of(a, 4, 4, same), of(b, 4, 4, same)
    table = lambda names: [[between(l, m, 4) for m in names] for l in names]
    counts = lambda names: [[(k, between(m, m, k)) for k in (64, 1, 4)] for m in names]
    pairs, w = b_as_a(modules, phi_a, phi_b, 4 / d), of_w(modules, adapters)
    at = lambda name: [ours[name][1:] for _, ours in w]
    of_factor = factor(modules, at("r4-seed0"), at("r64-seed0"))
    spectra = [study.svd(ours["r64-seed0"][0])[1][:64] for _, ours in w]
    claims = [
        ("ranks/a/r8-seed0", modules, *of_ranks),
        ("ranks-others/a/r8-seed0", modules, *of_others),
        ("seeds/a/r64-seed0", modules, *seeds(modules, phi_a, 4, d, study.SEED)),
        ("seeds-layers/a/r64-seed0", queries + values, *seeds_layers([table(queries), table(values)], 4 / d)),
        ("query-value/a/r64-seed0", queries + values, *query_value(counts(queries), counts(values), d)),
        ("correlates//r4-seed0", modules, *correlates(modules, *zip(*[ours[1:] for ours in at("r4-seed0")]))),
        ("new-directions//r4-seed0", modules, *new_directions([
            placement(of_one, ours["r4-seed0"][0], math.ceil(d / 10)) for of_one, ours in w
        ])),
        ("factor//r4-seed0", modules, of_factor[0][0], of_factor[1]),
        ("factor//r64-seed0", modules, of_factor[0][1], of_factor[1]),
        ("b-as-a/a/r64-seed0", modules, pairs[0][0], pairs[1]),
        ("b-as-a/b/r64-seed0", modules, pairs[0][1], pairs[1]),
        ("low-rank//r64-seed0", modules, *low_rank(modules, spectra, (d, d), study.SEED)),
    ]
    return claims


def short(value):
    """Twelve digits."""
    if isinstance(value, (list, tuple)):
        return [short(one) for one in value]
    if isinstance(value, dict):
        return {key: short(one) for key, one in value.items()}
    return float(f"{value:.12g}") if isinstance(value, float) else value


def main():
    claims = evidence()
    rows = {
        f"{key}/{module}": short([[None if x is None else float(x) for x in row] for row in of])
        for key, modules, of_all, _ in claims for module, of in zip(modules, of_all, strict=True)
    }
    found = {key.split("/")[0]: short(found) for key, _, _, found in claims}
    block = lambda of: ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in of.items())
    text = f'{{"evidence": {{\n{block(rows)}\n}},\n"findings": {{\n{block(found)}\n}}}}\n'
    (HERE / "verdicts.json").write_text(text)
    for claim, of in found.items():
        print(claim, json.dumps(of))


if __name__ == "__main__":
    main()
