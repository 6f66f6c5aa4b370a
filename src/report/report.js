// Heat maps: drawn from the data at the end of the page, with a value on every cell, by pointer and
// by keyboard. `modules.js` follows in the same script.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip");
const split = (hex) => hex.match(/.{6}/g).map((colour) => "#" + colour);
const colours = split(data.colours);
/// A bar's own colours, or the page's.
const coloursOf = (bar) => (bar.colours ? (bar.split ??= split(bar.colours)) : colours);

/// An element with attributes and children; texts become text nodes, never markup.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/// Text with italics (1) and subscripts (2).
function rich(runs) {
  return runs.map(([text, style]) => {
    const inner = style & 1 ? element("i", {}, text) : text;
    return style & 2 ? element("sub", {}, inner) : inner;
  });
}

/// The same without: ΔW_q.
function bare(runs) {
  let low = 0;
  return runs.map(([text, style]) => {
    const mark = style & 2 && !low ? "_" : "";
    low = style & 2;
    return mark + text;
  }).join("");
}

/// A panel's title and what tells it from others of the same.
const named = (panel) => bare(panel.title) + (panel.note ? `, ${panel.note}` : "");

function colour(value, bar) {
  const place = (value - bar.low) / (bar.high - bar.low);
  return coloursOf(bar)[Math.round(255 * Math.min(1, Math.max(0, place)))];
}

const digits = (value, count) => Number(value.toPrecision(count));

/// A number with the sign that people read.
const minus = (value) => String(value).replaceAll("-", "−");

/// What a cell says, one line a fact. Cells count from 1, directions from the panel's first.
function describe(panel, bar, row, column) {
  const [, columns] = panel.shape;
  const at = (row - 1) * columns + column - 1;
  const [i, j] = [row + panel.first[0] - 1, column + panel.first[1] - 1];
  const value = panel.cells[at];
  const lines = [`${named(panel)}: i = ${i}, j = ${j}`];
  if (value === null) return [...lines, "no value: not drawn, or beyond a numerical rank"];
  if (panel.dimension === null) return [...lines, `chance = ${minus(value)}`];
  const chance = digits(Math.max(i, j) / panel.dimension, 9);
  if (bar.shows === "excess") lines.push(`(φ − chance)/(1 − chance) = ${minus(value)}`, `chance ${minus(digits(chance, 4))}`);
  else lines.push(`φ = ${minus(value)}`, `chance ${minus(digits(chance, 4))}; φ is ${minus(digits(value / chance, 3))} × chance`);
  if (panel.marked.some(([first, count]) => at >= first && at < first + count))
    lines.push(panel.mark);
  return lines;
}

function paint(panel, bar, aspect) {
  const [rows, columns] = panel.shape;
  const wide = Math.max(1, Math.round(480 / columns));
  const high = Math.max(1, Math.round((480 * aspect) / rows));
  const canvas = element("canvas", { width: columns * wide, height: rows * high, "aria-hidden": "true" });
  const pen = canvas.getContext("2d");
  panel.cells.forEach((value, at) => {
    if (value === null) return;
    pen.fillStyle = colour(value, bar);
    pen.fillRect((at % columns) * wide, Math.floor(at / columns) * high, wide, high);
  });
  hatch(pen, panel, wide, high);
  return canvas;
}

/// Diagonals over cells that are not sure.
function hatch(pen, panel, wide, high) {
  if (!panel.marked.length) return;
  const columns = panel.shape[1];
  const { width, height } = pen.canvas;
  pen.save();
  pen.beginPath();
  for (const [first, count] of panel.marked)
    for (let at = first; at < first + count; at++)
      pen.rect((at % columns) * wide, Math.floor(at / columns) * high, wide, high);
  pen.clip();
  for (const [style, line] of [["#fff", 5], ["#222", 2]]) {
    pen.strokeStyle = style;
    pen.lineWidth = line;
    pen.beginPath();
    for (let x = -height; x < width; x += 18) {
      pen.moveTo(x, height);
      pen.lineTo(x + height, 0);
    }
    pen.stroke();
  }
  pen.restore();
}

/// What chance is along the edges of a panel: below it by column, beside it by row.
function edges(panel, bar) {
  return ["below", "beside"].flatMap((side, at) => {
    const chances = panel.edges[at];
    if (!chances.length) return [];
    const stops = chances.map((chance) => colour(chance, bar)).join(",");
    const strip = element("div", { class: "edge " + side, title: "chance" });
    strip.style.background = `linear-gradient(to ${side === "below" ? "right" : "bottom"}, ${stops}, ${stops.split(",").pop()})`;
    return [strip];
  });
}

