"""Every field of a study file, one row each.

From this table follow which keys are known, what they default to, which of them can be axes, which
are numbers of a lane rather than properties of a group, what is in the digest, what `--set` takes
and what `study.toml` holds.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import Any

from sweep.catalogue import (
    ACTIVATIONS,
    COMMON_NUMBERS,
    DTYPES,
    LOSSES,
    NUMBERS,
    OPTIMIZERS,
    ORDERS,
    RULES,
    SCHEDULES,
    SCHEMES,
    STOPS,
)
from sweep.study import checks
from sweep.study.generated import GENERATED

Settings = Mapping[str, Any]
"""Canonical values by the dotted names of their fields."""

FETCHED = ("iris", "digits", "breast_cancer", "diabetes")
"""The data sets of scikit-learn that a study may name."""

SCALED = ("nothing", "inputs", "targets", "both")

REQUIRED = object()
MAX_SEED = 2**63 - 1
MAX_STEPS = 10**9


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


def _without_hidden(settings: Settings) -> str:
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


def _unless_set_takes(number: str) -> Callable[[Settings], str]:
    def idle(settings: Settings) -> str:
        name = settings["data.name"]
        if name is None:
            return "has no effect: data.name names no set that takes it"
        taken = number in GENERATED.get(name, ())
        return "" if taken else f'has no effect: the data set "{name}" takes no {number}'

    return idle


def _without_file(_: Settings) -> str:
    return "has no effect: there is no data.file or validation.file"


def _without_share(settings: Settings) -> str:
    stated = settings["validation.share"] is not None
    return "" if stated else "has no effect: without validation.share nothing is split"


def _unless_optimizer_takes(number: str) -> Callable[[Settings], str]:
    def idle(settings: Settings) -> str:
        name = settings["training.optimizer"]
        taken = number in OPTIMIZERS[name].numbers
        return "" if taken else f'has no effect: the optimizer "{name}" takes no {number}'

    return idle


def _unless_schedule_takes(number: str) -> Callable[[Settings], str]:
    def idle(settings: Settings) -> str:
        name = settings["schedule.name"]
        taken = number in SCHEDULES[name].numbers
        return "" if taken else f'has no effect: the schedule "{name}" takes no {number}'

    return idle


def _by_schedule(number: str) -> Callable[[Settings], float]:
    def default(settings: Settings) -> float:
        name = settings["schedule.name"]
        found = SCHEDULES[name].numbers[number]
        if found is None:
            raise FieldError(f"schedule.{number}", f'is missing: the schedule "{name}" needs it')
        return found

    return default


def _by_optimizer(number: str) -> Callable[[Settings], float]:
    return lambda settings: OPTIMIZERS[settings["training.optimizer"]].default(number)


def _always(_: Settings) -> str:
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
    idle: Callable[[Settings], str] = _always
    layered: bool = False

    @property
    def axis(self) -> str:
        """The name of the axis and column of this field."""
        return self.column or self.name


def _marks(value: object) -> dict[str, tuple[float, ...]]:
    """Marks by the names of axes."""
    found = {}
    for name, numbers in checks.marks(value).items():
        axis = find_axis(name)
        if axis is None:
            raise ValueError(f"of {checks.show(name)} marks no axis{checks.nearest(name, AXES)}")
        found[axis[1]] = numbers
    return found


def _number(name: str, check: checks.Check) -> Field:
    """A number of the optimizer."""
    several = any(name in row.defaults for row in OPTIMIZERS.values())
    return Field(
        f"training.{name}",
        check,
        Role.LANE,
        _by_optimizer(name) if several else NUMBERS[name].default,
        swept=float,
        column=name,
        idle=_always if name in COMMON_NUMBERS else _unless_optimizer_takes(name),
    )


def _schedule_number(name: str, check: checks.Check, swept: type[int | float]) -> Field:
    return Field(
        f"schedule.{name}",
        check,
        Role.GROUP,
        _by_schedule(name),
        swept=swept,
        idle=_unless_schedule_takes(name),
    )


def _set_number(
    name: str, check: checks.Check, default: object, swept: type[int | float] | None
) -> Field:
    """A number of a set that is made."""
    idle = _unless_set_takes(name)
    return Field(f"data.{name}", check, Role.DATA, default, swept=swept, idle=idle)


_rate = checks.per_layer(checks.number(0))
_any = checks.per_layer(checks.number())
_share = checks.number(0, below=1)
_seed = checks.integer(0, MAX_SEED)
_step = checks.integer(1, MAX_STEPS)

FIELDS = (
    Field("title", checks.text, Role.WORDS, ""),
    Field("network.layers", checks.layer_sizes, Role.GROUP),
    Field(
        "network.width",
        checks.integer(1, checks.MAX_SIZE),
        Role.GROUP,
        None,
        swept=int,
        idle=_without_hidden,
    ),
    Field("network.depth", checks.integer(1, checks.MAX_LAYERS - 2), Role.GROUP, None, swept=int),
    Field(
        "network.activation",
        checks.per_layer(checks.one_of(ACTIVATIONS)),
        Role.GROUP,
        "sigmoid",
        swept=str,
    ),
    Field("network.bias", checks.flag, Role.GROUP, default=False, swept=bool),
    Field("network.loss", checks.one_of(LOSSES), Role.GROUP, "half_squared_error", swept=str),
    Field("network.multiplier", _any, Role.LANE, 1.0, swept=float, layered=True),
    Field("data.inputs", checks.matrix, Role.GROUP, None),
    Field("data.targets", checks.matrix, Role.GROUP, None),
    Field("data.file", checks.text, Role.FILE, None),
    Field("data.input_columns", checks.column_names, Role.FILE, None, idle=_without_file),
    Field("data.target_columns", checks.column_names, Role.FILE, None, idle=_without_file),
    Field("data.name", checks.one_of((*GENERATED, *FETCHED)), Role.DATA, None, swept=str),
    _set_number("samples", checks.integer(1, 1_000_000), 200, int),
    _set_number("noise", checks.number(0), 0.0, float),
    _set_number("seed", _seed, 0, int),
    _set_number("hidden", checks.hidden_sizes, (8,), None),
    Field("data.one_hot", checks.flag, Role.DATA, default=False),
    Field("data.standardise", checks.one_of(SCALED), Role.DATA, "nothing", swept=str),
    Field("validation.inputs", checks.matrix, Role.GROUP, None),
    Field("validation.targets", checks.matrix, Role.GROUP, None),
    Field("validation.file", checks.text, Role.FILE, None),
    Field("validation.share", checks.number(0, below=1), Role.DATA, None, swept=float),
    Field("validation.seed", _seed, Role.DATA, 0, swept=int, idle=_without_share),
    Field("initial.weights", checks.layers_of(checks.matrix), Role.GROUP, None),
    Field("initial.biases", checks.layers_of(checks.vector), Role.GROUP, None, idle=without_biases),
    Field("initial.scheme", checks.one_of(SCHEMES), Role.GROUP, None, swept=str, idle=without_draw),
    Field("initial.scale", checks.number(0), Role.LANE, 1.0, swept=float, idle=without_draw),
    Field("initial.seed", _seed, Role.LANE, 0, swept=int, column="seed", idle=without_draw),
    Field("initial.offset", _any, Role.LANE, 0.0, swept=float, layered=True),
    Field("batch.file", checks.text, Role.FILE, None),
    Field("batch.table", checks.index_rows, Role.GROUP, None),
    Field("batch.size", _step, Role.GROUP, None, swept=int, idle=with_table),
    Field(
        "batch.order",
        checks.one_of(ORDERS),
        Role.GROUP,
        "shuffle",
        swept=str,
        idle=without_drawn_batches,
    ),
    Field(
        "batch.seed",
        _seed,
        Role.LANE,
        0,
        swept=int,
        column="batch_seed",
        idle=without_drawn_batches,
    ),
    Field("training.steps", _step, Role.STEPS, swept=int),
    Field("training.optimizer", checks.one_of(OPTIMIZERS), Role.GROUP, "sgd", swept=str),
    Field("training.dtype", checks.one_of(DTYPES), Role.GROUP, "float64", swept=str),
    Field("training.stop", checks.one_of(STOPS), Role.GROUP, "never", swept=str),
    Field(
        "training.learning_rate",
        _rate,
        Role.LANE,
        None,
        swept=float,
        column="learning_rate",
        layered=True,
    ),
    Field(
        "training.bias_learning_rate",
        _rate,
        Role.LANE,
        None,
        swept=float,
        column="bias_learning_rate",
        idle=without_biases,
        layered=True,
    ),
    _number("momentum", checks.number(0)),
    _number("alpha", _share),
    _number("beta1", _share),
    _number("beta2", _share),
    _number("epsilon", checks.number(0)),
    _number("weight_decay", checks.number(0)),
    _number("clip_norm", checks.number(0, infinite=True)),
    Field("schedule.name", checks.one_of(SCHEDULES), Role.GROUP, "constant", swept=str),
    Field("schedule.warmup", checks.integer(0, MAX_STEPS), Role.GROUP, 0, swept=int),
    _schedule_number("every", _step, int),
    _schedule_number("gamma", checks.number(0), float),
    _schedule_number("final", checks.number(0), float),
    Field("outcome.target", checks.number(0), Role.GROUP, 0.0, swept=float),
    Field("outcome.diverged_above", checks.number(0, infinite=True), Role.GROUP, inf, swept=float),
    Field("outcome.rule", checks.one_of(RULES), Role.GROUP, "target", swept=str),
    Field(
        "record.loss",
        checks.recorded("every step", "every N", "log N", "nothing"),
        Role.GROUP,
        "every step",
        swept=str,
    ),
    Field(
        "record.parameters",
        checks.recorded("final", "every step", "every N", "nothing"),
        Role.GROUP,
        "final",
        swept=str,
    ),
    Field("plot.mark", _marks, Role.WORDS, {}),
)

FIELD = {field.name: field for field in FIELDS}
GIVES = {
    "batch.file": ("batch.table",),
    "data.file": ("data.inputs", "data.targets"),
    "data.name": ("data.inputs", "data.targets"),
    "validation.file": ("validation.inputs", "validation.targets"),
    "validation.share": ("validation.inputs", "validation.targets"),
}
"""The fields in place of which another one may stand, by that one."""
TABLES = (*dict.fromkeys(name.partition(".")[0] for name in FIELD if "." in name), "axes")

AXES = {spelling: field for field in FIELDS if field.swept for spelling in (field.axis, field.name)}
"""The fields that can be axes, by each of their names."""

_LAYER = re.compile(r"(.+)\.(0|[1-9][0-9]{0,3})")
_HELD = re.compile(r"(axes\.(?:zip|design)\.[A-Za-z0-9_-]{1,50})\.(.+)", re.DOTALL)


def complete(settings: Settings) -> Settings:
    """`settings` of one group, with every default; None where a field of it has no effect.

    Raises:
        FieldError: a field that others need is missing.
    """
    found = dict(settings)
    for field in FIELDS:
        if field.idle(settings):
            found[field.name] = None if field.role is Role.GROUP else found[field.name]
        elif found[field.name] is None and callable(field.default):
            found[field.name] = field.default(settings)
    return found


def find_axis(name: str) -> tuple[Field, str] | None:
    """The field that the axis `name` sweeps and the axis's one name; None if there is none.

    Accepts `learning_rate`, `training.learning_rate` and, for one layer, `learning_rate.0`.
    """
    if name in AXES:
        return AXES[name], AXES[name].axis
    layer = _LAYER.fullmatch(name)
    if layer is not None and layer[1] in AXES and AXES[layer[1]].layered:
        return AXES[layer[1]], f"{AXES[layer[1]].axis}.{layer[2]}"
    return None


def swept_field(axis: str) -> Field:
    """The field that the axis of this name sweeps.

    Raises:
        KeyError: no field is swept so.
    """
    found = find_axis(axis)
    if found is None:
        raise KeyError(axis)
    return found[0]


@dataclass(frozen=True)
class Place:
    """Where an axis stands: alone in "axes", or with others in "axes.zip.NAME" or a design."""

    holder: str
    axis: str


def place_of(path: str) -> Place:
    """The place that a dotted path below `axes` names, its axis as it is spelt there."""
    held = _HELD.fullmatch(path)
    return Place(held[1], held[2]) if held else Place("axes", path.partition(".")[2])


def unknown(name: str) -> FieldError:
    """The complaint about a key that is no field."""
    name = checks.one_line(name, 80)
    if name in TABLES:
        return FieldError(name, "must be a table")
    if not name.startswith("axes."):
        return FieldError(name, f"is not a field of a study{checks.nearest(name, FIELD)}")
    for kind, what in (("zip", "that run together"), ("design", "and how to draw them")):
        whole = f"axes.{kind}"
        if name == whole or (name.startswith(f"{whole}.") and not _HELD.fullmatch(name)):
            return FieldError(name, f"must be a table of axes {what}: [{whole}.NAME]")
    axis = place_of(name).axis
    if axis in FIELD:
        hint = "; network.width and network.depth can be" if axis == "network.layers" else ""
        return FieldError(name, f"{axis} is no single value and cannot be an axis{hint}")
    return FieldError(name, f"is not a field of a study{checks.nearest(axis, AXES)}")
