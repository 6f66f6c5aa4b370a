# %% lines
grey, bold = "#9a9a9a", palette(88)


def line_panels(titles, columns, xlabel):
    """Axes with titles, in rows."""
    rows = -(-len(titles) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.6 * columns, 2.4 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(titles) :]:
        axis.set_axis_off()
    for axis, title in zip(axes.flat, titles):
        axis.set(title=title.replace("$", r"\$"), xlabel=xlabel)
    return axes.flat[: len(titles)]

# %% placement
placement = read("placement.csv")


def share_of(adapters):
    """The share of ΔW in W's leading k of n directions, and the four blocks at ⌈n/10⌉ over their chance."""
    table = placement[placement.adapter.isin(adapters)].copy()
    side = (table.k / table.chance).where(table.side.isin(["out", "in"])).round()
    table["n"] = side.groupby(table.module).transform("min")
    table["part"] = table.k / table.n
    places = [(adapter, place) for adapter in adapters for place in ["out", "in", "both", "blocks"]]
    medians = []
    for axis, (adapter, place) in zip(line_panels([f"{place}, {name}" for name, place in places], 4, "$k/n$"), places):
        here = table[table.adapter == adapter]
        if place == "blocks":
            here = here[here.k == np.ceil(here.n / 10)].pivot(index="module", columns="side", values=["share", "chance"])
            blocks = {of: {"PP": part.both, "PQ": part.out - part.both, "QP": part["in"] - part.both,
                           "QQ": 1 - part.out - part["in"] + part.both}
                      for of in ["share", "chance"] for part in [here[of]]}
            over = pd.DataFrame(blocks["share"]) / pd.DataFrame(blocks["chance"])
            low, middle, high = (over.quantile(part) for part in [0.25, 0.5, 0.75])
            axis.bar(over.columns, middle, yerr=[middle - low, high - middle], color=grey, capsize=3)
            axis.axhline(1, color="black", linestyle="--", label="chance")
            axis.set_xlabel(r"$k = \lceil n/10 \rceil$")
        else:
            here = here[here.side == place]
            for _, line in here.groupby("module"):
                axis.plot(line.part, line.share, color=grey, linewidth=0.6)
            middle = here.groupby("part")[["share", "chance", "sd"]].median()
            medians.append(middle.reset_index().assign(adapter=adapter, side=place))
            axis.fill_between(middle.index, middle.chance - 2 * middle.sd, middle.chance + 2 * middle.sd, color="#ddd")
            axis.plot(middle.index, middle.chance, color="black", linestyle="--", label="chance")
            axis.plot(middle.index, middle.share, color=bold, linewidth=2, label="median")
            axis.set_xscale("log")
            axis.set_ylim(0)
        axis.legend(fontsize="small")
    rebuilt["placement"] = pd.concat(medians)
    plt.show()

# %% seed-curves
def seed_curves(name, basis, pairs, layers, projections):
    """φ(k,k) between runs of different seeds: pairs thin, their mean bold, k/d dashed."""
    places = [(layer, projection) for projection in projections for layer in layers]
    titles = [f"{projection}, layer {layer}" for layer, projection in places]
    means = []
    for axis, (layer, projection) in zip(line_panels(titles, len(layers), "$k$"), places):
        diagonals, chances = [], []
        for first, second in pairs:
            phi, chance = grid(basis, first, second, layer, projection)
            most = min(phi.shape)
            diagonals.append(np.diag(phi.reindex(index=phi.index[:most], columns=phi.columns[:most])))
            chances.append(np.diag(chance.iloc[:most, :most]))
            axis.plot(phi.index[:most], diagonals[-1], color=grey, linewidth=0.6)
        k = phi.index[:most]
        mean = np.mean(diagonals, axis=0)
        axis.plot(k, mean, color=bold, linewidth=2, label="mean")
        axis.plot(k, chances[0], color="black", linestyle="--", label="chance")
        axis.set_xscale("log", base=2)
        axis.set_ylim(0)
        axis.legend(fontsize="small")
        means.append(pd.DataFrame({"layer": layer, "projection": projection, "k": k, "mean": mean}))
    rebuilt[name] = pd.concat(means)
    plt.show()