function axis(side, axis, count) {
  const start = side === "x" ? "left" : "top";
  const room = side === "x" ? ["var(--left)", "100% - var(--left)"] : ["0rem", "100% - 2.1rem"];
  const ticks = axis.ticks.map(([cell, label]) => {
    const tick = element("span", { class: side + " tick" }, label);
    tick.style[start] = `calc(${room[0]} + (${room[1]}) * ${(cell - 0.5) / count})`;
    return tick;
  });
  return [...ticks, element("span", { class: side + " tick letter" }, ...rich(axis.label))];
}

/// Where an arrow key and its like lead from a cell.
function moved(key, [i, j], [rows, columns]) {
  const to = {
    ArrowUp: [i - 1, j], ArrowDown: [i + 1, j], ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1],
    PageUp: [i - 10, j], PageDown: [i + 10, j], Home: [i, 1], End: [i, columns],
  }[key];
  const within = (at, most) => Math.min(most, Math.max(1, at));
  return to && [within(to[0], rows), within(to[1], columns)];
}

/// A panel with its axes. `say` is told what the cell under the pointer or the cursor says.
function heatMap(panel, bar, aspect, say) {
  const [rows, columns] = panel.shape;
  const cursor = element("div", { class: "cursor", hidden: "" });
  const plot = element("div", {
    class: "plot", tabindex: 0, role: "application", "aria-roledescription": "heat map",
    "aria-label": `${named(panel)}, ${rows} by ${columns} cells; arrow keys move`,
  }, paint(panel, bar, aspect), cursor);
  if (!panel.narrow) plot.style.aspectRatio = `1 / ${aspect}`;
  let chosen = null;
  const show = ([i, j], pointer) => {
    cursor.hidden = false;
    cursor.style.left = `${(100 * (j - 0.5)) / columns}%`;
    cursor.style.top = `${(100 * (i - 0.5)) / rows}%`;
    cursor.style.width = `${100 / columns}%`;
    cursor.style.height = `${100 / rows}%`;
    const lines = describe(panel, bar, i, j);
    say(lines.join("; "));
    showTip(lines, pointer || cursor.getBoundingClientRect());
  };
  const under = (event) => {
    const box = plot.getBoundingClientRect();
    const cell = (part, count) => Math.min(count, Math.max(1, Math.ceil(part * count)));
    return [cell((event.clientY - box.top) / box.height, rows), cell((event.clientX - box.left) / box.width, columns)];
  };
  const leave = () => {
    tip.hidden = true;
    cursor.hidden = true;
  };
  plot.addEventListener("pointermove", (event) => show(under(event), { right: event.clientX, bottom: event.clientY }));
  plot.addEventListener("pointerdown", (event) => { chosen = under(event); });
  plot.addEventListener("pointerleave", () => (document.activeElement === plot && chosen ? show(chosen) : leave()));
  plot.addEventListener("focus", () => { chosen ??= [1, 1]; show(chosen); });
  plot.addEventListener("blur", leave);
  plot.addEventListener("keydown", (event) => {
    if (event.key === "Escape") tip.hidden = true;
    const next = !event.ctrlKey && !event.metaKey && !event.altKey && moved(event.key, chosen, panel.shape);
    if (!next) return;
    event.preventDefault();
    show((chosen = next));
  });
  const made = element("div", { class: panel.narrow ? "panel narrow" : "panel" },
    element("div", { class: "panel-title" }, ...rich(panel.title), element("small", {}, panel.note)),
    element("div", { class: "framed" }, plot, ...edges(panel, bar), ...axis("x", panel.x, columns), ...axis("y", panel.y, rows)));
  // Room for longer numbers beside the letter of the axis.
  const longest = Math.max(2, ...panel.y.ticks.map(([, label]) => label.length));
  made.style.setProperty("--left", `${2 + 0.45 * (longest - 2)}rem`);
  return made;
}

function showTip(lines, near) {
  tip.textContent = lines.join("\n");
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(near.right + 14, innerWidth - width - 6);
  const below = near.bottom + 16;
  tip.style.left = `${Math.max(6, left)}px`;
  tip.style.top = `${below + height > innerHeight ? near.bottom - height - 20 : below}px`;
}

function colourBar(bar) {
  const percent = (value) => 100 * Math.min(1, Math.max(0, (value - bar.low) / (bar.high - bar.low)));
  const strip = element("div", { class: "colours" });
  strip.style.background = `linear-gradient(to right, ${coloursOf(bar).join(",")})`;
  const ticks = bar.ticks.map(([value, label]) => {
    const tick = element("span", { class: "x tick" }, minus(label));
    tick.style.left = `${percent(value)}%`;
    return tick;
  });
  const parts = [strip, ...ticks];
  if (bar.chance) {
    const [low, high] = bar.chance;
    const bracket = element("span", { class: "chance" });
    const range = (low < high ? [low, high] : [low]).map((level) => minus(digits(level, 3))).join(" to ");
    const word = element("span", { class: "word" }, `chance ${range}`);
    bracket.style.left = `${percent(low)}%`;
    bracket.style.width = `${percent(high) - percent(low)}%`;
    word.style.left = `min(${percent(low)}%, 100% - 10rem)`;
    parts.push(bracket, word);
  }
  return element("div", { class: "bar", role: "img", "aria-label": `colours from ${bar.low} to ${bar.high}` }, ...parts);
}

