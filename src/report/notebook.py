# %% [markdown] title
# # {{title}}
#
# This notebook makes every figure and table of the study *{{study}}* again, with pandas and matplotlib.
# It reads the tables beside it. Change a call, a mask or a colour, and run it. It was made by
# lora-subspace {{version}}. The next run of the study replaces it: keep your changes under another name.
#
# `rebuilt` holds what was rebuilt, by the name of its figure or table.

# %% setup
import hashlib
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap

folder = Path(".")  # where the tables are
rebuilt = {}


def read(name, **more):
    """A table beside this notebook; empty fields, and nothing else, become NaN."""
    return pd.read_csv(folder / name, keep_default_na=False, na_values=[""], **more)


def misfits():
    """What tells that the tables beside this notebook are not one set, by files.json."""
    place = folder / "files.json"
    if not place.exists():
        return ["there is no files.json: nothing tells whether these tables are one set"]
    try:
        sets = json.loads(place.read_text(encoding="utf-8"))["sets"]
        listed = sorted({name: digest for one in sets for name, digest in one["files"].items()}.items())
    except (ValueError, KeyError, TypeError, AttributeError):
        return ["files.json is damaged: nothing tells whether these tables are one set"]
    found = ["files.json has files of several runs, with different inputs or settings"] if len(sets) > 1 else []
    for name, digest in listed:
        path = folder / Path(name).name
        if path.suffix not in {".csv", ".npz"}:
            continue
        if not path.exists():
            found.append(f"{name} is gone, but files.json lists it")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            found.append(f"{name} is not the file that files.json lists")
    return found


for misfit in misfits():
    print(misfit)


def at_layer(rows, layer):
    """Rows of one layer; None for paths without a number."""
    return rows[rows.layer.isna() if layer is None else rows.layer == layer]

# %% colours
# The palette of the figures: every eighth of its 256 colours, and the last.
anchors = bytes.fromhex(
    "{{anchors}}"
)
anchors = np.frombuffer(anchors, dtype=np.uint8).reshape(-1, 3)
levels = [*range(0, 256, 8), 255]
channels = [np.interp(np.arange(256), levels, anchors[:, channel]) for channel in range(3)]
palette = ListedColormap(np.stack(channels, axis=1).round() / 255, name="palette")
palette.set_bad("#EAEAF2")  # cells without a value

# %% grids
overlap = read("overlap.csv")


def grid(basis, first, second, layer, projection):
    """φ and chance of one module, a row per i and a column per j; NaN beyond a numerical rank."""
    rows = at_layer(overlap, layer)
    named = (rows.basis == basis) & (rows["first"] == first) & (rows["second"] == second)
    rows = rows[named & (rows.projection == projection)]
    rows = rows[rows.module == rows.module.iloc[0]]
    return [rows.pivot(index="i", columns="j", values=column) for column in ["overlap", "chance"]]


def symbol(projection):
    """ΔW and its projection; what matplotlib would read as mathematics in a name is escaped."""
    return r"$\Delta W$ " + projection.replace("$", r"\$")


