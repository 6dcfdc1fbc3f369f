"""The boundary of trainability: both of its sides in colour, and how rough it is."""

from contextlib import suppress

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis as PaperAxis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from sweep.analysis.dimension import Dimension, box_dimension
from sweep.catalogue import OUTCOMES
from sweep.errors import RequestError
from sweep.views.cells import codes
from sweep.views.maps import Raster
from sweep.views.panels import panels_of
from sweep.views.scales import Array, Places, fitted
from sweep.views.source import Options, Source, across
from sweep.views.style import MARK, OUTCOME_COLORS, PLAIN, Look, outcome_patches, power_label, theme

DIVERGED, STALLED = OUTCOMES.index("diverged"), OUTCOMES.index("stalled")

NARROW = 1e-3
"""Of a window whose width is less of its values, ticks say what is added to its first value."""


ROUNDING = 2.0**-52  # losses below this share of the first one are all as good as 0
CLEAR = 0.2  # the place in the colours, which end at 1, of what is furthest from the boundary

SUMS = ("loss_sum", "inverse_loss_sum")


def boundary(
    trials: pd.DataFrame,
    *,
    x: str,
    y: str,
    measure: str | None = None,
    counts: bool = True,
    look: Look = PLAIN,
) -> Figure:
    """Draw which trials of a map converged and which diverged, and how close to the other side.

    `trials` has a row a trial: `outcome`, a column an axis, each point once, and `loss_sum` and
    `inverse_loss_sum`. The colours of each side go by rank, strongest beside the boundary: of
    trials that converged a larger sum of the losses is closer to it, of those that diverged a
    larger sum of their inverses. With a `measure`, or where these columns are missing with
    `tail_loss`, it needs that and `initial_loss`, `max_loss`, `diverged_at`: of what converged a
    larger measure is closer; of what diverged the trial that stayed within the bound for longer is,
    and then the one whose largest loss is smaller. Losses that are rounding beside the first one
    are all alike. Of a map from coarse to fine the ranks are those of all points shown. With 33 x
    33 points or more the box-counting dimension of the boundary is drawn beside the map, if
    `counts`; trials that stalled count as not diverged.

    After Sohl-Dickstein, "The boundary of neural network trainability is fractal" (2024, arXiv
    2402.06184), whose colours are by rank and "Spectral" too.

    Raises:
        KeyError: the table has no such column.
        RequestError: some points have several trials.
    """
    outcome = codes(trials)
    closeness = _closeness(trials, measure)
    laid = trials[[x, y, "outcome"]].assign(closeness=closeness, diverged_at=np.nan)  # all ranked
    (raster,) = Raster.by(laid, x, y, None, "closeness")
    if raster.several:
        raise RequestError(
            "boundary needs one trial a point; choose among the others with --only, as in "
            "--only seed=0"
        )
    cells = np.where(raster.outcome == STALLED, np.nan, _ranked(raster))
    found = None
    if counts and not np.isnan(raster.outcome).any():
        with suppress(RequestError):  # too small, or without one
            found = box_dimension(raster.outcome == DIVERGED)
    headings = ["", ""] if found else [""]
    counts_of = ((name, int((outcome == code).sum())) for code, name in enumerate(OUTCOMES))
    notes = [f"{count:,} {name}" for name, count in counts_of if count]
    with theme():
        figure, panels = panels_of(
            look, headings, *notes, size=(7.0, 5.2), panel=(4.2, 3.9), legend=False
        )
        (axes,) = panels[0].parts
        axes.set_facecolor(OUTCOME_COLORS["stalled"])
        raster.dress(axes)
        for axis, side in ((axes.xaxis, raster.x), (axes.yaxis, raster.y)):
            _name_window(axis, side)
        image = raster.draw(axes, cells, cmap="Spectral_r", vmin=-1, vmax=1)
        bar = figure.colorbar(image, ax=axes, pad=0.02, ticks=[-1, -CLEAR, CLEAR, 1])
        words = ("barely", "clearly", "clearly", "barely")
        ends = ("converged", "converged", "diverged", "diverged")
        bar.ax.set_yticklabels([f"{word}\n{end}" for word, end in zip(words, ends, strict=True)])
        if found:
            _draw_counts(panels[1].parts[0], found)
        if (outcome == STALLED).any():
            figure.legend(handles=outcome_patches(["stalled"]), loc="outside lower right")
    return figure