# %% amplification-curve
def amplification_curve(projections, groups=()):
    """The factor of table 7 over that of random updates, by layer; of a group's runs the geometric mean.

    Grey: two standard deviations of the draws, of a group those of its first run.
    """
    table = amplification.drop_duplicates(["layer", "projection", "adapter", "directions"]).copy()
    table["line"] = table.adapter.replace({run: label for label, runs in groups for run in runs})
    table["over"] = (table.chance_projected_norm / table.projected_norm).where(table.projected_norm > 0)
    table["reach"] = 2 * table.projected_norm_sd / table.chance_projected_norm
    trained = table[(table.directions == "delta") & table.over.notna()].sort_values("layer", kind="stable")
    by_line = trained.groupby(["projection", "line", "layer"], sort=False, dropna=False)
    lines = by_line.over.agg(lambda over: np.exp(np.log(over).mean())).reset_index()
    rebuilt["amplification"] = lines
    places = {line: rows for line, rows in table[table.adapter.isin(trained.adapter)].groupby("line", sort=False)}
    projections = [projection for projection in projections if (lines.projection == projection).any()]
    for axis, projection in zip(line_panels(projections, min(4, len(projections)), "layer"), projections):
        is_dense = table[table.projection == projection].layer.nunique() > 12
        for place, (name, rows) in enumerate(places.items()):
            here = lines[(lines.projection == projection) & (lines.line == name)]
            random = rows[(rows.projection == projection) & (rows.directions == "random") & rows.reach.notna()]
            random = random[random.adapter.isin(random.adapter.head(1))].sort_values("layer")
            above = (1 / (1 - random.reach)).where(random.reach < 1)
            axis.fill_between(random.layer, 1 / (1 + random.reach), above, color="black", alpha=0.1, linewidth=0)
            colour = palette(round(176 * place / max(1, len(places) - 1)))
            runs = rows.adapter.nunique()
            label = name + (f" ({runs} runs)" if runs > 1 else "")
            axis.plot(here.layer, here.over, "-" if is_dense and len(here) > 1 else "o-", color=colour,
                      label=label.replace("$", r"\$"))
        axis.axhline(1, color="black", linestyle="--", label="random")
        axis.set_yscale("log")
        axis.legend(fontsize="small")
    plt.show()

# %% trajectory
trajectory = read("trajectory.csv")


def courses(most=5):
    """Norm, φ with the last checkpoint on both sides, and φ of A with its start, else with the checkpoint before.

    Medians over modules with quartiles, a line a run; dashed: the mean of random directions.
    """
    last = "similarity_to_last"
    runs = trajectory.adapter.drop_duplicates().head(most)
    has_start = runs.isin(trajectory[trajectory.similarity_to_start.notna()].adapter).all()
    fourth = ("φ of A to its start", "a", "similarity_to_start")
    if not has_start:
        fourth = ("φ to previous, output side", "delta-left", "similarity_to_previous")
    shown = [("‖ΔW‖", "delta-left", "norm"), ("φ to last, output side", "delta-left", last),
             ("φ to last, input side", "delta-right", last), fourth]
    medians = []
    for axis, (title, basis, column) in zip(line_panels([title for title, _, _ in shown], 4, "step"), shown):
        here = trajectory[trajectory.basis == basis]
        for place, run in enumerate(runs):
            rows = here[(here.adapter == run) & here[column].notna()]
            if rows.empty:
                continue
            low, middle, high = (rows.groupby("step")[column].quantile(part) for part in [0.25, 0.5, 0.75])
            colour = palette(round(176 * place / max(1, len(runs) - 1)))
            axis.fill_between(middle.index, low, high, color=colour, alpha=0.2, linewidth=0)
            axis.plot(middle.index, middle, "o-" if len(middle) < 13 else "-", color=colour, label=run.replace("$", r"\$"))
            if column != "norm":
                axis.axhline(here[here.adapter == run].chance.median(), color="black", linestyle="--",
                             label=None if place else "chance")
            medians.append(middle.rename("median").reset_index().assign(adapter=run, panel=title))
        axis.set_ylim(0)
        axis.legend(fontsize="small")
    rebuilt["trajectory"] = pd.concat(medians)
    plt.show()

# %% ranks-of
ranks_of = read("ranks.csv")

# %% spectra
spectrum = read("spectrum.csv")
marks = {"numerical_rank": "|", "energy_rank_90": "^", "effective_rank": "o"}


