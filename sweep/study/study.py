"""One question: a study, and the groups of trials that answer it."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from sweep.study.checks import counted
from sweep.study.conditions import Condition
from sweep.study.fields import FIELD, FIELDS, swept_field
from sweep.study.grid import MAX_JUDGED, Axis, Dimension, Grid, alone, codes_of, judged_points
from sweep.study.group import Group
from sweep.study.model import Data, Initial, Network
from sweep.study.resolve import resolve_group
from sweep.study.samples import make_data
from sweep.study.settings import Field, FieldError, Outcome, Record, Role, Settings, Training
from sweep.study.writing import card, study_toml

MAX_GROUPS = 1_000
MAX_SPLITS = 10_000
"""How many groups there may be before a condition drops some."""

Labels = Mapping[str, Any]


def split(
    dimensions: Sequence[Dimension], settings: Settings, where: Condition | None
) -> Iterator[tuple[Labels, Grid]]:
    """The labels and points of each group that has any, the last dimension running fastest.

    Raises:
        FieldError: there are too many groups, too many points to judge, or no point is left.
    """
    parts = [_parts(dimension) for dimension in dimensions]
    splits = math.prod(map(len, parts))
    most = MAX_GROUPS if where is None else MAX_SPLITS
    if splits > most:
        raise FieldError("axes", f"make {splits} groups to compile; at most {most}")
    judged, groups = 0, 0
    for chosen in product(*parts):
        labels = {name: value for found, _ in chosen for name, value in found.items()}
        lanes = [dimension for _, dimension in chosen if dimension.axes]
        grid = Grid(tuple(map(alone, lanes)))
        if where is not None:
            judged += judged_points(lanes, where.names)
            if judged > MAX_JUDGED:
                raise FieldError(
                    "axes.where",
                    f"would be asked about more than {MAX_JUDGED} points; place the axes that it "
                    "names next to each other, or sweep less",
                )
            grid = _judged(grid, settings | labels, where)
        if len(grid):
            groups += 1
            if groups > MAX_GROUPS:
                raise FieldError("axes", f"leave more groups to compile than {MAX_GROUPS}")
            yield labels, grid
    if not groups:
        raise FieldError("axes.where", "leaves no trial")


def refuse_idle(axes: Sequence[Axis], groups: Sequence[Group]) -> None:
    """Refuse axes that have no effect at all, or several values where they have none.

    Raises:
        FieldError: there are some.
    """
    hint = "; a condition (axes.where) may leave it one value there"
    for axis in axes:
        reasons = [group.idle.get(axis.name, "") for group in groups]
        if all(reasons):
            raise FieldError(f"axes.{axis.name}", reasons[0])
        for group, reason in zip(groups, reasons, strict=True):
            if reason and axis.name not in group.labels and len(group.grid.values(axis.name)) > 1:
                raise FieldError(f"axes.{axis.name}", reason + hint)
    known: dict[tuple[str, int], Group] = {}
    for group in groups:
        other = known.setdefault((group.digest, group.steps), group)
        if other is not group:
            differing = [name for name in group.labels if group.labels[name] != other.labels[name]]
            name = next((name for name in differing if name in group.idle), differing[0])
            reason = group.idle.get(name, "has values that make no difference")
            raise FieldError(f"axes.{name}", reason + hint)


def _judged(grid: Grid, settings: Settings, where: Condition) -> Grid:
    """The points of `grid` at which a condition holds, in a group of these settings."""
    swept = {axis.name for axis in grid.axes} & {*where.names}
    single = {
        name: settings.values[swept_field(name).name] for name in where.names if name not in swept
    }
    return grid.where(list(swept), lambda values: where.holds({**single, **values}))


def _parts(dimension: Dimension) -> list[tuple[dict[str, Any], Dimension]]:
    """The different labels that a dimension has, and of each its rows of the other axes."""
    lanes = [axis.name for axis in dimension.axes if _is_lane(axis)]
    labels = [axis for axis in dimension.axes if not _is_lane(axis)]
    if not labels:
        return [({}, dimension)]
    code = codes_of(labels)
    _, first = np.unique(code, return_index=True)
    if len(first) > MAX_SPLITS:
        raise FieldError("axes", f"make {len(first)} groups to compile; at most {MAX_GROUPS}")
    return [
        (
            {axis.name: axis.values[row : row + 1].tolist()[0] for axis in labels},
            dimension.rows(code == code[row], lanes) if lanes else dimension.rows(code < 0, lanes),
        )
        for row in np.sort(first).tolist()
    ]


def _is_lane(axis: Axis) -> bool:
    return swept_field(axis.name).role is Role.LANE


MAX_TRIALS = 10**12
_MOST_KINDS = 3
MAX_NUMBERS = 16_000_000
"""How many numbers the different data of all groups may have."""


@dataclass(frozen=True)
class Plot:
    """How figures of a study look: `mark` holds reference values of axes, drawn as lines.

    `inputs` and `outputs` are what these are called, or the classes if outputs are
    these; empty where nothing is known of them.
    """

    mark: Mapping[str, tuple[float, ...]]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """A study file, checked and complete.

    `settings` are the canonical values of all fields by dotted name, `dimensions` the swept
    fields in file order, of whose points those count `where` a condition holds. `network`,
    `data`, ... are those of the first group; other groups differ from it in their `labels`.

    Raises:
        FieldError: the fields or axes do not agree.
    """

    name: str
    settings: Settings
    dimensions: tuple[Dimension, ...] = ()
    where: Condition | None = None

    def __post_init__(self) -> None:
        points = math.prod(map(len, self.dimensions))
        if points > MAX_TRIALS:
            raise FieldError("axes", f"make {points} trials; at most {MAX_TRIALS}")
        self._groups  # noqa: B018 - a study whose groups cannot be resolved is none

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The swept fields in file order."""
        return tuple(axis for dimension in self.dimensions for axis in dimension.axes)

    def __repr__(self) -> str:
        return f"<Study {self.name}: {self.trials:,} trials>"

    def _repr_html_(self) -> str:
        return card(self.title, {"study": self.name, **study_facts(self)})

    @property
    def title(self) -> str:
        """What the study asks, in words; its name if the file does not say."""
        return str(self.settings.values["title"] or self.name)

    @property
    def network(self) -> Network:
        """The network of the first group."""
        return self._groups[0].network

    @property
    def data(self) -> Data:
        """The data of the study."""
        return self._groups[0].data

    @property
    def initial(self) -> Initial:
        """Where the first group's training starts."""
        return self._groups[0].initial

    @property
    def training(self) -> Training:
        """How the first group is trained."""
        return self._groups[0].training

    @property
    def outcome(self) -> Outcome:
        """What the ends of the first group's trials are called."""
        return self._groups[0].outcome

    @property
    def record(self) -> Record:
        """What is recorded of the first group's trials."""
        return self._groups[0].record

    @property
    def plot(self) -> Plot:
        """How figures of the study look."""
        return Plot(
            *(self.settings.values[f"plot.{name}"] for name in ("mark", "inputs", "outputs"))
        )

    @property
    def trials(self) -> int:
        """How many trials the study has."""
        return sum(group.trials for group in self._groups)

    def groups(self) -> tuple[Group, ...]:
        """The groups in grid order, the last of the axes that split them running fastest."""
        return self._groups

    def idle(self, name: str) -> str:
        """Why the field `name` has no effect in any group, or nothing."""
        field = FIELD[name]
        reasons = [field.idle(self._settings(group)) for group in self._groups]
        if field.layered and all(_overshadowed(field, group) for group in self._groups):
            return "has no effect: every layer has a value of its own"
        return reasons[0] if all(reasons) else ""

    def to_toml(self) -> str:
        """The study as a file that states everything: every default and every axis's values.

        Parsing it gives the same groups, to the bit. Whole numbers at equal distances may be
        stated as a range.
        """
        swept = {axis.name for axis in self.axes}
        effective = {
            name: value
            for name in self.settings.values
            if FIELD[name].axis not in swept
            and not self.idle(name)
            and (value := self._value(name)) is not None
        }
        return study_toml(effective, self.dimensions, self.where.text if self.where else "")

    def _value(self, name: str) -> Any:
        """The value of a field, also where others give it; None if it has none or several."""
        field, value = FIELD[name], self.settings.values[name]
        if value is not None or not callable(field.default):
            return value
        settings = map(self._settings, self._groups)
        found = {field.default(one) for one in settings if not field.idle(one)}
        return found.pop() if len(found) == 1 else None

    @cached_property
    def _groups(self) -> tuple[Group, ...]:
        groups: list[Group] = []
        settings = self.settings
        made: dict[tuple[Any, ...], tuple[Data, Data | None]] = {}
        for labels, grid in split(self.dimensions, settings, self.where):
            found = settings | labels
            key = tuple(found.values[one.name] for one in FIELDS if one.role is Role.DATA)
            if key not in made:
                made[key] = make_data(found)
                _refuse_large(made.values())
            groups.append(resolve_group(found, labels, grid, *made[key]))
        refuse_idle(self.axes, groups)
        return tuple(replace(one, grid=one.grid.narrowed(list(one.idle))) for one in groups)

    def _settings(self, group: Group) -> Settings:
        return self.settings | group.labels


