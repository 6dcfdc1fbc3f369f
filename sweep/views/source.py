"""What figures are drawn from, the tables of one study, and what may be asked of them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from math import inf
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sweep.analysis.levels import levels
from sweep.analysis.naming import narrowed
from sweep.analysis.responses import rate_axis
from sweep.catalogue import OUTCOMES, TRAINING_MEASURES, VALIDATION_MEASURES
from sweep.errors import RequestError
from sweep.store.results import Results
from sweep.study import Group, Plot
from sweep.training.schedules import rate_factors
from sweep.views.cells import codes
from sweep.views.panels import MOST_NAMES
from sweep.views.scales import UPWARD, WITHOUT_ORDER, is_ordered
from sweep.views.style import Look, assignment, value_labels

ReadTrials = Callable[[Sequence[str]], pd.DataFrame]
ReadSome = Callable[[np.ndarray], pd.DataFrame]
Fold = Callable[[str, Sequence[str], Callable[[Group, pa.Table], Any]], Iterator[Any]]

MOST_ROWS = 4_000_000  # rows of curves that one figure reads; of more trials, some evenly spread


@dataclass(frozen=True)
class Source:
    """The tables of one study, read as they are needed, and what their columns mean.

    Attributes:
        title: what the study asks.
        axes: the swept columns, in the study's order.
        read: returns the asked columns of the table of trials: `trial`, the axes, `measures` and
            `outcome`.
        measures: the columns of numbers that the table of trials has.
        recorded: the columns of numbers that the table of curves has; none if nothing was recorded.
        read_curves: returns the rows (`trial`, the axes, `step`, `recorded`) of given trials.
        read_parameters: the same of parameters; None if none were kept.
        fold: goes over chunks of curves or parameters, as `Results.fold`; None without results.
        groups: the study's groups, in which networks and data differ.
        plot: values of axes to point out, and what the inputs and the outputs, or the classes, are
            called, if known.
        only: which trials are shown, as NAME=VALUE; by default all.
        following: axes that run together with an earlier one, whose value tells theirs: no figure
            shows them unasked.
        read_whole: of a map that is trained from coarse to fine, as `read`, but points that are not
            trained have the row of the one that stands for them; None for any other.
    """

    title: str
    axes: tuple[str, ...]
    read: ReadTrials
    measures: tuple[str, ...] = TRAINING_MEASURES
    recorded: tuple[str, ...] = ()
    read_curves: ReadSome | None = None
    read_parameters: ReadSome | None = None
    fold: Fold | None = None
    groups: Sequence[Group] = ()
    plot: Plot = field(default_factory=lambda: Plot({}))
    following: frozenset[str] = frozenset()
    read_whole: ReadTrials | None = None
    only: tuple[str, ...] = ()

    @classmethod
    def of(cls, results: Results, only: Sequence[str] = ()) -> "Source":
        """Return what the figures of a study's results are drawn from; nothing is read yet.

        `only` are choices of the trials to show, as NAME=VALUE.
        """
        study, groups = results.study, results.study.groups()
        following = set()
        for dimension in study.dimensions:  # those after the first whose values all differ
            leading = [len(axis.ranked[0]) == len(axis) for axis in dimension.axes]
            behind = dimension.axes[leading.index(True) + 1 :] if any(leading) else []
            following |= {axis.name for axis in behind}
        steps = any(len(group.record.loss_steps(group.steps)) for group in groups)
        validated = VALIDATION_MEASURES if any(group.validation for group in groups) else ()
        batched = ("batch_loss",) if any(group.by_epochs for group in groups) else ()
        return cls(
            title=study.title,
            axes=tuple(axis.name for axis in study.axes),
            read=results.trials,
            measures=(*TRAINING_MEASURES, *study.record.measures, *validated),
            recorded=(*validated, *batched, "loss") if steps else (),
            read_curves=results.curves if steps else None,
            read_parameters=results.parameters,
            fold=results.fold,
            groups=groups,
            plot=study.plot,
            following=frozenset(following),
            read_whole=partial(results.trials, whole=True) if study.refine else None,
            only=tuple(only),
        )

    def asking(self, names: Collection[str]) -> "Source":
        """Return the source of a figure that shows these axes, be they following others or not."""
        asked = self.following.intersection(names)
        return replace(self, following=self.following - asked) if asked else self

    @property
    def shown(self) -> tuple[str, ...]:
        """The axes that figures may show."""
        return tuple(axis for axis in self.axes if axis not in self.following)

    @cached_property
    def points(self) -> dict[str, np.ndarray]:
        """The distinct values of each axis, ascending."""
        table = self.trials()
        return {axis: np.sort(np.asarray(pd.unique(table[axis]))) for axis in self.shown}

    @cached_property
    def outcomes(self) -> frozenset[int]:
        """The places in `OUTCOMES` of the outcomes that there are."""
        return frozenset(np.unique(codes(self.trials())).tolist())

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        """The tables of trials read so far, by measure: several figures share one."""
        return {}

    @cached_property
    def swept(self) -> tuple[str, ...]:
        """The axes with several values."""
        return tuple(axis for axis in self.shown if len(self.points[axis]) > 1)

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        """The axes whose order means something, the one of most values first."""
        ordered = [axis for axis in self.swept if is_ordered(axis, self.points[axis])]
        return tuple(sorted(ordered, key=lambda axis: -len(self.points[axis])))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The axes with several values that are names, not numbers."""
        return tuple(a for a in self.swept if a not in (*self.numeric, *WITHOUT_ORDER))

    @property
    def told(self) -> list[str]:
        """Those of them with so few values that each can have a colour or a panel."""
        return [axis for axis in self.names if len(self.points[axis]) <= MOST_NAMES]

    @cached_property
    def ranked(self) -> tuple[str, ...]:
        """The axes a figure would show first: ordered ones, then names, then seeds."""
        seeds = [a for a in self.swept if a in WITHOUT_ORDER]
        return (*self.numeric, *self.names, *seeds)

    @cached_property
    def rate(self) -> str | None:
        """The axis that words are about: the learning rate, else the ordered one of most values."""
        try:
            rate = rate_axis(self.axes)
        except RequestError:
            rate = ""
        return rate if rate in self.numeric else next(iter(self.numeric), None)

    @property
    def lead(self) -> str:
        """The measure that conclusions rest on: the loss on validation data, if there are any."""
        return "validation_loss" if "validation_loss" in self.measures else "final_loss"

    def best(self, axis: str, by: Sequence[str] = ()) -> pd.DataFrame:
        """Return the value of an axis with the best median, for each combination of `by` a row."""
        table = self.trials()
        keys = [table[name] for name in (*by, axis)]
        found = pd.Series(levels(table, self.lead), table.index).groupby(keys, observed=True)
        medians = found.median().reset_index(name="level")
        rows = medians.groupby([*by], observed=True) if by else medians.groupby(lambda _: 0)
        return medians.loc[rows["level"].idxmin(), [*by, axis]]

    @property
    def steps(self) -> int:
        """How many steps of a trial were recorded, at most."""
        counts = [len(group.record.loss_steps(group.steps)) for group in self.groups]
        return max([1, *counts])

    @cached_property
    def range_tests(self) -> list[np.ndarray]:
        """The different rates of all updates in range tests, if all groups make one."""
        if any(group.schedule.name != "range_test" for group in self.groups):
            return []
        found = {}
        for group in self.groups:
            first = self.trials().get("learning_rate", group.training.learning_rate)
            factors = rate_factors(group.schedule, group.steps, 0, group.steps)
            for rate in np.unique(np.asarray(first, np.float64)):
                found[(rate * factors).tobytes()] = rate * factors
        return list(found.values())

    def few(self, axis: str) -> bool:
        """Say whether an axis is no seed and has so few values that each can have a colour."""
        return axis not in WITHOUT_ORDER and len(self.points[axis]) <= MOST_NAMES

    def whole(self) -> tuple["Source", str]:
        """Return the source of a map that shows all of the grid, and what is to be said of it."""
        if not self.read_whole:
            return self, ""
        trained, shown = len(self.trials()), replace(self, read=self.read_whole, read_whole=None)
        if (points := len(shown.trials())) == trained:
            return self, ""
        note = f"{trained:,} of {points:,} points trained, each other one shown as the nearest"
        return shown, f"{note} trained one of its cell"

    def trials(self, measure: str | None = None) -> pd.DataFrame:
        """Return the numbers, the axes, a measure (the lead) and the outcome of all trials.

        Raises:
            RequestError: there are none.
        """
        measure = measure or self.lead
        if measure not in self._tables:
            axes = self.axes if self.only else self.shown
            table = self.read(["trial", *axes, measure, "outcome"])
            table = narrowed(table, axes, self.only) if len(table) else table
            self._tables[measure] = table.drop(columns=[a for a in axes if a not in self.shown])
        if self._tables[measure].empty:
            raise RequestError("nothing has been trained yet; `sweep run` comes first")
        return self._tables[measure]

    def parameters(self, trials: Sequence[int]) -> pd.DataFrame:
        """Return the rows of parameters of these trials.

        Raises:
            RequestError: no parameters were kept.
        """
        table = self.read_parameters(np.asarray(trials)) if self.read_parameters else None
        if table is None or table.empty:
            raise RequestError(
                'no parameters were kept: set record.parameters to "every 10" and run'
            )
        return table

    def picked(self, options: "Options") -> dict[int, str]:
        """Return the numbers of the few trials that a figure shows one by one, with headings."""
        measure = options.measure or self.lead
        return picked(self.trials(measure), measure, self.swept, options.trial)


