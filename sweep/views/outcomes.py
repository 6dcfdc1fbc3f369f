"""What became of the trials: shares along one axis, or a map over two."""

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from sweep.catalogue import OUTCOMES
from sweep.views.bands import draw_shares
from sweep.views.cells import Cells, best_first, codes, pooled
from sweep.views.heatmap import Raster
from sweep.views.panels import Shown, beside, label_outside, panels_of
from sweep.views.scales import Places, fitted, sorted_label
from sweep.views.source import Options, Source, across
from sweep.views.style import OUTCOME_COLORS, PLAIN, Look, label, outcome_patches, theme


def outcomes(
    trials: pd.DataFrame,
    *,
    x: str,
    y: str | None = None,
    col: str | None = None,
    measure: str = "final_loss",
    look: Look = PLAIN,
) -> Figure:
    """Draw the outcomes: their shares along `x`, or with `y` a map of both axes.

    `trials` has a row a trial: `measure`, `outcome`, and a column an axis; `col` makes a panel a
    value. Where several trials share a cell of the map, it has the outcome of their median trial,
    the worse of two. Values without order, such as seeds, are sorted by the measure as in a
    heatmap, best first.

    Raises:
        KeyError: the table has no such column.
    """
    cols = Shown.of(trials, col)
    trials = cols.of_these(trials)
    with theme():
        if y is None:
            return _along(trials, x, cols, measure, look)
        return _over(trials, (x, y), cols, measure, look)


def _along(trials: pd.DataFrame, x: str, cols: Shown, measure: str, look: Look) -> Figure:
    """Stack the shares of the outcomes along an axis."""
    columns = [x, cols.name] if cols.name else [x]
    cells = Cells.of(trials, columns)
    shares = cells.shares(codes(trials)).reshape(len(cells.points[0]), -1, len(OUTCOMES))
    places, named = Places.of(x, cells.points[0]), label(x)
    if not places.ordered:
        order, why = best_first(trials, x, measure)
        places, shares = places.reordered(order), shares[order]
        named = sorted_label(named, len(order), why)
    over = pooled(trials, {x, cols.name}, measure)
    note = f"shares over {over}" if over else ""
    figure, panels = panels_of(look, cols.headings, note, cols.note, size=(7.6, 4.5))
    for k, panel in enumerate(panels):
        (axes,) = panel.parts
        places.dress(axes)
        draw_shares(axes, shares[:, k], places.edges)
        axes.set(xlabel=fitted(axes, named), ylabel="share of trials")
        axes.set_xlim(places.edges[0], places.edges[-1])
    beside(figure, outcome_patches(pd.unique(trials["outcome"])), "")
    label_outside(figure, panels)
    return figure


def _over(
    trials: pd.DataFrame, sides: tuple[str, str], cols: Shown, measure: str, look: Look
) -> Figure:
    """Draw the outcome of each cell of a map."""
    rasters = Raster.by(trials, *sides, cols.name, measure)
    over = pooled(trials, {*sides, cols.name}, measure) if rasters[0].several else ""
    note = f"the median trial's outcome, over {over}" if over else ""
    figure, panels = panels_of(look, cols.headings, note, cols.note, size=(7.6, 5.2))
    palette = ListedColormap(list(OUTCOME_COLORS.values()))
    for panel, raster in zip(panels, rasters, strict=True):
        (axes,) = panel.parts
        raster.draw(axes, raster.outcome, cmap=palette, vmin=-0.5, vmax=len(OUTCOMES) - 0.5)
        raster.dress(axes)
    found = np.concatenate([raster.outcome.ravel() for raster in rasters])
    names = [OUTCOMES[int(k)] for k in np.unique(found[~np.isnan(found)])]
    beside(figure, outcome_patches(names, missing=bool(np.isnan(found).any())), "")
    label_outside(figure, panels)
    return figure


def draw_outcomes(source: Source, options: Options) -> Figure:
    """Shares along one axis, if only that is asked for or there is no other; else a map."""
    measure = options.measure or source.lead
    free = [a for a in source.swept if a != options.col]
    if options.y is None and (options.x is not None or len(free) == 1):
        x, y = options.x or free[0], None
    else:
        x, y = across(source, options)
    return outcomes(
        source.trials(measure), x=x, y=y, col=options.col, measure=measure,
        look=options.look(source),
    )  # fmt: skip