def _closeness(trials: pd.DataFrame, measure: str | None) -> Array:
    """How close to the other side each trial is, as any numbers (n,) that rise towards it."""
    lost = codes(trials) == DIVERGED
    if measure is None and {*SUMS} <= {*trials}:
        return np.where(lost, trials[SUMS[1]], trials[SUMS[0]])
    measure = measure or "tail_loss"
    value, largest, at = (
        trials[name].to_numpy(np.float64, na_value=np.nan)
        for name in (measure, "max_loss", "diverged_at")
    )
    # What went beyond the bound lies behind all that stayed within it, the earlier the further.
    if measure.endswith("loss"):  # what is left is rounding, and no closer for being larger
        initial = trials["initial_loss"].to_numpy(np.float64, na_value=np.nan)
        value = np.where(value < ROUNDING * initial, 0.0, value)
    mild = np.where(np.isfinite(largest), -largest, -np.inf)
    rank = np.lexsort((mild, np.where(np.isnan(at), np.inf, at))).argsort()
    return np.where(lost, rank, value)


def _ranked(raster: Raster) -> Array:
    """Each cell's rank on its side, `CLEAR` to 1 at the boundary; negative where it converged."""
    cells = np.full(raster.level.shape, np.nan)
    for lost, sign in ((False, -1), (True, 1)):
        mine = ((raster.outcome == DIVERGED) == lost) & ~np.isnan(raster.outcome)
        mine &= raster.outcome != STALLED
        values = np.nan_to_num(raster.level[mine], nan=-np.inf)
        place = np.searchsorted(np.sort(values), values)  # how many are below
        cells[mine] = sign * (CLEAR + (1 - CLEAR) * place / max(place.max(initial=0), 1))
    return cells


def _name_window(axis: PaperAxis, places: Places) -> None:
    """Tick a narrow window by what is added to its first value, in powers of ten."""
    low, high = float(places.points[0]), float(places.points[-1])
    if not 0 < high - low <= NARROW * max(abs(low), abs(high)):
        return
    power = int(np.floor(np.log10(high - low)))
    wide = (high - low) / 10.0**power
    ticks = np.asarray(MaxNLocator(5).tick_values(0, wide))
    ticks = ticks[(ticks >= 0) & (ticks <= wide * (1 + 1e-9))]
    at = np.interp(low + ticks * 10.0**power, places.points, places.at)
    axis.set_ticks(at, [f"{tick:g}" for tick in ticks])
    said = f"({places.label} − {low!r}) / {power_label(power)}"
    axis.set_label_text(fitted(axis, said))


def _draw_counts(axes: Axes, found: Dimension) -> None:
    """Draw how many boxes of each side hold some of the boundary, and the fitted line."""
    grid = axes.get_subplotspec()
    assert grid is not None
    grid.get_gridspec().set_width_ratios([2.2, 1])
    sides, logs = found.sides.astype(np.float64), np.log(found.counts)
    line = np.exp(logs.mean() - found.fit * (np.log(sides) - np.log(sides).mean()))
    (low, high), (least, most) = found.fit_interval, found.median_interval
    name = (
        f"dimension {found.fit:.2f} ({low:.2f} to {high:.2f})\n"
        f"median slope {found.median:.2f} ({least:.2f} to {most:.2f})"
    )
    axes.loglog(sides, found.counts, "o", color=MARK, markersize=4)
    axes.loglog(sides, line, linewidth=1.2)
    axes.set_xticks(sides, map(str, found.sides))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="side of a box, cells", ylabel="boxes that hold some of the boundary")
    axes.set_title(name, fontsize="small")


def draw_boundary(source: Source, options: Options, *, counts: bool = True) -> Figure:
    """A map of the two leading axes, and the counts of its boxes beside it."""
    x, y = across(source, options)
    source, note = source.whole()
    measure = options.measure
    needed = [measure or "tail_loss", "initial_loss", "max_loss", "diverged_at"]
    if measure is None and {*SUMS} <= {*source.measures}:
        needed = [*SUMS]
    trials = source.trials(needed[0])
    trials = trials.assign(**{one: source.trials(one)[one] for one in needed[1:]})
    look = options.look(source, note)
    return boundary(trials, x=x, y=y, measure=measure, counts=counts, look=look)
