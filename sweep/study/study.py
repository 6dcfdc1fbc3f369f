"""One question: a study, and the groups of trials that answer it."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sweep.study.axes import Axis
from sweep.study.card import study_card
from sweep.study.conditions import Condition
from sweep.study.datasets import Data
from sweep.study.fields import FIELD, FIELDS, Field, FieldError, Role, Settings, swept_field
from sweep.study.grid import Dimension
from sweep.study.group import Group
from sweep.study.initializers import Initial
from sweep.study.network import Network
from sweep.study.record import Record
from sweep.study.resolve import resolve_group
from sweep.study.samples import make_data
from sweep.study.splitting import refuse_idle, split
from sweep.study.training import Outcome, Training
from sweep.study.writing import study_toml

MAX_TRIALS = 10**12
MAX_NUMBERS = 16_000_000
"""How many numbers the different data of all groups may have."""


@dataclass(frozen=True)
class Plot:
    """How figures of a study look: `mark` holds reference values of axes, drawn as lines."""

    mark: Mapping[str, tuple[float, ...]]


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
        return study_card(self)

    @property
    def title(self) -> str:
        """What the study asks, in words; its name if the file does not say."""
        return str(self.settings["title"] or self.name)

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
        return Plot(self.settings["plot.mark"])

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
            for name in self.settings
            if FIELD[name].axis not in swept
            and not self.idle(name)
            and (value := self._value(name)) is not None
        }
        return study_toml(effective, self.dimensions, self.where.text if self.where else "")

    def _value(self, name: str) -> Any:
        """The value of a field, also where others give it; None if it has none or several."""
        field, value = FIELD[name], self.settings[name]
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
            found = {**settings, **labels}
            key = tuple(found[one.name] for one in FIELDS if one.role is Role.DATA)
            if key not in made:
                made[key] = make_data(found)
                _refuse_large(made.values())
            groups.append(resolve_group(found, labels, grid, *made[key]))
        refuse_idle(self.axes, groups)
        return tuple(replace(one, grid=one.grid.narrowed(list(one.idle))) for one in groups)

    def _settings(self, group: Group) -> Settings:
        return {**self.settings, **group.labels}


def _refuse_large(made: Collection[tuple[Data, Data | None]]) -> None:
    parts = (part for pair in made for part in pair if part is not None)
    numbers = sum(part.inputs.size + part.targets.size for part in parts)
    if numbers > MAX_NUMBERS:
        raise FieldError("data", f"has {numbers} numbers in all groups; at most {MAX_NUMBERS}")


def _overshadowed(field: Field, group: Group) -> bool:
    """Whether axes of single layers go before whatever the field states."""
    used = set(group.sources.values()) & set(group.fixed)
    return all(swept_field(name) != field for name in used)
