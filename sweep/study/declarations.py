"""How a field is declared: its check, its default, what it decides, why it may have no effect."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass
from dataclasses import Field as Attribute
from dataclasses import field as attribute
from dataclasses import fields as attributes
from enum import Enum, auto
from functools import partial
from typing import Any, TypeVar, cast

from sweep.catalogue import OPTIMIZERS, SCHEDULES
from sweep.study import checks
from sweep.study.generated import GENERATED

Settings = Mapping[str, Any]
"""Canonical values by the dotted names of their fields."""

_Section = TypeVar("_Section")

REQUIRED = object()


class Role(Enum):
    """What a field decides."""

    GROUP = auto()  # which group a trial belongs to; in the digest
    STEPS = auto()  # how far its trials are trained: splits groups, yet a trial can be extended
    LANE = auto()  # a number of each trial, which the compiled kernel takes as input
    WORDS = auto()  # nothing about any result
    DATA = auto()  # how the data is made; its values are in the digest
    FILE = auto()  # which file another field is read from


class FieldError(ValueError):
    """A field, an axis or their combination is wrong; the reader says in which file and line."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name, self.problem = name, problem


def without_biases(settings: Settings) -> str:
    """Why a field about biases has no effect, or nothing."""
    return "" if settings["network.bias"] else "has no effect: network.bias is false"


def without_hidden(settings: Settings) -> str:
    """Why a field about hidden layers has no effect, or nothing."""
    hidden = len(settings["network.layers"]) > 2 or settings["network.depth"] is not None
    return "" if hidden else "has no effect: network.layers has no hidden layers"


def without_draw(settings: Settings) -> str:
    """Why a field about drawing initial weights has no effect, or nothing."""
    stated = settings["initial.weights"] is not None
    return "has no effect: initial.weights states the weights, none are drawn" if stated else ""


def with_table(settings: Settings) -> str:
    """Why the size of batches has no effect, or nothing."""
    stated = settings["batch.table"] is not None
    return "has no effect: a table states the samples of every batch" if stated else ""


def without_drawn_batches(settings: Settings) -> str:
    """Why a field about drawing batches has no effect, or nothing."""
    whole = settings["batch.size"] is None
    reason = "has no effect: without batch.size every step takes all samples" if whole else ""
    return with_table(settings) or reason


def unless_set_takes(number: str) -> Callable[[Settings], str]:
    """Why a number has no effect among settings whose data set does not take it."""

    def idle(settings: Settings) -> str:
        name = settings["data.name"]
        if name is None:
            return "has no effect: data.name names no set that takes it"
        taken = number in GENERATED.get(name, ())
        return "" if taken else f'has no effect: the data set "{name}" takes no {number}'

    return idle


def without_file(_: Settings) -> str:
    """Why a field about the columns of a file has no effect."""
    return "has no effect: there is no data.file or validation.file"


def without_share(settings: Settings) -> str:
    """Why a field about the split has no effect, or nothing."""
    stated = settings["validation.share"] is not None
    return "" if stated else "has no effect: without validation.share nothing is split"


def unless_optimizer_takes(number: str) -> Callable[[Settings], str]:
    """Why a number has no effect among settings whose optimizer does not take it."""

    def idle(settings: Settings) -> str:
        name = settings["training.optimizer"]
        taken = number in OPTIMIZERS[name].numbers
        return "" if taken else f'has no effect: the optimizer "{name}" takes no {number}'

    return idle


def unless_schedule_takes(number: str) -> Callable[[Settings], str]:
    """Why a number has no effect among settings whose schedule does not take it."""

    def idle(settings: Settings) -> str:
        name = settings["schedule.name"]
        taken = number in SCHEDULES[name].numbers
        return "" if taken else f'has no effect: the schedule "{name}" takes no {number}'

    return idle


def by_schedule(number: str) -> Callable[[Settings], float]:
    """The default of a number as the schedule has it."""

    def default(settings: Settings) -> float:
        name = settings["schedule.name"]
        found = SCHEDULES[name].numbers[number]
        if found is None:
            raise FieldError(f"schedule.{number}", f'is missing: the schedule "{name}" needs it')
        return found

    return default


def by_optimizer(number: str) -> Callable[[Settings], float]:
    """The default of a number as the optimizer has it."""
    return lambda settings: OPTIMIZERS[settings["training.optimizer"]].default(number)


def always(_: Settings) -> str:
    """No reason: the field has its effect always."""
    return ""


@dataclass(frozen=True)
class Field:
    """One field: its dotted `name`, how its value is checked, and what it decides.

    `default` is a value, `REQUIRED`, or a function of the other settings. `swept` is the type of
    its values as an axis, None where it cannot be one; `column` the name of that axis; `idle`
    tells why the field has no effect among other settings, or nothing. Of a `layered` field each
    layer may have a value of its own, as an axis too.
    """

    name: str
    check: checks.Check
    role: Role
    default: object = REQUIRED
    swept: type[bool | int | float | str] | None = None
    column: str = ""
    idle: Callable[[Settings], str] = always
    layered: bool = False

    @property
    def axis(self) -> str:
        """The name of the axis and column of this field."""
        return self.column or self.name


def declared(
    check: checks.Check,
    role: Role,
    default: object = REQUIRED,
    *,
    name: str = "",
    otherwise: object = MISSING,
    **more: Any,
) -> Any:
    """An attribute of a dataclass that declares the field of its name, or of the one stated.

    `otherwise` is the attribute's value where the field has none; `more` is as in `Field`.
    """
    row = partial(Field, check=check, role=role, default=default, **more)
    return attribute(default=otherwise, metadata={"row": row, "name": name})


def fields_of(table: str, section: type) -> list[Field]:
    """The fields that the attributes of a dataclass declare, in a table of a study file."""
    return [one.metadata["row"](name) for name, one in _declarations(table, section)]


def section_of(table: str, section: type[_Section], settings: Settings) -> _Section:
    """The dataclass of what `settings` hold for the fields that it declares."""
    values = {
        one.name: settings[name]
        for name, one in _declarations(table, section)
        if settings[name] is not None or one.default is MISSING
    }
    return section(**values)


def _declarations(table: str, section: type) -> Iterator[tuple[str, Attribute[Any]]]:
    for one in attributes(cast("Any", section)):
        if one.metadata:
            yield f"{table}.{one.metadata['name'] or one.name}", one
