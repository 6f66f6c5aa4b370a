"""Uses a report in headless Chromium as a reader would: by pointer, by keyboard, on a small screen, on paper.

Usage: run.py REPORT [FOLDER], a report.html beside its overlap.csv, and where pictures of it are to be left.
       run.py --text REPORT prints what the page says, once it has opened without an error.
"""

import csv
import json
import re
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlparse

from browser import Browser


class Report:
    def __init__(self, browser, path):
        self.browser, self.path = browser, Path(path)
        browser.size(1200, 900)
        browser.open(path)
        text = re.search(r'<script type="application/json" id="data">(.*?)</script>', self.path.read_text(), re.S)
        self.data = json.loads(text.group(1))
        table = self.path.parent / "overlap.csv"
        self.overlap = read_overlap(table) if table.exists() else {}

    def plots(self, figure):
        """JavaScript for the heat maps of a figure."""
        return f"document.querySelectorAll('.heatmaps')[{figure}].querySelectorAll('.plot')"

    def readout(self, figure):
        return self.browser.value(f"document.querySelectorAll('.heatmaps')[{figure}].querySelector('.readout').textContent")

    def hover(self, figure, panel, i, j):
        """What the page says when the pointer is on the middle of a cell."""
        rows, columns = self.panels(figure)[panel]["shape"]
        plot = f"{self.plots(figure)}[{panel}]"
        self.browser.value(f"{plot}.scrollIntoView({{block: 'center'}})")
        box = self.browser.value(f"(({{left, top, width, height}}) => [left, top, width, height])({plot}.getBoundingClientRect())")
        left, top, width, height = box
        self.browser.point(left + width * (j - 0.5) / columns, top + height * (i - 0.5) / rows)
        return self.readout(figure)

    def panels(self, figure):
        return [panel for row in self.data["figures"][figure]["rows"] for panel in row["panels"]]

    def figures(self):
        return [(place, figure) for place, figure in enumerate(self.data["figures"]) if figure]


def read_overlap(path):
    """φ and chance by module and cell of every grid, from the CSV alone."""
    grids = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            grid = grids.setdefault((row["module"], row["basis"], row["first"], row["second"]), {})
            grid[int(row["i"]), int(row["j"])] = (row["overlap"], row["chance"])
    return grids


def values(text):
    """i, j and φ of a readout; None where it says that there is no value."""
    text = text.replace("−", "-")
    i, j = map(int, re.search(r"i = (\d+), j = (\d+)", text).groups())
    phi = re.search(r"φ = (\S+?);", text)
    assert phi or "no value" in text or "chance = " in text, text
    return i, j, phi and float(phi.group(1)), text