AXES = ("x", "y", "hue", "col")

_TYPES: tuple[tuple[Sequence[str], Any, str], ...] = (
    ((*AXES, "measure", "title"), str | None, "text"),
    (("log",), bool | None, "true or false"),
    (("trial",), int | np.integer, "numbers of trials"),
    (("only",), str, "texts of NAME=VALUE"),
)
"""What options are to be; `trial` and `only` may be one or several."""


@dataclass(frozen=True)
class Options:
    """What is asked of a figure; what is not stated the kind chooses from the study's axes.

    Inches may be text too, as "7x4.5", and so may the ends of an axis, as "0.01:1".

    Attributes:
        x, y: the axes to lie across and up.
        hue: the axis whose values have colours.
        col: the axis whose values have panels.
        measure: what is drawn.
        log: logarithmic scales (True) or linear ones (False).
        trial: numbers of trials.
        inches: width and height.
        xlim, ylim: the ends of the axes across and up.
        only: which trials are shown, as NAME=VALUE; by default all.
        title: instead of the study's.

    Raises:
        RequestError: something is of another type, or no size or no two ends.
    """

    x: str | None = None
    y: str | None = None
    hue: str | None = None
    col: str | None = None
    measure: str | None = None
    log: bool | None = None
    trial: tuple[int, ...] = ()
    inches: tuple[float, float] | None = None
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None
    only: tuple[str, ...] = ()
    title: str | None = None

    def __post_init__(self) -> None:
        for name in ("inches", "xlim", "ylim"):
            if (stated := getattr(self, name)) is not None:
                object.__setattr__(self, name, pair_of(name, stated))
        for name in ("trial", "only"):
            object.__setattr__(self, name, _listed(getattr(self, name)))
        for names, kind, what in _TYPES:
            for name in names:
                stated = getattr(self, name)
                if not all(isinstance(one, kind) for one in _listed(stated)):
                    raise _other(name, what, stated)

    @property
    def stated(self) -> tuple[str, ...]:
        """The names of what is asked for, but for what every kind takes."""
        free = ("inches", "title", "only")
        return tuple(f.name for f in fields(self) if getattr(self, f.name) != f.default
                     and f.name not in free)  # fmt: skip

    @property
    def stem(self) -> str:
        """What is asked for as the end of a file's name: "-hue-optimizer-log", or nothing."""
        parts = [f"{role}-{axis}" for role in AXES if (axis := getattr(self, role))]
        parts += [self.measure] if self.measure else []
        parts += [] if self.log is None else ["log" if self.log else "linear"]
        parts += [f"trial{number}" for number in self.trial]
        parts += [choice.replace(" ", "") for choice in self.only]
        for role in ("xlim", "ylim"):
            if ends := getattr(self, role):
                parts.append(f"{role}-{ends[0]:g}-{ends[1]:g}")
        return "".join(f"-{part}" for part in parts)

    def look(self, source: Source, note: str = "") -> Look:
        """Return how a figure of a study is to look, whose title and choice of trials it says."""
        title = self.title if self.title is not None else source.title
        only = "only " + ", ".join(source.only) if source.only else ""
        said = "; ".join(filter(None, (only, note)))
        return Look(title, said, self.inches, self.log, self.xlim, self.ylim)


