"""Studies: every table and figure that a study file asks for."""

import json
import os
from dataclasses import dataclass

from ._asked import listed, measuring
from ._asked import path as _path
from ._load import native


@dataclass(frozen=True)
class Written:
    """What a run wrote."""

    files: list
    """Paths, as text."""
    answers: list
    """What was measured in short, as lines for people."""
    summary: dict
    """Settings and headline numbers; the same for the same inputs."""


class Study:
    """A study file, as `regenerate` takes it.

    Parameters
    ----------
    path
        The study file. A mistake in it is an `Error` with its line.
    """

    def __init__(self, path):
        self._study = native.Study(os.fspath(path))

    path = property(lambda self: os.fspath(self._study.path), doc="The study file.")
    name = property(lambda self: self._study.name, doc="What its folders are called.")
    title = property(lambda self: self._study.title, doc="One line for people.")

    def run(
        self,
        out=None,
        *,
        formats=("svg", "pdf", "png"),
        palette="rocket",
        figures=True,
        report=True,
        **asked,
    ):
        """Measures the study and writes its files, all or none.

        Ctrl-C ends it before the next module, and leaves no file behind.

        Parameters
        ----------
        out
            The folder in which ``figures/`` and ``notebooks-export/`` are made. Without it, the folder
            that the study names or lies in; ``out`` where something is asked in place of what the
            study says.
        formats, palette, figures, report
            Kinds of pictures, their colours, and whether pictures and the report are made.
        asked
            ``basis``, ``modules``, ``layers``, ``rank``, ``draws``, ``directions``, ``seed``, ``whole``,
            ``strict``, ``memory``: in place of what the study says. ``cache``: a folder in which
            numbers of large weights are kept for later runs.

        Returns
        -------
        Written
        """
        formats = listed(formats)
        asked = _measuring(asked)
        files, answers, summary = self._study.run(
            _path(out), formats, palette, bool(figures), bool(report), asked
        )
        return Written([os.fspath(file) for file in files], answers, json.loads(summary))

    def check(self, out=None, **asked):
        """Measures the study again, and compares with the files that are there. Nothing is written.

        Parameters
        ----------
        out, asked
            As in `run`.

        Returns
        -------
        list of (path, what)
            The files that differ, and how; empty where all are as the study makes them.
        """
        if "cache" in asked:
            raise TypeError("a check reads no cache: leave cache= out")
        found = self._study.check(_path(out), _measuring(asked))
        return [(os.fspath(path), what) for path, what in found]

    def __repr__(self):
        return repr(self._study)


def _measuring(asked):
    if "base" in asked:
        raise TypeError("a study names its own base: base= in the study file")
    return measuring(**asked)