def hovers_show_the_csv(report):
    """On every panel, some cells: the value on the page is a value of this module in the CSV, digit by digit."""
    shown = 0
    for place, figure in report.figures():
        for number, panel in enumerate(report.panels(place)):
            rows, columns = panel["shape"]
            for row, column in {(1, 1), (rows, columns), ((rows + 1) // 2, (columns + 2) // 3), (rows, 1)}:
                got = values(report.hover(place, number, row, column))
                i, j = row + panel["first"][0] - 1, column + panel["first"][1] - 1
                assert got[:2] == (i, j), f"{figure['name']}, panel {number}: {got} at {i}, {j}"
                if got[2] is None:
                    continue
                grids = [grid for name, grid in report.overlap.items() if name[0] == panel["module"]]
                # A pair with the larger rank first is turned.
                cells = [grid.get(cell) for grid in grids for cell in [(i, j), (j, i)] if grid.get(cell)]
                assert any(float(phi) == got[2] for phi, _ in cells if phi), f"{figure['name']}: {got} is not in overlap.csv"
                chance = float(re.search(r"chance (\S+?);", got[3]).group(1))
                assert any(abs(float(said) - chance) < 1e-3 * chance for _, said in cells), got
                shown += 1
    assert shown >= 4, f"{shown} values"
    return shown


def keyboard_reaches_everything(report):
    browser = report.browser
    browser.point(2, 2)
    browser.value("document.activeElement.blur(), scrollTo(0, 0)")
    for _ in range(60):
        browser.press("Tab")
        if browser.value("document.activeElement.className") == "plot":
            break
    assert browser.value("document.activeElement.getAttribute('role')") == "application", "no heat map by Tab"
    start = values(report.readout(0))
    assert start[:2] == (1, 1), start
    rows, columns = report.panels(0)[0]["shape"]
    for key, cell in [("ArrowRight", (1, 2)), ("ArrowDown", (2, 2)), ("End", (2, columns)), ("ArrowRight", (2, columns)),
                      ("PageDown", (rows, columns)), ("Home", (rows, 1)), ("ArrowUp", (rows - 1, 1))]:
        browser.press(key)
        got = values(report.readout(0))
        assert got[:2] == cell, f"{key}: {got}, not {cell}"
    assert browser.value("document.querySelector('.readout').getAttribute('aria-live')") == "polite"
    assert not browser.value("document.getElementById('tip').hidden")
    browser.press("Escape")
    assert browser.value("document.getElementById('tip').hidden")


def values_stand_in_a_table(report):
    browser = report.browser
    browser.value("document.querySelector('.heatmaps summary').focus()")
    browser.press("Enter")
    wait(browser, "document.querySelector('.heatmaps details table') !== null")
    panel = report.panels(0)[0]
    # The first figure's details only: the others are closed, and empty. Columns that do not fit stand below.
    def cells():
        tables = "[...document.querySelectorAll('.heatmaps details table')].map((t) => [...t.tBodies[0].rows].map((r) => [...r.cells].slice(1).map((c) => c.textContent)))"
        tables = browser.value(tables)
        joined = [sum((table[row] for table in tables), []) for row in range(len(tables[0]))]
        return [None if cell == "–" else float(cell.replace("−", "-")) for row in joined for cell in row]

    assert cells() == panel["cells"]
    browser.size(400, 900)
    wait(browser, "document.querySelectorAll('.heatmaps details table').length > 1" if panel["shape"][1] > 8 else "true")
    assert cells() == panel["cells"]
    browser.size(1200, 900)
    browser.press("Enter")


def modules_can_be_walked(report):
    if not report.data["modules"]["list"]:
        assert report.browser.value("document.getElementById('map') === null"), "a map without modules"
        return
    browser, modules = report.browser, report.data["modules"]
    pressed = "document.querySelector('.matrix [aria-pressed=true]')"
    heading = "document.querySelector('.module h3').textContent"
    first = browser.value("document.querySelector('.matrix button').title")
    assert browser.value(heading) == first
    of_first = next(module for module in modules["list"] if module["path"] == first)
    assert of_first["projection"] == modules["projections"][0], first
    browser.value(f"{pressed}.focus()")
    browser.press("ArrowDown")
    browser.press("Enter")
    path = browser.value(f"{pressed}.title")
    assert browser.value(heading) == path != first, path
    assert browser.value("document.querySelectorAll('.matrix button[tabindex=\"0\"]').length") == 1
    for at, quantity in enumerate(modules["quantities"]):
        browser.value(f"(s => {{ s.value = {at}; s.dispatchEvent(new Event('change')); }})(document.querySelector('#map select'))")
        texts = browser.value("[...document.querySelectorAll('.matrix button')].map((b) => [b.title, b.textContent])")
        known = {module["path"]: value for module, value in zip(modules["list"], quantity["values"])}
        for title, text in texts:
            value = known[title]
            assert text == "–" if value is None else abs(float(text.replace("−", "-")) - value) <= 0.006 * abs(value), (title, text, value)
    columns = browser.value("[...document.querySelectorAll('.matrix thead th')].map((name) => name.textContent)")
    assert columns == ["layer", *modules["projections"]], columns
    bar = browser.value("[...document.querySelectorAll('.map-key .tick')].map((tick) => tick.textContent)")
    known = [value for value in quantity["values"] if value is not None]
    assert len(bar) == (5 if min(known) < max(known) else 0), bar
    looks = browser.value("[...document.querySelectorAll('.spectrum path:not(.grid)')].map((p) => ['stroke', 'stroke-dasharray'].map((a) => p.getAttribute(a)).join())")
    assert len(looks) == len(set(looks)), looks
    keys = browser.value("[...document.querySelectorAll('.key li')].map((key) => [key.querySelector('svg').getBoundingClientRect().bottom, key.getBoundingClientRect().bottom])")
    assert len(keys) == len(looks) and all(line <= item for line, item in keys), keys


def published_ones_have_the_same_colours(report):
    """One scale for both, and each caption below its own panels, before the published ones."""
    published = [figure for _, figure in report.figures() if figure["published"]]
    for figure in published:
        own, others = figure["bar"], figure["published"]["bar"]
        assert [own[end] for end in ("low", "high", "ticks")] == [others[end] for end in ("low", "high", "ticks")], figure["name"]
        values = [cell for row in figure["published"]["rows"] for panel in row["panels"] for cell in panel["cells"] if cell]
        assert own["low"] <= min(values) and max(values) <= own["high"] + 1e-9, figure["name"]
    tops = "[...document.querySelectorAll('.published')].map((place) => [place.previousElementSibling.querySelector('.plot'), " \
        "place.previousElementSibling.querySelector('figcaption'), place.querySelector('.plot')].map((e) => e.getBoundingClientRect().top))"
    tops = report.browser.value(tops)
    assert len(tops) == len(published) and all(own < caption < other for own, caption, other in tops), tops


def curve_is_readable_on_a_telephone(report):
    report.browser.size(390, 800)
    for shown, natural in report.browser.value("[...document.querySelectorAll('.picture')].filter((p) => p.clientWidth).map((p) => [p.clientWidth, p.naturalWidth])"):
        assert shown >= natural > 0, f"{shown} of {natural} pixels"
    report.browser.size(1200, 900)


def nothing_overflows(report):
    for width in [360, 768, 1200]:
        for dark in [False, True]:
            report.browser.size(width, 800, dark)
            wide = report.browser.value("document.documentElement.scrollWidth")
            assert wide <= width, f"{wide} pixels wide on a screen of {width}"
            paper = report.browser.value("getComputedStyle(document.body).backgroundColor")
            light = sum(map(int, re.findall(r"\d+", paper)[:3])) > 382
            assert light != dark, paper
    report.browser.size(1200, 900)


SIDEWAYS = """[...document.querySelectorAll('body *')].filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1
    && ['auto', 'scroll', 'hidden'].includes(getComputedStyle(one).overflowX) && !one.closest('thead'))
    .map((one) => `${one.className} ${one.scrollWidth} of ${one.clientWidth}: ${one.textContent.slice(0, 60)}`)"""


def nothing_scrolls_sideways(report):
    """Neither the page nor a box in it, with everything unfolded and any module chosen, and text stays within its box."""
    browser = report.browser
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for width in [1280, 400]:
        for dark in [False, True]:
            browser.size(width, 900, dark)
            for module in range(min(2, browser.value("document.querySelectorAll('.matrix button').length")) or 1):
                browser.value(f"document.querySelectorAll('.matrix button')[{module}]?.click()")
                browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                time.sleep(0.3)
                wide = browser.value("document.documentElement.scrollWidth")
                boxes = browser.value(SIDEWAYS)
                assert wide <= width and not boxes, f"{width} pixels: the page is {wide} wide; {boxes}"
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
    browser.value("document.querySelector('.matrix button')?.click()")
    browser.size(1200, 900)


def symbols_have_subscripts(report):
    """No symbol of ours stands with a bare underscore in what people read."""
    text = report.browser.value("document.querySelector('main').innerText")
    bare = re.findall(r"‖_F|(?<!\w)W_[qkvo]\b|d_out|d_in", text)
    assert not bare, bare


COLOURS = """(([figure, panel, row, column]) => {
    const canvas = document.querySelectorAll('.heatmaps')[figure].querySelectorAll('canvas')[panel];
    const [rows, columns] = data.figures.filter(Boolean)[figure].rows.flatMap((row) => row.panels)[panel].shape;
    const [wide, high] = [canvas.width / columns, canvas.height / rows];
    const copy = element('canvas', { width: wide, height: high });
    const pen = copy.getContext('2d', { willReadFrequently: true });
    pen.drawImage(canvas, -column * wide, -row * high);
    const { data: pixels } = pen.getImageData(0, 0, wide, high);
    return new Set(Array.from({ length: pixels.length / 4 }, (_, at) => pixels.slice(4 * at, 4 * at + 4).join())).size;
})"""


def marked_cells_are_hatched(report):
    """A cell that is marked has lines over its colour, and one that is not has one colour."""
    for place, (_, figure) in enumerate(report.figures()):
        panels = [panel for row in figure["rows"] for panel in row["panels"]]
        for number, panel in enumerate(panels):
            columns = panel["shape"][1]
            marked = {at for first, count in panel["marked"] for at in range(first, first + count)}
            plain = next((at for at in range(len(panel["cells"])) if at not in marked), None)
            for at in [*sorted(marked)[:3], *([plain] if marked and plain is not None else [])]:
                cell = [place, number, at // columns, at % columns]
                colours = report.browser.value(f"{COLOURS}({json.dumps(cell)})")
                assert (colours > 1) == (at in marked), (figure["name"], cell, colours)


def links_lead_somewhere(report):
    links = report.browser.value("[...document.querySelectorAll('a[href]')].map((link) => link.href)")
    page = report.path.resolve().as_uri()
    for link in links:
        if link.startswith(page + "#"):
            name = json.dumps(unquote(link.partition("#")[2]))
            assert report.browser.value(f"document.getElementById({name}) !== null"), link
        else:
            assert Path(unquote(urlparse(link).path)).is_file(), link
    return len(links)


def prints(report):
    pdf = report.browser.pdf()
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert pdf.startswith(b"%PDF") and 2 <= pages <= 60, f"{len(pdf)} bytes, {pages} pages"
    return pdf, pages


def wait(browser, condition):
    for _ in range(100):
        if browser.value(condition):
            return
        time.sleep(0.05)
    raise AssertionError(condition)


def main():
    browser = Browser()
    try:
        report = Report(browser, sys.argv[-1] if sys.argv[1] == "--text" else sys.argv[1])
        if sys.argv[1] == "--text":
            nothing_overflows(report)
            nothing_scrolls_sideways(report)
            modules_can_be_walked(report)
            marked_cells_are_hatched(report)
            prints(report)
            assert not browser.errors, browser.errors
            print(browser.value("document.body.innerText"))
            return
        assert browser.value("document.querySelectorAll('.plot canvas').length") > 0, "nothing is drawn"
        shown = hovers_show_the_csv(report)
        keyboard_reaches_everything(report)
        values_stand_in_a_table(report)
        modules_can_be_walked(report)
        assert links_lead_somewhere(report) > 5
        nothing_overflows(report)
        nothing_scrolls_sideways(report)
        symbols_have_subscripts(report)
        marked_cells_are_hatched(report)
        published_ones_have_the_same_colours(report)
        curve_is_readable_on_a_telephone(report)
        pdf, pages = prints(report)
        if len(sys.argv) > 2:
            pictures(browser, pdf, Path(sys.argv[2]))
        assert not browser.errors, browser.errors
        asked = {url for url in browser.requests if not url.startswith("data:")}
        assert asked == {report.path.resolve().as_uri()}, asked
    finally:
        browser.close()
    print(f"{shown} values as in overlap.csv, {pages} pages")


def pictures(browser, pdf, folder):
    """What somebody should look at."""
    (folder / "print.pdf").write_bytes(pdf)
    for name, width, dark in [("light", 1280, False), ("dark", 1280, True), ("small", 400, False), ("small-dark", 400, True)]:
        browser.size(width, 900, dark)
        browser.screenshot(folder / f"{name}.png")


main()
