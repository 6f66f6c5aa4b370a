// The map of modules: layers by projections as buttons, and the numbers of the module chosen.

const map = document.getElementById("map");
const hues = 7;
const dashes = ["", "7 3", "2 3", "9 3 2 3", "14 4", "9 2 2 2 2 2", "4 5"];
const short = (value) => (value === null || value === undefined ? "–" : typeof value === "number" ? minus(digits(value, 4)) : String(value));

/// How the line of a matrix looks: W is plain and thick. Of the others no two in 49 are alike, and
/// neighbours differ in colour and dashes.
function lineStyle(matrix, at) {
  if (matrix === "base") return { stroke: "var(--ink)", "stroke-width": 2.4 };
  const round = Math.floor(at / hues);
  return { stroke: `var(--line-${at % hues})`, "stroke-dasharray": dashes[(at + round) % dashes.length] };
}

/// ‖·‖_F with its subscript.
function norms(text) {
  return text.split("_F").flatMap((part, at) => (at ? [element("sub", {}, "F"), part] : [part]));
}

function table(header, rows, words) {
  const cell = (tag, text, at, more) => element(tag, at >= words ? { class: "number", ...more } : more, ...norms(short(text)));
  const head = element("tr", {}, ...header.map((name, at) => cell("th", name, at, { scope: "col" })));
  const body = rows.map((row) => element("tr", {}, ...row.map((text, at) =>
    at ? cell("td", text, at, {}) : cell("th", text, at, { scope: "row" }))));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": header[0] },
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/// σ of every matrix over its index, on logarithmic axes.
function spectrum(spectra) {
  const [left, top, width, height] = [46, 10, 380, 190];
  const values = spectra.flatMap(([, sigma]) => sigma).filter((value) => value > 0);
  const longest = Math.max(...spectra.map(([, sigma]) => sigma.length), 2);
  // What lies a millionth below the largest is rounding, and would flatten the rest.
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const low = Math.max(Math.min(Math.floor(Math.log10(Math.min(...values))), high - 1), high - 6);
  const x = (index) => left + (width * Math.log(index)) / Math.log(longest);
  const y = (value) => top + (height * (high - Math.log10(Math.max(value, 10 ** low)))) / (high - low);
  const image = svg("svg", { class: "spectrum", viewBox: `0 0 ${left + width + 10} ${top + height + 36}`, role: "img",
    "aria-label": "singular values over their index; the table below has the first of each" });
  for (let power = low; power <= high; power++) {
    image.append(svg("path", { class: "grid", d: `M${left} ${y(10 ** power)}h${width}` }),
      svg("text", { x: left - 6, y: y(10 ** power) + 4, "text-anchor": "end" }, minus(`1e${power}`)));
  }
  for (let index = 1; index <= longest; index *= 2)
    image.append(svg("text", { x: x(index), y: top + height + 15, "text-anchor": "middle" }, String(index)));
  image.append(svg("text", { x: left + width / 2, y: top + height + 31, "text-anchor": "middle" }, "index of σ"));
  spectra.forEach(([matrix, sigma], at) => {
    const points = sigma.map((value, index) => `${x(index + 1).toFixed(1)} ${y(value).toFixed(1)}`);
    image.append(svg("path", { d: `M${points.join("L")}`, ...lineStyle(matrix, at) }));
  });
  return image;
}

function spectrumKey(spectra) {
  const keys = spectra.map(([matrix], at) => {
    const line = svg("svg", { width: 44, height: 8, "aria-hidden": "true" },
      svg("path", { d: "M0 4h44", "stroke-width": 2, ...lineStyle(matrix, at) }));
    return element("li", {}, line, ` ${matrix === "base" ? "base (W)" : matrix}`);
  });
  return element("ul", { class: "key small", "aria-label": "lines" }, ...keys);
}

/// The panels of all figures that show this module, each grid once.
function drawnPanels(path, say) {
  return data.figures.filter(Boolean).flatMap((figure) => {
    const panels = figure.rows.flatMap((row) => row.panels).filter((panel) => panel.module === path);
    if (!panels.length) return [];
    return [element("h4", {}, figure.title),
      element("div", { class: "row" }, ...panels.map((panel) => heatMap(panel, figure.bar, figure.aspect, say)))];
  });
}

function showModule(module, place) {
  const readout = element("output", { class: "readout", "aria-live": "polite" });
  const parts = [element("h3", {}, module.path),
    element("p", { class: "small" }, `${module.shape[0]} × ${module.shape[1]}${module.layer === null ? "" : `, layer ${module.layer}`}, ${module.projection}`)];
  if (module.spectra.length) {
    parts.push(element("h4", {}, "Singular values σ"), element("div", { class: "plot-and-key" },
      spectrum(module.spectra), spectrumKey(module.spectra)), element("details", {},
      element("summary", {}, "Largest σ"),
      table(["matrix", "σ₁", "σ₂", "σ₃", "σ₄", "σ₅", "σ₆"],
        module.spectra.map(([matrix, sigma]) => [matrix, ...[0, 1, 2, 3, 4, 5].map((at) => sigma[at])]), 1)));
    for (const [matrix, , bound] of module.spectra)
      if (matrix === "base" && bound !== null)
        parts.push(element("p", { class: "small" }, `W's leading ${bound[0]} directions are within sin θ ≤ ${short(bound[1])} of the true ones.`));
  }
  if (module.ranks.length)
    parts.push(table(["matrix", "numerical rank", "stable", "effective", "energy 90 %", "‖·‖_F", "σ₁"], module.ranks, 1));
  if (module.amplification.length)
    parts.push(table(["adapter", "directions", "r", "‖UᵀWV‖_F", "chance", "‖ΔW‖_F", "amplification"],
      module.amplification, 2));
  if (module.overlaps.length)
    parts.push(element("details", {}, element("summary", {}, `Overlaps: ${module.overlaps.length} grids`),
      table(["first", "second", "basis", "i", "j", "φ(1,1)", "chance", "φ(i,j)", "chance"], module.overlaps, 3)));
  const panels = drawnPanels(module.path, (text) => { readout.textContent = text; });
  parts.push(...panels, ...(panels.length ? [readout] : []));
  place.replaceChildren(...parts);
  fitAll(place);
}

/// White or black, whichever is read better on a colour.
function inkOn(hex) {
  const [red, green, blue] = hex.slice(1).match(/../g).map((pair) => (parseInt(pair, 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
}

function moduleMap({ list, projections, quantities }) {
  const layers = [...new Set(list.map((module) => module.layer))];
  const place = element("div", { class: "module", "aria-live": "polite" });
  const buttons = list.map((module) => {
    const button = element("button", { type: "button", "aria-pressed": "false", tabindex: -1, title: module.path });
    button.addEventListener("click", () => choose(button));
    return button;
  });
  const choose = (button) => {
    for (const other of buttons) {
      other.setAttribute("aria-pressed", String(other === button));
      other.tabIndex = other === button ? 0 : -1;
    }
    showModule(list[buttons.indexOf(button)], place);
  };
  const rows = layers.map((layer) => element("tr", {}, element("th", { scope: "row" }, layer === null ? "–" : String(layer)),
    ...projections.map((projection) => element("td", {}, ...buttons.filter((_, at) =>
      list[at].layer === layer && list[at].projection === projection)))));
  const head = element("tr", {}, element("th", { scope: "col" }, "layer"), ...projections.map((name) => element("th", { scope: "col" }, name)));
  const matrix = element("div", { class: "matrix" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  matrix.addEventListener("keydown", (event) => walk(event, matrix));
  const groups = [...new Set(quantities.map(({ group }) => group))];
  const choice = element("select", {}, ...groups.map((group) => element("optgroup", { label: group },
    ...quantities.flatMap((quantity, at) => (quantity.group === group ? [element("option", { value: at }, `${group}: ${quantity.label}`)] : [])))));
  const key = element("div", { class: "map-key" });
  const paintMap = () => colourButtons(quantities[choice.value], buttons, list, key);
  choice.addEventListener("change", paintMap);
  map.replaceChildren(element("label", {}, "Coloured by ", choice), key, matrix, place);
  if (quantities.length) paintMap();
  choose(matrix.querySelector("button"));
}

function colourButtons(quantity, buttons, list, key) {
  const known = quantity.values.filter((value) => value !== null);
  const low = Math.min(...known), high = Math.max(...known);
  buttons.forEach((button, at) => {
    const value = quantity.values[at];
    const shade = value === null ? "" : colour(value, { low, high: high > low ? high : low + 1 });
    button.style.background = shade;
    button.style.color = shade && inkOn(shade);
    button.textContent = value === null ? "–" : minus(digits(value, 3));
    button.setAttribute("aria-label", `${list[at].path}: ${button.textContent}`);
  });
  const name = `${quantity.group}, ${quantity.label}`;
  const words = low === high ? `${name}: ${minus(digits(low, 3))} everywhere` : name;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => low + part * (high - low));
  const bar = { low, high, ticks: ticks.map((value) => [value, digits(value, 2)]) };
  key.replaceChildren(element("p", { class: "small" }, words), ...(low < high ? [colourBar(bar)] : []));
}

/// Arrow keys walk over the buttons of the matrix, past cells without one.
function walk(event, matrix) {
  const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  const cell = event.target.closest("td");
  if (!step || !cell) return;
  event.preventDefault();
  // Modules of one layer and name share a cell.
  const beside = [...cell.children][[...cell.children].indexOf(event.target) + step[0]];
  if (step[0] && beside) return beside.focus();
  const rows = matrix.querySelectorAll("tbody tr");
  let [i, j] = [cell.parentNode.rowIndex - 1 + step[0], cell.cellIndex + step[1]];
  while (rows[i] && rows[i].cells[j] && j > 0) {
    const button = rows[i].cells[j].querySelector("button");
    if (button) return button.focus();
    i += step[0];
    j += step[1];
  }
}

if (map && data.modules.list.length) moduleMap(data.modules);