def spectra(adapters, layers, projections):
    """σ of W in grey and of each ΔW; marks at its numerical (|), energy (^) and effective rank (o)."""
    places = [(layer, projection) for projection in projections for layer in layers]
    titles = [f"{projection}, layer {layer}" for layer, projection in places]
    drawn = []
    for axis, (layer, projection) in zip(line_panels(titles, len(layers), "index"), places):
        here = at_layer(spectrum, layer)
        here = here[here.projection == projection]
        here = here[here.module.isin(here.module.head(1))]
        for place, matrix in enumerate(["base", *adapters]):
            line = here[here.matrix == matrix]
            if line.empty:
                continue
            colour = grey if matrix == "base" else palette(round(176 * (place - 1) / max(1, len(adapters) - 1)))
            axis.plot(line["index"], line.sigma, color=colour, label=matrix.replace("$", r"\$"))
            known = ranks_of[(ranks_of.module == line.module.iloc[0]) & (ranks_of.matrix == matrix)]
            for column, mark in marks.items():
                at = known[column][known[column] <= line["index"].max()]
                axis.plot(at, np.interp(at, line["index"], line.sigma), mark, color=colour, fillstyle="none")
            drawn.append(line)
        axis.set(xscale="log", yscale="log", ylabel="σ")
        axis.legend(fontsize="small")
    rebuilt["spectrum"] = pd.concat(drawn)
    plt.show()

# %% sizes
def sizes(adapters, most=12):
    """‖ΔW‖ over ‖W‖, stable rank, energy rank and the share of the first direction, over layers and modules."""
    table = ranks_of.drop_duplicates(["layer", "projection", "matrix"]).copy()
    norm = "‖ΔW‖/‖W‖" if table.relative_norm.notna().any() else "‖ΔW‖"
    table[norm] = table.relative_norm if norm == "‖ΔW‖/‖W‖" else table.frobenius_norm
    table = table[table.matrix.isin(adapters)]
    named = {"stable_rank": "stable rank", "energy_rank_90": "energy rank", "top1_share": "first direction"}
    table = table.rename(columns=named)
    table["layer"] = table.layer.fillna(-1).astype(int)
    shown = [norm, "stable rank", "energy rank", "first direction"]
    names = [*table.projection.drop_duplicates()]
    layers = sorted(table.layer.unique())
    size = (2.6 * len(shown), 1 + 2.4 * len(adapters))
    figure, axes = plt.subplots(len(adapters), len(shown), figsize=size, squeeze=False, layout="constrained")
    for row, adapter in zip(axes, adapters):
        for axis, quantity in zip(row, shown):
            cells = table[table.matrix == adapter].pivot(index="layer", columns="projection", values=quantity)
            cells = cells.reindex(index=layers, columns=names)
            image = axis.imshow(cells, cmap=palette, vmin=0, vmax=table[quantity].max(), aspect="auto")
            figure.colorbar(image, ax=axis)
            axis.set_title(quantity, fontsize="small")
            axis.set_xticks(range(len(names)), [name.replace("$", r"\$") for name in names], rotation=90)
            step = -(-len(layers) // most)
            axis.set_yticks(range(0, len(layers), step), layers[::step])
        row[0].set_ylabel(adapter.replace("$", r"\$"))
    rebuilt["sizes"] = table[["layer", "projection", "matrix", *shown]]
    plt.show()

# %% many-maps
pairs = read("pairs.csv")


def many_maps(name, shown, order, sides):
    """Mean excess of each two adapters over layers: one side of ΔW below the diagonal, the other above it."""
    means = pairs[pairs.module == "mean"].fillna({"component": "", "projection": ""})
    place = {adapter: number for number, adapter in enumerate(order)}
    maps = []
    for component, projection in shown:
        here = means[(means.component == component) & (means.projection == projection)]
        cells = np.full((len(order), len(order)), np.nan)
        for basis, is_above in zip(sides, [False, True]):
            for row in here[here.basis == basis].itertuples():
                one, other = sorted([place[row.first], place[row.second]], reverse=not is_above)
                cells[one, other] = row.excess
        maps.append(cells)
    figure, axes = plt.subplots(
        1, len(maps), figsize=(1 + 3.2 * len(maps), 3.2), squeeze=False, layout="constrained"
    )
    most = np.nanmax([np.nanmax(cells) for cells in maps])
    for axis, cells, (_, projection) in zip(axes.flat, maps, shown):
        image = axis.imshow(cells, cmap=palette, vmin=0, vmax=max(most, 1e-9))
        axis.set_title(projection.replace("$", r"\$"))
        axis.set(xticks=[], yticks=[])
        axis.set_xlabel(f"below {sides[0]}, above {sides[1]}", fontsize="small")
    if len(order) <= 50:
        names = [adapter.replace("$", r"\$") for adapter in order]
        axes[0, 0].set_yticks(range(len(order)), names, fontsize="x-small")
    figure.colorbar(image, ax=[*axes.flat], label="excess")
    rebuilt[name] = maps
    plt.show()
