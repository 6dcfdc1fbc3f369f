"""From a study and what is asked of a figure to the figure: which axes and which rows it shows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sweep.errors import RequestError
from sweep.views.curves import curves
from sweep.views.decision import decision
from sweep.views.ecdf import ecdf
from sweep.views.facets import MOST, MOST_NAMES, thinned
from sweep.views.heatmap import heatmap
from sweep.views.importance import importance
from sweep.views.options import Options
from sweep.views.outcomes import outcomes
from sweep.views.picked import picked
from sweep.views.response import response
from sweep.views.scales import is_ordered
from sweep.views.style import Look
from sweep.views.subject import MOST_ROWS, Subject
from sweep.views.weights import weights


def draw_curves(subject: Subject, options: Options) -> Figure:
    """Curves, told apart by the leading axis unless options say otherwise."""
    hue = options.hue or next((a for a in subject.ranked if a != options.col), None)
    return _by_step(subject, options, hue, options.col, behind=False)


def draw_panels(subject: Subject, options: Options) -> Figure:
    """Curves in panels of the leading axis; without a hue the other panels' curves lie behind."""
    free = (a for a in subject.ranked if a != options.hue)
    col = options.col or next(free, subject.ranked[0])
    _refuse_twice("panels", "col", col, subject, options)
    return _by_step(subject, options, options.hue, col, behind=options.hue is None)


def draw_response(subject: Subject, options: Options) -> Figure:
    """A measure along the one ordered axis with names as hues, or along each axis in turn."""
    measure = options.measure or "final_loss"
    hue, col = options.hue, options.col
    others = [a for a in subject.ranked if a not in (hue, col)]
    x: str | list[str] = options.x or _one_main(subject) or others or subject.ranked[0]
    if isinstance(x, str):
        _refuse_twice("response", "x", x, subject, options)
    if options.x is None and isinstance(x, str):
        free = iter([a for a in others if a != x and subject.few(a, MOST_NAMES)])
        hue = hue or next(free, None)
        col = col or next(free, None)
    if col and not isinstance(x, str):
        raise RequestError("--col: response shows a panel an axis; state --x to have panels by col")
    return response(
        subject.trials(measure), x=x, hue=hue, col=col, measure=measure, marks=subject.marks,
        look=options.look(subject.title),
    )  # fmt: skip


def draw_heatmap(subject: Subject, options: Options) -> Figure:
    """A map of the two leading axes."""
    x, y = _across(subject, options)
    measure = options.measure or "final_loss"
    return heatmap(
        subject.trials(measure), x=x, y=y, col=options.col, measure=measure, rank=options.rank,
        look=options.look(subject.title),
    )  # fmt: skip


def draw_outcomes(subject: Subject, options: Options) -> Figure:
    """Shares along one axis, if only that is asked for or there is no other; else a map."""
    measure = options.measure or "final_loss"
    free = [a for a in subject.swept if a != options.col]
    if options.y is None and (options.x is not None or len(free) == 1):
        x, y = options.x or free[0], None
    else:
        x, y = _across(subject, options)
    return outcomes(
        subject.trials(measure), x=x, y=y, col=options.col, measure=measure,
        look=options.look(subject.title),
    )  # fmt: skip


def draw_ecdf(subject: Subject, options: Options) -> Figure:
    """A distribution for each value of the leading axis, if others are left to vary."""
    measure = options.measure or "final_loss"
    hue = options.hue
    if hue is None and len(subject.swept) > 1:
        hue = next((a for a in subject.ranked if a != options.col), None)
    return ecdf(
        subject.trials(measure), hue=hue, col=options.col, measure=measure,
        look=options.look(subject.title),
    )  # fmt: skip


def draw_weights(subject: Subject, options: Options) -> Figure:
    """The parameters of the asked trials, or of the best, the median and a lost one."""
    headings = _picked(subject, options)
    return weights(
        subject.parameters(list(headings)), headings=headings, look=options.look(subject.title)
    )


