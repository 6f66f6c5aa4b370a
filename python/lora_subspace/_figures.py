"""The paper's figures of two adapters."""

from ._load import native

Figure = native.Figure


def figure3(phi, layer=None, *, projections=None, venue="plain", palette="rocket", range=None):
    """A smaller rank against a larger one in one layer, whole and its leading 8 × 8.

    Parameters
    ----------
    phi
        What `overlap` gives.
    layer
        A block number; without one, the middle layer.
    projections
        Last names of modules, a panel each; without them, those that a study draws.
    venue
        Whose page sizes: ``plain``, ``icml``, ``neurips``, ``iclr``, ``acl`` …
    palette
        ``rocket``, ``viridis`` or ``cividis``.
    range
        The ends of the colour range; without them, those of the values.

    Returns
    -------
    Figure
        It shows itself in a notebook. ``svg``, ``pdf`` and ``png`` are bytes.
    """
    return _figure(phi, 3, layer, projections, venue, palette, range)


def figure4(phi, layer=None, *, projections=None, venue="plain", palette="rocket", range=None):
    """Two seeds of one rank in one layer, and random directions beside them. Arguments as `figure3`."""
    return _figure(phi, 4, layer, projections, venue, palette, range)


def figure6(phi, layers=None, *, projections=None, venue="plain", palette="rocket", range=None):
    """Figure 3 of several layers, a row each. Arguments as `figure3`, with a list of layers."""
    return _figure(phi, 6, layers, projections, venue, palette, range)


def figure7(phi, layers=None, *, projections=None, venue="plain", palette="rocket", range=None):
    """Two seeds of one rank in several layers. Arguments as `figure3`, with a list of layers."""
    return _figure(phi, 7, layers, projections, venue, palette, range)


def _figure(phi, number, layers, projections, venue, palette, range):
    if isinstance(layers, int):
        layers = [layers]
    if isinstance(projections, str):
        projections = [projections]
    return phi._grids.figure(number, layers, projections, venue, palette, range)