function panelRows(rows, bar, aspect, say) {
  return rows.flatMap(({ label, panels }) => {
    const row = element("div", { class: "row" }, ...panels.map((panel) => heatMap(panel, bar, aspect, say)));
    return label && label.length ? [element("div", { class: "row-label" }, ...rich(label)), row] : [row];
  });
}

/// The values of some columns of a panel, from one up to before another.
function valuesTable(panel, from, to) {
  const [rows, columns] = panel.shape;
  const head = element("tr", {}, element("th", {}, "i \\ j"));
  for (let j = from; j < to; j++) head.append(element("th", { scope: "col", class: "number" }, String(j + panel.first[1])));
  const body = element("tbody");
  for (let i = 0; i < rows; i++) {
    const line = element("tr", {}, element("th", { scope: "row" }, String(i + panel.first[0])));
    for (let j = from; j < to; j++)
      line.append(element("td", { class: "number" }, minus(panel.cells[i * columns + j] ?? "–")));
    body.append(line);
  }
  return element("table", {}, element("thead", {}, head), body);
}

/// All values of a panel, made when somebody opens it: as many columns beside each other as fit.
function valuesTables(panel, room) {
  const columns = panel.shape[1];
  const longest = panel.cells.reduce((most, value) => Math.max(most, String(value ?? "–").length), 3);
  const beside = Math.max(1, Math.min(columns, Math.floor((room - 76) / (longest * 9 + 21))));
  const each = Math.ceil(columns / Math.ceil(columns / beside));
  const starts = Array.from({ length: Math.ceil(columns / each) }, (_, part) => part * each);
  return starts.map((from) => valuesTable(panel, from, Math.min(from + each, columns)));
}

function valuesDetails(figure) {
  const labelled = figure.rows.flatMap(({ label, panels }) => panels.map((panel, place) => {
    const row = label && label.length ? `${bare(label)}, ` : "";
    return [`${row}${place + 1}: ${named(panel)}, ${panel.shape.join(" × ")}`, panel];
  }));
  const choice = element("select", {}, ...labelled.map(([text], at) => element("option", { value: at }, text)));
  const box = element("div", { class: "scroll values", tabindex: 0, role: "region", "aria-label": "values" });
  const fill = () => box.replaceChildren(...valuesTables(labelled[choice.value][1], box.clientWidth));
  choice.addEventListener("change", fill);
  const details = element("details", {},
    element("summary", {}, "Values as a table"),
    element("label", {}, "Panel ", choice), box);
  let filled = 0;
  const fits = () => {
    if (!details.open || filled === box.clientWidth) return;
    filled = box.clientWidth;
    fill();
  };
  details.addEventListener("toggle", fits);
  addEventListener("resize", fits);
  return details;
}

/// A table that is wider than its box stands row by row instead, each value below its column's name.
function fit(box) {
  const made = box.querySelector("table");
  if (!made || !box.clientWidth) return;
  made.classList.remove("stacked");
  if (made.scrollWidth <= box.clientWidth) return;
  if (!made.querySelector(".of")) nameCells(made);
  made.classList.add("stacked");
}

/// Puts the name of its column before each value.
function nameCells(made) {
  const names = [...made.tHead.rows[0].cells];
  for (const line of made.tBodies[0].rows)
    [...line.cells].forEach((cell, at) => {
      if (!at) return;
      if (!cell.textContent) cell.classList.add("none");
      cell.prepend(element("span", { class: "of" }, ...[...names[at].childNodes].map((node) => node.cloneNode(true))));
    });
}

function fitAll(within = document) {
  for (const box of within.querySelectorAll(".scroll:not(.values)")) fit(box);
}

addEventListener("resize", () => fitAll());
// What is folded has no width before.
document.addEventListener("toggle", (event) => event.target.open && fitAll(event.target), true);

for (const place of document.querySelectorAll(".heatmaps")) {
  const figure = data.figures[place.dataset.figure];
  const readout = element("output", { class: "readout", "aria-live": "polite" });
  const say = (text) => { readout.textContent = text; };
  place.append(...panelRows(figure.rows, figure.bar, figure.aspect, say), colourBar(figure.bar));
  place.append(readout, valuesDetails(figure));
}

for (const place of document.querySelectorAll(".published")) {
  const figure = data.figures[place.dataset.figure];
  const { whose, words, rows, bar } = figure.published;
  const readout = element("output", { class: "readout", "aria-live": "polite" });
  const say = (text) => { readout.textContent = text; };
  place.append(element("div", { class: "whose" }, `Beside it, in the same colours: ${whose}`),
    ...panelRows(rows, bar, figure.aspect, say), colourBar(bar), readout, element("figcaption", {}, words));
}

fitAll();