def draw_decision(subject: Subject, options: Options) -> Figure:
    """What the asked trials have learnt, or the best, the median and a lost one."""
    if any(group.network.layers[0] != 2 for group in subject.groups):
        inputs = sorted({group.network.layers[0] for group in subject.groups})
        raise RequestError(
            f"decision shows networks of 2 inputs; this study's have {', '.join(map(str, inputs))}"
        )
    learnt = subject.learnt(_picked(subject, options))
    return decision(learnt, look=options.look(subject.title))


def draw_importance(subject: Subject, options: Options) -> Figure:
    """The share of the variance of each axis and pair."""
    measure = options.measure or "final_loss"
    return importance(
        subject.trials(measure), axes=subject.swept, measure=measure,
        look=options.look(subject.title),
    )  # fmt: skip


def _by_step(
    subject: Subject, options: Options, hue: str | None, col: str | None, *, behind: bool
) -> Figure:
    """Read the curves that a figure can hold, and no others, and draw them."""
    if subject.read_curves is None:
        raise RequestError('no curves were recorded: set record.loss to "every step" and run')
    rows, note = _shown(subject, [axis for axis in (hue, col) if axis])
    look = options.look(subject.title)
    table = subject.read_curves(rows).drop(columns=[*subject.following])
    return curves(
        table, hue=hue, col=col, measure=options.measure or "loss",
        behind=behind, totals={axis: len(subject.points[axis]) for axis in subject.shown},
        look=Look(look.title, note, look.size, look.log),
    )  # fmt: skip


def _shown(subject: Subject, axes: Sequence[str]) -> tuple[np.ndarray, str]:
    """Return the numbers of the trials that a figure of curves shows, and what to say of that."""
    table = subject.trials()
    for axis in axes:
        values = subject.points[axis]
        most = MOST if is_ordered(axis, values) else MOST_NAMES
        if len(values) > most:
            table = table[table[axis].isin(thinned(values.tolist(), most))]
    most = max(MOST_ROWS // subject.steps, MOST * MOST)
    if len(table) <= most:
        return table["trial"].to_numpy(), ""
    # Within each curve's trials one in so many, so that all curves have about as many.
    at = (
        table.groupby(list(axes), observed=True).cumcount()
        if axes
        else pd.Series(range(len(table)))
    )
    every = -(-len(table) // most)
    kept = (at % every == 0).to_numpy()
    note = f"one in {every:,} of the trials"
    return table["trial"].to_numpy()[kept], note


def _across(subject: Subject, options: Options) -> tuple[str, str]:
    """Return the two axes of a map: those asked for, else the leading ones."""
    taken = [options.x, options.y, options.col]
    free = iter([axis for axis in subject.ranked if axis not in taken])
    x, y = options.x or next(free, None), options.y or next(free, None)
    if x is None or y is None:
        raise RequestError("a map needs two axes besides those of other options")
    return x, y


def _refuse_twice(kind: str, role: str, axis: str, subject: Subject, options: Options) -> None:
    """Refuse an axis that a figure has in one role by itself and is asked to show in another.

    Raises:
        RequestError: --hue or --col names the axis.
    """
    asked = [o for o in ("hue", "col") if o != role and getattr(options, o) == axis]
    if asked:
        free = [a for a in subject.ranked if a not in (options.hue, options.col)]
        other = f"; --{role} may be {', '.join(free)}" if free else ""
        raise RequestError(f"--{asked[0]} {axis}: {kind} has it as --{role}: one axis twice{other}")


def _one_main(subject: Subject) -> str | None:
    """Return the axis that a response is along: the only ordered one, or the only long one."""
    numeric = subject.numeric
    if not numeric or any(len(subject.points[axis]) > MOST for axis in numeric[1:]):
        return None
    many = len(subject.points[numeric[0]]) > MOST
    return numeric[0] if many or len(numeric) == 1 else None


def _picked(subject: Subject, options: Options) -> dict[int, str]:
    measure = options.measure or "final_loss"
    return picked(subject.trials(measure), measure, subject.swept, options.trial)
