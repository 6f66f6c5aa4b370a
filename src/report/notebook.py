# %% [markdown] title
# # {{title}}
#
# Every figure and table of the study *{{study}}* again, from the tables beside this notebook, with
# pandas and matplotlib: change a call, a mask, a colour, and run it. Made by lora-subspace
# {{version}}; the next run makes it anew, so keep your changes under another name.
#
# `rebuilt` gathers what was rebuilt, by the name of its figure or table.

# %% setup
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap

folder = Path(".")  # where the tables are
rebuilt = {}


def read(name):
    """A table beside this notebook; empty fields become NaN."""
    return pd.read_csv(folder / name)


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


def show(name, panels, columns=4, low=0.0, high=None):
    """Draws panels (title, φ, chance) in rows with one colour bar; the bracket on it is chance."""
    rebuilt[name] = [phi.to_numpy() for _, phi, _ in panels]
    values = np.concatenate([phi[~np.isnan(phi)] for phi in rebuilt[name]])
    high = high or max(0.1, np.ceil(values.max(initial=0.1) * 10 - 1e-9) / 10)
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.3 * columns + 1, 2.5 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, (title, phi, _) in zip(axes.flat, panels):
        extent = (phi.columns[0] - 0.5, phi.columns[-1] + 0.5, phi.index[-1] + 0.5, phi.index[0] - 0.5)
        image = axis.imshow(phi, cmap=palette, vmin=low, vmax=high, aspect="auto", extent=extent, interpolation="none")
        axis.set(title=title, xlabel="$j$", ylabel="$i$")
    bar = figure.colorbar(image, ax=axes, shrink=0.7, label=r"$\varphi(i, j)$")
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
    """Figures 4 and 7: two seeds; in figure 4 random directions beside them."""
    panels = []
    both = (overlap["first"] == "random") & (overlap["second"] == "random")
    against = "random" if both.any() else second  # published ones may be random on both sides
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
    low, high = np.floor(np.nanmin(values) * 100) / 100, np.ceil(np.nanmax(values) * 100) / 100
    show(name, [*panels, ("$i/d$", chance, chance)], columns=len(panels) + 1, low=low, high=high)

# %% amplification
amplification = read("amplification.csv")


def table7(layer, projections):
    """‖UᵀWV‖_F for the leading directions of ΔW, of W and random ones, and what follows from it."""
    lines = []
    for projection in projections:
        rows = at_layer(amplification, layer)
        rows = rows[rows.projection == projection]
        if rows.empty:
            continue
        rows = rows[rows.module == rows.module.iloc[0]]
        for adapter, of_adapter in rows.groupby("adapter", sort=False):
            delta, base, random = (of_adapter[of_adapter.directions == name].iloc[0] for name in ["delta", "base", "random"])
            lines.append(
                {
                    "layer": layer,
                    "projection": projection,
                    "adapter": adapter,
                    "rank": delta["rank"],
                    "delta_directions": delta.projected_norm,
                    "base_directions": base.projected_norm,
                    "random_directions": random.projected_norm,
                    "random_directions_sd": random.projected_norm_sd,
                    "draws": random.draws,
                    "chance": delta.chance_projected_norm,
                    "base_norm": delta.base_norm,
                    "delta_norm": delta.delta_norm,
                    "amplification": delta.delta_norm / delta.projected_norm,
                    "chance_amplification": delta.delta_norm / delta.chance_projected_norm,
                }
            )
    return pd.DataFrame(lines)

# %% [markdown] every-module
# ## Every module
#
# `overlap.npz` has all grids, drawn or not, under `MODULE__BASIS__FIRST__SECOND`: i × j, NaN where
# there is no value. Here φ(1,1) of each.

# %% every-module-cells
with np.load(folder / "overlap.npz") as grids:
    first_cells = pd.DataFrame(
        [(*name.rsplit("__", 3), grids[name][0, 0]) for name in grids],
        columns=["module", "basis", "first", "second", "phi_1_1"],
    )
first_cells.pivot(index="module", columns=["basis", "first", "second"], values="phi_1_1")
