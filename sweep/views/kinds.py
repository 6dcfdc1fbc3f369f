"""The kinds of figures: what each is called, shows, takes and needs, and when it is the choice."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sweep.analysis.dimension import LEAST
from sweep.analysis.naming import named_axis
from sweep.errors import RequestError
from sweep.store.results import Results, results_of
from sweep.study import Study
from sweep.study.checks import nearest
from sweep.views.bifurcation import draw_bifurcation
from sweep.views.boundary import DIVERGED, draw_boundary
from sweep.views.curves import draw_curves, draw_panels, draw_range_test
from sweep.views.decision import draw_decision
from sweep.views.distribution import draw_ecdf, draw_importance
from sweep.views.maps import draw_heatmap, draw_outcomes
from sweep.views.panels import MOST
from sweep.views.response import draw_response
from sweep.views.saving import fits
from sweep.views.source import ANY, AXES, Options, Source
from sweep.views.weights import draw_weights


@dataclass(frozen=True)
class Kind:
    """One kind of figure.

    Attributes:
        summary: what it shows.
        draw: draws it of a source, all names in the options being those of axes and measures.
        takes: the options that it takes, besides those that every kind does.
        chosen: returns the options of the figures that suit a source: none, one or more.
        axes: how many swept axes it needs.
        ordered: how many of these must have values whose order means something.
    """

    summary: str
    draw: Callable[[Source, Options], Figure]
    takes: tuple[str, ...]
    chosen: Callable[[Source], Sequence[Options]] = lambda _: ()
    axes: int = 0
    ordered: int = 0

    def check(self, name: str, source: Source, options: Options) -> None:
        """Refuse what this kind cannot show.

        Raises:
            RequestError: the study has too few axes, or too few whose order means something; or
                an option is none of this kind's.
        """
        for option in options.stated:
            if option not in self.takes:
                known = ", ".join(_flag(one) for one in self.takes)
                raise RequestError(f"{_flag(option)}: {name} does not take it; it takes {known}")
        for needed, there, what in (
            (self.axes, source.swept, "swept"),
            (self.ordered, source.numeric, "swept and numeric"),
        ):
            if len(there) < needed:
                have = ", ".join(there) or "none"
                raise RequestError(f"{name} needs {needed} axes {what}; this study has: {have}")


def _flag(option: str) -> str:
    return "--log/--linear" if option == "log" else f"--{option}"


def _if(wanted: bool) -> tuple[Options, ...]:
    return (Options(),) if wanted else ()


def _few(source: Source) -> bool:
    """Say whether curves were recorded, and few enough to be told apart."""
    few = not source.ranked or len(source.points[source.ranked[0]]) <= MOST
    return source.read_curves is not None and few


def _curves(source: Source) -> tuple[Options, ...]:
    """Return both scales where curves are few; those at the best rates of names are one figure."""
    if source.read_curves and source.rate and source.told:
        return (Options(),)
    return (Options(), Options(log=True)) if _few(source) else ()


def _is_map(source: Source) -> bool:
    """Say whether two axes have so many values that a map is worth its place.

    Names are hues of a response, which shows as much and what trials differ in besides.
    """
    two = source.ranked[:2]
    many = len(two) > 1 and all(len(source.points[axis]) >= 4 for axis in two)
    return many and not any(axis in source.told for axis in two)


def _has_boundary(source: Source) -> bool:
    """Say whether a map of two axes is fine enough for the roughness of where trials diverge."""
    fine = all(len(source.points[axis]) > LEAST for axis in source.swept)
    both = source.outcomes > {DIVERGED} and fine
    return both and len(source.swept) == 2 and len(source.numeric) == 2


def _is_long(source: Source) -> bool:
    """Say whether an ordered axis has so many values that it is a scale rather than a list."""
    return bool(source.numeric) and len(source.points[source.numeric[0]]) > MOST


def _is_complete(source: Source) -> bool:
    """Say whether there are as many trials as combinations of values."""
    return len(source.trials()) >= math.prod(len(source.points[axis]) for axis in source.swept)


_BY_STEP = ("curves", "panels", "range_test", "bifurcation")
_MEASURED = ("measure", "log")
_LIMITS = ("xlim", "ylim")

KINDS: dict[str, Kind] = {
    "curves": Kind(
        "loss by step, all curves in one figure", draw_curves,
        ("hue", "col", *_MEASURED, *_LIMITS), _curves,
    ),
    "panels": Kind(
        "loss by step, one panel a value, the same axes in each", draw_panels,
        ("hue", "col", *_MEASURED, *_LIMITS), lambda s: _if(bool(s.swept) and _few(s)), axes=1,
    ),
    "range_test": Kind(
        "loss by the rate that a range test came to", draw_range_test,
        ("hue", "col", *_MEASURED, *_LIMITS),
        lambda s: _if(s.read_curves is not None and len(s.range_tests) == 1),
    ),
    "heatmap": Kind(
        "a measure over two axes, in colour", draw_heatmap,
        ("x", "y", "col", *_MEASURED), lambda s: _if(_is_map(s)), axes=2,
    ),
    "outcomes": Kind(
        "what became of the trials, along one axis or over two", draw_outcomes,
        ("x", "y", "col", "measure"),
        # along a numeric axis `response` shows them too
        lambda s: _if(bool(s.swept) and len(s.outcomes) > 1 and (_is_map(s) or not s.numeric)),
        axes=1,
    ),
    "boundary": Kind(
        "the boundary between what converged and what diverged over two axes, and its dimension",
        draw_boundary, ("x", "y", "measure"), lambda s: _if(_has_boundary(s)), axes=2, ordered=2,
    ),
    "bifurcation": Kind(
        "the last losses of all trials, or a parameter, against one axis, as a density",
        draw_bifurcation, ("x", *_MEASURED, *_LIMITS),
        lambda s: _if(_is_long(s) and any(g.record.loss.startswith("last") for g in s.groups)),
        axes=1, ordered=1,
    ),
    "response": Kind(
        "a measure against an axis, with the share of each outcome", draw_response,
        ("x", "hue", "col", *_MEASURED, *_LIMITS), lambda s: _if(_is_long(s)), axes=1,
    ),
    "ecdf": Kind(
        "the distribution of a measure over trials", draw_ecdf,
        ("hue", "col", *_MEASURED, *_LIMITS),
    ),
    "weights": Kind(
        "parameters by step, of a few trials", draw_weights, ("trial", *_MEASURED, *_LIMITS),
    ),
    "decision": Kind(
        "what networks of two inputs have learnt", draw_decision, ("trial", "measure"),
    ),
    "importance": Kind(
        "the share of the variance of each axis and pair of axes", draw_importance, ("measure",),
        lambda s: _if(len(s.swept) > 2 and _is_complete(s)), axes=1,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """A figure to draw: its kind, and what is asked of it."""

    kind: str
    options: Options = ANY

    @property
    def name(self) -> str:
        """What its file is called, without an ending."""
        return self.kind + self.options.stem.replace("/", "_")


def choose(source: Source, options: Options = ANY) -> list[Choice]:
    """Return the figures that suit a study, or those of them that take the options.

    Where none is the choice, it is one that could be drawn.
    """
    found = [
        Choice(name, replace(options, log=chosen.log if options.log is None else options.log))
        for name, kind in KINDS.items()
        for chosen in kind.chosen(source)
        if set(options.stated) <= set(kind.takes)
    ]
    if not found and source.swept:
        return [Choice("response" if source.numeric else "outcomes", options)]
    if (
        len(source.names) == 1
        and source.numeric
        and set(options.stated) <= set(KINDS["response"].takes)
    ):
        found.insert(0, Choice("response", options))
    if _has_boundary(source):  # too fine for kinds that pool an axis or name its values
        found = [one for one in found if one.kind == "boundary"] or found
    if len(source.range_tests) == 1:
        # Every rate is in each curve: what became of all says nothing of one.
        found = [one for one in found if one.kind in ("range_test", "curves")]
    return sorted(dict.fromkeys(found), key=lambda one: one.kind != "range_test")


def draw(kind: str, source: Source, options: Options = ANY) -> Figure:
    """Draw one kind of figure.

    Raises:
        RequestError: there is no such kind, it does not take one of the options, an option names
            no axis or measure, or the study has not what the kind needs.
    """
    if kind not in KINDS:
        meant = nearest(str(kind), KINDS)
        raise RequestError(f'no figure is called "{kind}"{meant}; the kinds are {", ".join(KINDS)}')
    source.trials()  # of nothing there is no figure
    KINDS[kind].check(kind, source, options)
    roles: dict[str, Any] = {
        role: named_axis(name, source.axes, f"--{role}")
        for role in AXES
        if (name := getattr(options, role))
    }
    if len(set(roles.values())) < len(roles):
        raise RequestError(f"{', '.join(f'--{o} {n}' for o, n in roles.items())}: one axis twice")
    known = source.recorded if kind in _BY_STEP and source.recorded else source.measures
    networks = [group.network for group in source.groups if kind == "bifurcation"]
    if (measure := options.measure) and not (
        measure in known or any(measure in one.parameter_names for one in networks)
    ):
        raise RequestError(
            f'--measure: no measure is called "{measure}"{nearest(measure, known)}; '
            f"there are {', '.join(known)}"
        )
    if options.only and options.only != source.only:
        source = replace(source, only=options.only)
    return KINDS[kind].draw(source.asking(roles.values()), replace(options, **roles))


def plot(results: Results | Study | str | Path, kind: str | None = None, **options: Any) -> Figure:
    """Draw a figure of a study's results, apart from pyplot, as `sweep plot` does.

    `results` may be their directory, or the study by its name or file. `kind` is one of
    `sweep.views.kinds.KINDS`, by default the first that suits the study; options are those of
    `sweep.views.source.Options`: x, y, hue, col, measure, log, trial, inches, xlim, ylim, only
    and title.

    Raises:
        RequestError: there is no such kind, axis or measure, or the study cannot show it.
        StoreError: a file is damaged or cannot be read.
        TypeError: there is no such option.
    """
    asked = Options(**options)
    source = Source.of(results_of(results), asked.only)
    first = _chosen(source, kind, asked)[0]
    return draw(first.kind, source, first.options)


def plots(results: Results, kind: str | None = None, asked: Options = ANY) -> dict[str, Figure]:
    """Draw all that suits the study, or one kind, by the names of files; as `plot` otherwise.

    Raises:
        RequestError: also where a figure has no room for its words in the size that was asked for.
    """
    source = Source.of(results, asked.only)
    figures = {}
    for one in _chosen(source, kind, asked):
        figures[one.name] = draw(one.kind, source, one.options)
        if asked.inches and not fits(figures[one.name]):
            usual = draw(one.kind, source, replace(one.options, inches=None)).get_size_inches()
            stated, better = ("x".join(f"{inches:.3g}" for inches in size)
                              for size in (asked.inches, usual))  # fmt: skip
            raise RequestError(f"--inches {stated} is too small for {one.kind}; try {better}")
    return figures


def _chosen(source: Source, kind: str | None, asked: Options) -> list[Choice]:
    choices = [Choice(kind, asked)] if kind else choose(source, asked)
    if not choices:
        raise RequestError(f"{source.title}: one trial without curves leaves nothing to draw")
    return choices
