"""Lays the documentation's pages for mdBook, and checks the links of the site that it makes.

    docs_site.py lay FOLDER      docs/book.toml, the pages of docs/SUMMARY.md, and pictures, in a folder
    docs_site.py check SITE      every link inside the site leads somewhere

Pages link to each other and to files by their place in the repository, so that they can be read there.
In the site a link to a page leads to the page, a picture is copied, and any other file of the repository
is linked to where the repository is published.
"""

import re
import shutil
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PICTURES = {".png", ".svg"}
# Code is left alone; of a link the target is the second group.
CODE_OR_LINK = re.compile(r"```.*?```|`[^`\n]*`|(\]\()([^)\s]+)(\))", re.DOTALL)


def is_outside(target):
    """Whether a link leads out of the repository, or to a place on its own page."""
    return bool(urlsplit(target).scheme) or target.startswith("#")


def contents():
    """The pages of the summary: their place in the repository, and in the site."""
    text = (DOCS / "SUMMARY.md").read_text()
    places = [(DOCS / link[2]).resolve() for link in CODE_OR_LINK.finditer(text) if link[2]]
    names = [place.name for place in places]
    if len(set(names)) < len(names):
        sys.exit("error: docs/SUMMARY.md: two pages have one file name; rename one of them")
    return dict(zip(places, names))


class Layer:
    """Copies pages and what they show into a folder, with links that are right there."""

    def __init__(self, folder):
        self.source = folder / "src"
        self.pages = contents()
        book = tomllib.loads((DOCS / "book.toml").read_text())
        self.repository = book["output"]["html"]["git-repository-url"]
        self.broken = []

    def page(self, place, name):
        """Writes one page."""
        text = CODE_OR_LINK.sub(lambda link: self.link(place, link), place.read_text())
        (self.source / name).write_text(text)

    def link(self, page, link):
        """A link as it stands in the site."""
        target = link[2]
        if target is None or is_outside(target):
            return link[0]
        path, hash_, anchor = target.partition("#")
        place = (page.parent / unquote(path)).resolve()
        return link[1] + self.target(page, place, target) + hash_ + anchor + link[3]

    def target(self, page, place, said):
        """Where a file of the repository is in the site."""
        if place in self.pages:
            return self.pages[place]
        if not place.exists() or not place.is_relative_to(ROOT):
            self.broken.append(f"{page.relative_to(ROOT)}: {said} is not in the repository")
            return said
        inside = place.relative_to(ROOT).as_posix()
        if place.suffix in PICTURES:
            copy = self.source / inside
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, copy)
            return inside
        return f"{self.repository}/{'tree' if place.is_dir() else 'blob'}/main/{inside}"


def lay(folder):
    """Writes all that mdBook reads."""
    layer = Layer(folder)
    layer.source.mkdir(parents=True)
    shutil.copyfile(DOCS / "book.toml", folder / "book.toml")
    for place, name in {DOCS / "SUMMARY.md": "SUMMARY.md", **layer.pages}.items():
        layer.page(place, name)
    left_out = {page for page in DOCS.glob("*.md")} - set(layer.pages) - {DOCS / "SUMMARY.md"}
    layer.broken += [f"docs/SUMMARY.md: {page.name} is not in it" for page in sorted(left_out)]
    return layer.broken


class Page(HTMLParser):
    """The places and the links of a page."""

    def __init__(self, text):
        super().__init__()
        self.places, self.links = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in {"id", "name"}:
                self.places.add(value)
            elif name in {"href", "src"} and value:
                self.links.add(value)


def check(site):
    """The links of a site that lead nowhere."""
    files = [file for file in site.glob("**/*.html") if file.name != "404.html"]
    pages = {file.resolve(): Page(file.read_text()) for file in files}
    broken = []
    for file, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            place = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchor = unquote(parts.fragment)
            is_there = place.is_file() and (
                not anchor or place not in pages or anchor in pages[place].places
            )
            if not is_there:
                broken.append(f"{file.relative_to(site.resolve())}: {link} leads nowhere")
    if not pages:
        broken.append(f"{site}: no page was made")
    return broken


def main():
    command, folder = sys.argv[1], Path(sys.argv[2])
    broken = {"lay": lay, "check": check}[command](folder)
    for line in broken:
        print(line, file=sys.stderr)
    if broken:
        sys.exit(f"error: {len(broken)} broken links; correct them in docs/ or METHODS.md")


main()
