"""Reference values of scores' errors: Wilson's interval from SciPy, Newcombe's and paired ones in NumPy.

Nothing is shared with the Rust code. Writes scores.json beside this file: runs, their answers as
strings of 0 and 1, and what table 6 must say of each setting. Prints how often the best of two equal
settings is said to be ahead, as simulated.

Usage: python scores.py
"""

import json
from itertools import product
from pathlib import Path

import numpy as np
from scipy import stats

ITEMS = 120
Z = stats.norm.ppf(0.975)


def wilson(right, items):
    """Of whole numbers of right answers SciPy's; of means over runs the same formula."""
    p = right / items
    if float(right).is_integer():
        interval = stats.binomtest(int(right), items).proportion_ci(0.95, method="wilson")
        return interval.low, interval.high
    roots = np.roots([1 + Z**2 / items, -(2 * p + Z**2 / items), p**2])  # (p − x)² = z²·x(1 − x)/n
    return min(roots), max(roots)


def settings_of(runs):
    found = {}
    for run in runs:
        found.setdefault(run["rank"], []).append(run)
    return found


def behind(best, other, paired, spread):
    """The difference, and the lower end of its interval."""
    one, two = (np.mean([run["answers"] for run in runs], axis=0) for runs in (best, other))
    difference, step = one.mean() - two.mean(), 0
    if paired:
        variance, step = stats.sem(one - two) ** 2, 1 / ITEMS
    else:
        low, high = wilson(one.mean() * ITEMS, ITEMS)[0], wilson(two.mean() * ITEMS, ITEMS)[1]
        variance = ((one.mean() - low) ** 2 + (high - two.mean()) ** 2) / Z**2
    seeds = spread * (1 / len(best) + 1 / len(other))
    return difference, difference - step - Z * np.sqrt(variance + seeds)


def expected(runs, paired):
    """A row for each rank."""
    settings = settings_of(runs)
    values = {rank: [np.mean(run["answers"]) for run in of] for rank, of in settings.items()}
    several = [value for value in values.values() if len(value) > 1]
    free = sum(len(value) - 1 for value in several)
    spread = sum((len(value) - 1) * np.var(value, ddof=1) for value in several) / free if free else 0
    best = max(values, key=lambda rank: np.mean(values[rank]))
    rows = []
    for rank, value in values.items():
        mean = np.mean(value)
        low, high = wilson(mean * ITEMS, ITEMS)
        row = {"rank": rank, "standard_error": np.sqrt(mean * (1 - mean) / ITEMS), "low": low, "high": high}
        if rank != best:
            row["behind"], row["behind_low"] = behind(settings[best], settings[rank], paired, spread)
        rows.append(row)
    ahead = all(row["behind_low"] > 0 for row in rows if "behind_low" in row)
    return {"rows": rows, "best": best if ahead else None}


def simulated(rng, studies=2000, items=872, share=0.87, seeds=2, sd=0.005):
    """How often the best of two settings that are alike is said to be ahead, unpaired and in pairs."""
    ahead = {"unpaired": 0, "paired": 0}
    for _ in range(studies):
        ease = rng.normal(size=items)  # of each item; runs agree about them
        def run():
            level = stats.norm.ppf(share + sd * rng.normal())
            return (ease * 0.9 + np.sqrt(1 - 0.81) * rng.normal(size=items) < level).astype(float)
        runs = [[run() for _ in range(seeds)] for _ in range(2)]
        means = [[one.mean() for one in of] for of in runs]
        spread = np.mean([np.var(of, ddof=1) for of in means])
        best = int(np.mean(means[1]) > np.mean(means[0]))
        one, two = (np.mean(runs[place], axis=0) for place in (best, 1 - best))
        difference, part = one.mean() - two.mean(), spread * 2 / seeds
        errors = np.array([m.mean() * (1 - m.mean()) / items for m in (one, two)])
        ahead["unpaired"] += difference > Z * np.sqrt(errors.sum() + part)
        ahead["paired"] += difference - 1 / items > Z * np.sqrt(stats.sem(one - two) ** 2 + part)
    return {name: count / studies for name, count in ahead.items()}


def main():
    rng = np.random.default_rng(20)
    ease = rng.uniform(size=ITEMS)
    runs = []
    for (rank, share), seed in product([(1, 0.6), (4, 0.74), (16, 0.84)], range(2)):
        if (rank, seed) == (1, 1):
            continue  # one setting has a single run
        answers = ((ease + rng.normal(scale=0.1, size=ITEMS)) < share).astype(int)
        runs.append({"name": f"r{rank}-seed{seed}", "rank": rank, "seed": seed, "answers": answers.tolist()})
    cases = {"unpaired": expected(runs, False), "paired": expected(runs, True)}
    for run in runs:
        run["answers"] = "".join(map(str, run["answers"]))
    place = Path(__file__).with_name("scores.json")
    place.write_text(json.dumps({"items": ITEMS, "runs": runs, **cases}, indent=1) + "\n")
    print({name: float(rate) for name, rate in simulated(rng).items()})


main()