def pair_of(option: str, stated: object) -> tuple[float, float]:
    """Read a size ("7x4.5", in inches) or the two ends of an axis ("0.01:1"), text or two numbers.

    Raises:
        RequestError: it is none, a size not from 1 to 50 inches, or an end not finite.
    """
    size = option == "inches"
    try:
        parts = stated.lower().split("x" if size else ":") if isinstance(stated, str) else stated
        low, high = map(float, parts)  # type: ignore[call-overload]
        if (min(low, high) >= 1 and max(low, high) <= 50) if size else -inf < low < high < inf:
            return low, high
    except (TypeError, ValueError):
        pass
    inches = "width x height from 1 to 50 inches, such as 7x4.5"
    raise _other(option, inches if size else "two numbers, the lower first, as 0.01:1", stated)


def _other(option: str, what: str, stated: object) -> RequestError:
    shown = f'"{stated}"' if isinstance(stated, str) else repr(stated)
    return RequestError(f"--{option}: must be {what}, not {shown}")


def _listed(stated: object) -> tuple[object, ...]:
    one = isinstance(stated, str) or not hasattr(stated, "__iter__")
    return (stated,) if one else tuple(stated)  # type: ignore[arg-type]


ANY = Options()

MOST_TRIALS = 6


def picked(
    trials: pd.DataFrame, measure: str, axes: Sequence[str], asked: Sequence[int] = ()
) -> dict[int, str]:
    """Return the numbers of the trials to show, each with its heading: what it is, and its axes.

    Those `asked` for, or the best by `measure`, the median one, and one that diverged: of those
    the last in the table's order; if none did, the worst.

    Raises:
        RequestError: there is no such trial, or more than `MOST_TRIALS` are asked for.
    """
    if len(asked) > MOST_TRIALS:
        raise RequestError(f"--trial: at most {MOST_TRIALS} trials, not {len(asked)}")
    numbers, rows = trials["trial"].to_numpy(), dict[int, str]()
    for number in asked:
        if number not in numbers:
            raise RequestError(
                f"--trial {number}: no such trial; there are {numbers.min()} to {numbers.max()}"
            )
        rows[int(np.argmax(numbers == number))] = f"trial {number}"
    if not asked:
        level = levels(trials, measure)
        order = np.argsort(-level if measure in UPWARD else level, kind="stable").tolist()
        lost = np.flatnonzero(codes(trials) == OUTCOMES.index("diverged")).tolist()
        kept = order[: len(order) - len(lost)]
        rows[order[0]] = "best"
        if len(kept) > 2:
            rows.setdefault(kept[(len(kept) - 1) // 2], "median")
        if lost:
            rows.setdefault(lost[-1], "diverged")
        elif len(order) > 1:
            rows.setdefault(order[-1], "worst")
    headings = {}
    for at, what in rows.items():
        parts = [assignment(name, value_labels([trials[name].iloc[at]])[0]) for name in axes]
        held = ", ".join(parts).replace(" = ", "\u00a0=\u00a0")  # no line ends there
        headings[int(numbers[at])] = f"{what}: {held}" if held else what
    return headings


def across(source: Source, options: Options) -> tuple[str, str]:
    """Return the two axes of a map: those asked for, else the leading ones."""
    taken = [options.x, options.y, options.col]
    free = iter([axis for axis in source.ranked if axis not in taken])
    x, y = options.x or next(free, None), options.y or next(free, None)
    if x is None or y is None:
        raise RequestError("a map needs two axes besides those of other options")
    return x, y


def refuse_twice(kind: str, role: str, axis: str, source: Source, options: Options) -> None:
    """Refuse an axis that a figure has in one role by itself and is asked to show in another.

    Raises:
        RequestError: --hue or --col names the axis.
    """
    asked = [o for o in ("hue", "col") if o != role and getattr(options, o) == axis]
    if asked:
        free = [a for a in source.ranked if a not in (options.hue, options.col)]
        other = f"; --{role} may be {', '.join(free)}" if free else ""
        raise RequestError(f"--{asked[0]} {axis}: {kind} has it as --{role}: one axis twice{other}")