def ticks(cells):
    """Whole numbers: all of eight cells or fewer, else the first, the last and round ones between."""
    first, last = cells[0], cells[-1]
    count = last - first + 1
    if count <= 8:
        return [*range(first, last + 1)]
    step = next(step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power) if count // step <= 4)
    room = 2 * step // 5
    between = range(first // step * step, last - room + 1, step)
    return [first, *(cell for cell in between if cell > first + room // 2), last]


strip = "$i/d$"
excess = {{excess}}  # (φ − chance)/(1 − chance) in place of φ


def show(name, panels, columns=4, high=None):
    """Draws panels (title, φ, chance) in rows with one colour bar; the bracket on it is chance."""
    if excess:
        panels = [panel for panel in panels if panel[0] != strip]
        panels = [(title, ((phi - chance) / (1 - chance)).where(chance < 1), 0 * chance) for title, phi, chance in panels]
    rebuilt[name] = [phi.to_numpy() for _, phi, _ in panels]
    values = np.concatenate([phi[~np.isnan(phi)] for phi in rebuilt[name]])
    high = high or max(0.1, np.ceil(values.max(initial=0.1) * 10 - 1e-9) / 10)
    low = -high if excess else 0
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.3 * columns + 1, 2.5 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, (title, phi, _) in zip(axes.flat, panels):
        extent = (phi.columns[0] - 0.5, phi.columns[-1] + 0.5, phi.index[-1] + 0.5, phi.index[0] - 0.5)
        image = axis.imshow(phi, cmap="coolwarm" if excess else palette, vmin=low, vmax=high, aspect="auto", extent=extent, interpolation="none")
        axis.set(title=title, xlabel="$j$", ylabel="$i$", xticks=ticks(phi.columns), yticks=ticks(phi.index))
        if title == strip:  # the same for all j
            axis.set(xlabel="", xticks=[])
    bar = figure.colorbar(image, ax=axes, shrink=0.7, label="excess" if excess else r"$\varphi(i, j)$")
    chances = [chance.to_numpy() for *_, chance in panels]
    for level in [min(map(np.min, chances)), max(map(np.max, chances))]:
        bar.ax.axhline(level, color="white", linewidth=1.5)
        bar.ax.axhline(level, color="black", linewidth=0.7)
    plt.show()

# %% ranks
def ranks(name, basis, first, second, layers, projections, zoom=8):
    """Figures 3 and 6: a smaller rank (i) against a larger (j), j ≥ i; then the leading ones, j ≤ i."""
    panels = []
    for layer in layers:
        grids = [grid(basis, first, second, layer, projection) for projection in projections]
        if grids[0][0].shape[0] > grids[0][0].shape[1]:  # i counts the smaller rank
            grids = [(phi.T, chance.T) for phi, chance in grids]
        for corner in [None, min(zoom, grids[0][0].shape[0])]:
            for projection, (phi, chance) in zip(projections, grids):
                phi, chance = phi.iloc[:corner, :corner], chance.iloc[:corner, :corner]
                i, j = np.indices(phi.shape)
                kept = j >= i if corner is None else j <= i
                place = "" if len(layers) == 1 else f"layer {layer}, "
                panels.append((place + symbol(projection), phi.where(kept), chance))
    show(name, panels)

# %% seeds
def seeds(name, basis, first, second, layers, projections, random=False):
    """Figures 4 and 7: two seeds; in figure 4 random directions beside them, of a group beside the run that `random` names."""
    panels = []
    both = (overlap["first"] == "random") & (overlap["second"] == "random")
    against = "random" if both.any() else random if isinstance(random, str) else second  # published ones may be random on both sides
    for layer in layers:
        for projection in projections:
            place = "" if len(layers) == 1 else f"layer {layer}, "
            panels.append((place + symbol(projection), *grid(basis, first, second, layer, projection)))
        if random:
            panels.append(("random", *grid(basis, "random", against, layer, projections[0])))
    show(name, panels)

# %% base
def base(name, basis, adapters, layer, projection):
    """Figure 8: W's leading directions (i) against ΔW's (j) and random ones; the last panel is chance, i/d."""
    panels = [(second, *grid(basis, "base", second, layer, projection)) for second in [*adapters, "random"]]
    chance = panels[-1][2].iloc[:, :1]
    values = np.concatenate([phi.to_numpy().ravel() for _, phi, _ in panels] + [chance.to_numpy().ravel()])
    high = None if excess else np.ceil(np.nanmax(values) * 100) / 100
    show(name, [*panels, (strip, chance, chance)], columns=len(panels) + 1, high=high)

# %% scores
runs = read("runs.csv", dtype=dict.fromkeys(["adapter", "weight_types", "task", "metric"], str))
spelt = {{spelt}}  # weight types in one spelling and order
higher_is_better = {{better}}  # None: the metric's name does not tell


def nine(value):
    """To nine digits, as in the tables."""
    return float(f"{value:.8e}")


def order(types):
    """Fewer weight types first; q, k, v and o in this order, then others by name."""
    names, known = types.split("+"), ["q", "k", "v", "o"]
    return len(names), [(known.index(name) if name in known else len(known), name) for name in names]


def scores(names=None):
    """A row per setting over its runs, those of some names or all: mean, standard deviation, how many."""
    rows = runs if names is None else runs[runs.adapter.isin(names)]
    # A full fine-tune has no rank; infinity keeps it in a group of its own, the last of its weight types.
    rows = rows.assign(weight_types=rows.weight_types.map(spelt), rank=rows["rank"].fillna(np.inf))
    places = list(dict.fromkeys(zip(rows.task, rows.metric)))
    table = rows.groupby(["task", "metric", "weight_types", "rank"], sort=False).agg(
        trainable_parameters=("trainable_parameters", lambda of: of.iloc[0]),
        mean=("value", lambda of: nine(of.mean())),
        sd=("value", lambda of: nine(of.std())),
        runs=("value", "size"),
        each=("value", list),
        names=("adapter", list),
    )
    table = table.reset_index()
    if "items" in rows:
        table = with_error(table, rows)
    keys = zip(table.task, table.metric, table.weight_types, table["rank"])
    keys = [(places.index((task, metric)), *order(types), rank) for task, metric, types, rank in keys]
    table = table.assign(rank=table["rank"].replace(np.inf, np.nan).astype("Int64"))  # whole numbers, or none
    return table.iloc[sorted(range(len(table)), key=keys.__getitem__)].reset_index(drop=True)


def decimals(here):
    """As printed: two digits of the largest standard deviation, else as in the file; at most five digits in all."""
    most = max(0, 5 - len(str(int(here["mean"].abs().max()))))
    if here.sd.max() > 0:
        return min(most, 5, max(0, 1 - int(np.floor(np.log10(here.sd.max())))))
    written = [np.format_float_positional(nine(value), trim="-") for values in here.each for value in values]
    return min(most, max(len(value.partition(".")[2]) for value in written))


z = 1.959963984540054  # intervals are of 95 %
answers = read("answers.csv", dtype=dict(adapter=str, item=str)) if (folder / "answers.csv").exists() else None
if answers is not None:
    answers = answers.pivot(index="adapter", columns="item", values="right")


def wilson(share, items):
    """Wilson's interval of a share of so many items."""
    middle, half = share + z**2 / (2 * items), z * np.sqrt(share * (1 - share) / items + (z / (2 * items)) ** 2)
    return [(middle + side * half) / (1 + z**2 / items) for side in (-1, 1)]


def with_error(table, rows):
    """How many items a score is a share of, and its error by them alone; 100 is all of them where one is above 1."""
    settings = rows.groupby(["task", "metric", "weight_types", "rank"], sort=False)
    table["items"] = settings["items"].agg(lambda of: of.min() if of.notna().all() else np.nan).to_numpy()
    whole = rows.groupby(["task", "metric"]).value.transform("max").gt(1).map({True: 100.0, False: 1.0})
    table["whole"] = whole.groupby([rows.task, rows.metric, rows.weight_types, rows["rank"]], sort=False).first().to_numpy()
    table["share"] = np.clip(np.array([np.mean(each) for each in table.each]) / table.whole, 0, 1)
    low, high = wilson(table.share, table["items"])
    errors = np.sqrt(table.share * (1 - table.share) / table["items"])
    for name, values in {"standard_error": errors, "low": low, "high": high}.items():
        table[name] = [nine(value) if known else np.nan for value, known in zip(values * table.whole, table["items"].notna())]
    return table


def behind(best, other, sign, seeds):
    """How far a score is behind the best, and the lower end of the interval of that."""
    difference, step = sign * (np.mean(best["each"]) - np.mean(other["each"])), 0
    known = answers is not None and {*best["names"], *other["names"]} <= set(answers.index)
    if known:  # in pairs: the same items, each by all runs
        pairs = answers.loc[best["names"]].mean() - answers.loc[other["names"]].mean()
        variance, step = pairs.var() / len(pairs), 1 / len(pairs)
    else:  # Newcombe's interval
        above, below = (best, other) if sign > 0 else (other, best)
        low, high = wilson(above.share, above["items"])[0], wilson(below.share, below["items"])[1]
        variance = ((above.share - low) ** 2 + (high - below.share) ** 2) / z**2
    return difference, difference - best.whole * step - z * np.sqrt(best.whole**2 * variance + seeds)


def with_best(table, groups):
    """Marks the best of each group: where all have items the one that is ahead of each other by more than the
    error, else the best as printed, or none where all are alike."""
    table = table.assign(best=pd.Series(None, index=table.index, dtype=object))
    if "items" in table:
        table["behind"] = table["behind_low"] = np.nan
    for _, here in table.groupby(groups, sort=False):
        better, digits = higher_is_better[here.metric.iloc[0]], decimals(here)
        if better is None:
            continue
        sign = 1 if better else -1
        alone = (here.runs == 1) & (here.runs.max() > 1)  # a single run is not best beside means of several
        if len(here) > 1 and "items" in here and here["items"].notna().all():
            best = here.loc[(sign * here["each"].map(np.mean)).idxmax()]
            several = here[here.runs > 1]
            spread = ((several.runs - 1) * several.sd**2).sum() / max(1, (several.runs - 1).sum())
            others = here.drop(best.name)
            for place, other in others.iterrows():
                pair = behind(best, other, sign, spread * (1 / best.runs + 1 / other.runs))
                table.loc[place, ["behind", "behind_low"]] = [nine(value) for value in pair]
            table.loc[others.index, "best"] = False
            table.loc[best.name, "best"] = bool((table.behind_low[others.index] > 0).all() and not alone[best.name])
        else:
            printed = here["mean"].map(lambda mean: float(f"{mean:.{digits}f}")) * sign
            table.loc[here.index, "best"] = (printed == printed.max()) & (printed.min() < printed.max()) & ~alone
    columns = ["items", "standard_error", "low", "high", "behind", "behind_low"]
    known = [name for name in columns if name in table and table[name].notna().any()]
    plain = table.drop(columns=["each", "names", "whole", "share", *columns], errors="ignore")
    return plain.assign(**{name: table[name] for name in known})


def table5(names=None):
    """Weight types with one number of trainable parameters: that with most of them, then with most runs."""
    table = scores(names)
    budgets = table.groupby("trainable_parameters").agg(types=("weight_types", "nunique"), runs=("runs", "sum"))
    budget = min(budgets.itertuples(), key=lambda budget: (-budget.types, -budget.runs, budget.Index)).Index
    return with_best(table[table.trainable_parameters == budget].reset_index(drop=True), ["task", "metric"])


def table6(names=None):
    """Weight types and ranks; without a rank the weights themselves were trained."""
    return with_best(scores(names), ["task", "metric"])


def table18(names=None):
    """Ranks by several metrics, of tasks and weight types that have both."""
    table = scores(names)
    groups = table.groupby(["task", "weight_types"])
    several = (groups.metric.transform("nunique") > 1) & (groups["rank"].transform("nunique") > 1)
    return with_best(table[several].reset_index(drop=True), ["task", "weight_types", "metric"])

# %% curve
dashes = ["-", (0, (3.6, 1.6)), (0, (1.1, 1.3)), (0, (3.6, 1.4, 1.1, 1.4)), (0, (6.4, 1.8))]
markers = ["o", "s", "^", "D", "v", "P", "X", "*"]


def rank_curve(names=None, columns=4):
    """Scores over the rank: a panel per task and metric, a line per weight types with two ranks or more.

    A full fine-tune has no rank: it is level and dashed, beside the line of its weight types.
    """
    table = scores(names)
    ranks = table.groupby(["task", "metric", "weight_types"])["rank"].transform("count")
    table = table[ranks > 1].reset_index(drop=True)
    rebuilt["rank-curve"] = table.drop(columns=["each", "names"])
    lines = list(table.weight_types.drop_duplicates())
    panels = list(table.groupby(["task", "metric"], sort=False))
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(3.2 * columns + 1, 2.8 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, ((task, metric), panel) in zip(axes.flat, panels):
        for types, line in panel.groupby("weight_types", sort=False):
            place = lines.index(types)
            colour = palette(round(176 * place / max(1, len(lines) - 1)))
            for full in line[line["rank"].isna()].itertuples():
                axis.axhline(full.mean, color=colour, label=f"full: {symbols(types)}", linestyle="--", linewidth=0.9)
                if full.runs > 1:
                    axis.axhspan(full.mean - full.sd, full.mean + full.sd, color=colour, alpha=0.15, linewidth=0)
            line = line[line["rank"].notna()]
            beside = line["rank"].astype(float) * 1.03 ** (place - (len(lines) - 1) / 2)  # bars do not cover each other
            axis.errorbar(
                beside, line["mean"], yerr=line.sd, color=colour, label=symbols(types), capsize=2, elinewidth=0.8,
                linestyle=dashes[place % len(dashes)], marker=markers[min(place, len(markers) - 1)], markersize=5,
            )
            for x, values in zip(beside, line.each):
                if len(values) > 1:
                    axis.plot([x] * len(values), values, ".", color=colour, markersize=2)
        ranks = sorted(set(panel["rank"].dropna()))
        axis.set_xscale("log", base=2)
        step, last = -(-len(ranks) // 6), len(ranks) - 1  # labels do not touch
        labelled = [place == last or place % step == 0 and place + step <= last for place in range(len(ranks))]
        axis.set_xticks(ranks, labels=[rank if shown else "" for rank, shown in zip(ranks, labelled)])
        axis.minorticks_off()
        arrow = {True: " ↑", False: " ↓", None: ""}[higher_is_better[metric]]
        axis.set(title=f"{task}, {metric}{arrow}".replace("$", r"\$"), xlabel="$r$")
        axis.legend(fontsize="small")
    plt.show()


def symbols(types):
    """Weight types for a legend."""
    return ", ".join("$W$ " + name.replace("$", r"\$") for name in types.split("+"))

# %% amplification
amplification = read("amplification.csv")


def table7(projections, groups=()):
    """‖UᵀWV‖_F for the leading directions of ΔW, of W and random ones, and what follows from it.

    Every layer; the runs of a group are one line, with their mean and sample standard deviation.
    """
    label_of = {run: label for label, runs in groups for run in runs}
    lines = []
    for layer in amplification.layer.drop_duplicates().sort_values():
        for projection in projections:
            rows = at_layer(amplification, None if pd.isna(layer) else layer)
            rows = rows[rows.projection == projection]
            if rows.empty:
                continue
            rows = rows[rows.module == rows.module.iloc[0]]
            for name, of_name in rows.groupby(rows.adapter.replace(label_of), sort=False):
                delta, base, random = (of_name[of_name.directions == of] for of in ["delta", "base", "random"])
                trained = delta[delta.projected_norm.notna()]
                runs = trained if len(trained) else delta
                base, random = (rows[rows.adapter.isin(runs.adapter)] for rows in [base, random])
                lines.append(
                    {
                        "layer": layer,
                        "projection": projection,
                        "adapter": name,
                        "runs": len(runs),
                        "rank": runs["rank"].min(),
                        "delta_directions": runs.projected_norm.mean(),
                        "delta_directions_sd": runs.projected_norm.std(),
                        "base_directions": base.projected_norm.mean(),
                        "random_directions": random.projected_norm.mean(),
                        "random_directions_sd": random.projected_norm_sd.mean(),
                        "draws": random.draws.iloc[0],
                        "chance": runs.chance_projected_norm.mean(),
                        "base_norm": runs.base_norm.mean(),
                        "delta_norm": runs.delta_norm.mean(),
                        "amplification": runs.amplification.mean(),
                        "amplification_sd": runs.amplification.std(),
                        "chance_amplification": random.amplification.mean(),
                    }
                )
    return pd.DataFrame(lines)

# %% [markdown] every-module
# ## Every module
#
# `overlap.npz` has all grids, drawn or not. Each is an array i × j with the name
# `MODULE__BASIS__FIRST__SECOND`, with NaN where there is no value. This table has φ(1,1) of each.

# %% every-module-cells
with np.load(folder / "overlap.npz") as grids:
    first_cells = pd.DataFrame(
        [(*name.rsplit("__", 3), grids[name][0, 0]) for name in grids],
        columns=["module", "basis", "first", "second", "phi_1_1"],
    )
first_cells.pivot(index="module", columns=["basis", "first", "second"], values="phi_1_1")