def _refuse_large(made: Collection[tuple[Data, Data | None]]) -> None:
    parts = (part for pair in made for part in pair if part is not None)
    numbers = sum(part.inputs.size + part.targets.size for part in parts)
    if numbers > MAX_NUMBERS:
        raise FieldError("data", f"has {numbers} numbers in all groups; at most {MAX_NUMBERS}")


def _overshadowed(field: Field, group: Group) -> bool:
    """Whether axes of single layers go before whatever the field states."""
    used = set(group.sources.values()) & set(group.fixed)
    return all(swept_field(name) != field for name in used)


def study_facts(study: Study) -> dict[str, str]:
    """Return what is trained, how and what is swept, in a few words each."""
    groups = study.groups()
    validated = any(one.validation for one in groups)
    return {
        "network": _joined(
            f"{'-'.join(map(str, one.network.layers))}, {_joined(one.network.activations)}, "
            f"{one.network.loss}"
            for one in groups
        ),
        "data": _joined(f"{_source(study, one)}{_samples(one.data)}" for one in groups),
        "batches": _joined(_batches(one) for one in groups),
        **({"validation": _joined(map(_validation, groups))} if validated else {}),
        "training": _joined(
            f"{counted(one.steps, 'step')} of {one.training.optimizer} in {one.training.dtype}"
            for one in groups
        ),
        **{axis.name: axis.in_words for axis in study.axes},
        **({"where": study.where.text} if study.where else {}),
        "trials": f"{study.trials:,}" + (f" in {len(groups):,} groups" * (len(groups) > 1)),
    }


def _source(study: Study, group: Group) -> str:
    """The name or the file of a group's data, if it has one."""
    stated = (study.settings | group.labels).data
    name = stated.name or Path(stated.file or "").name
    return f"{name}, " if name else ""


def _samples(data: Data) -> str:
    return counted(len(data.inputs), "sample")


def _batches(group: Group) -> str:
    if not group.batched:
        return "all samples each step"
    rows = group.batch.table
    size = group.batch.size if rows is None else rows.shape[1]
    return f"{counted(size or 0, 'sample')} each step, by {group.batch.order}"


def _validation(group: Group) -> str:
    return _samples(group.validation) if group.validation else "none"


def _joined(found: Iterable[str]) -> str:
    """Return what all have in common once, what differs side by side, or how many there are."""
    different = list(dict.fromkeys(found))
    if len(different) > _MOST_KINDS:
        return f"{len(different)} kinds, such as {different[0]}"
    return " / ".join(different)
