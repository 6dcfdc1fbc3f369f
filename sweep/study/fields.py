"""Every field of a study file, one row each.

From this table follow which keys are known, what they default to, which of them can be axes, which
are numbers of a lane rather than properties of a group, what is in the digest, what `--set` takes
and what `study.toml` holds.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import Any

from sweep.study import checks
from sweep.study.initializers import SCHEMES
from sweep.study.network import ACTIVATIONS, LOSSES
from sweep.study.training import DTYPES, OPTIMIZERS, RULES

Settings = Mapping[str, Any]
"""Canonical values by the dotted names of their fields."""

REQUIRED = object()
MAX_SEED = 2**63 - 1
MAX_STEPS = 10**9


class Role(Enum):
    """What a field decides."""

    GROUP = auto()  # which group a trial belongs to; in the digest
    STEPS = auto()  # how far its trials are trained: splits groups, yet a trial can be extended
    LANE = auto()  # a number of each trial, which the compiled kernel takes as input
    WORDS = auto()  # nothing about any result


class FieldError(ValueError):
    """A field, an axis or their combination is wrong; the reader says in which file and line."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name, self.problem = name, problem


def without_biases(settings: Settings) -> str:
    """Why a field about biases has no effect, or nothing."""
    return "" if settings["network.bias"] else "has no effect: network.bias is false"


def without_draw(settings: Settings) -> str:
    """Why a field about drawing initial weights has no effect, or nothing."""
    stated = settings["initial.weights"] is not None
    return "has no effect: initial.weights states the weights, none are drawn" if stated else ""


def _always(_: Settings) -> str:
    return ""


@dataclass(frozen=True)
class Field:
    """One field: its dotted `name`, how its value is checked, and what it decides.

    `swept` is the type of its values as an axis, None where it cannot be one; `column` the name
    of that axis; `idle` tells why the field has no effect among other settings, or nothing.
    """

    name: str
    check: checks.Check
    role: Role
    default: object = REQUIRED
    swept: type[bool | int | float | str] | None = None
    column: str = ""
    idle: Callable[[Settings], str] = _always

    @property
    def axis(self) -> str:
        """The name of the axis and column of this field."""
        return self.column or self.name

    @property
    def layered(self) -> bool:
        """Whether each layer may have a value of its own, as an axis too."""
        return self.role is Role.LANE and self.swept is float and self.axis != "initial.scale"


def _marks(value: object) -> dict[str, tuple[float, ...]]:
    """Marks by the names of axes."""
    found = {}
    for name, numbers in checks.marks(value).items():
        axis = find_axis(name)
        if axis is None:
            raise ValueError(f"of {checks.show(name)} marks no axis{nearest(name, _AXIS)}")
        found[axis[1]] = numbers
    return found


_rate = checks.per_layer(checks.number(0))

FIELDS = (
    Field("title", checks.text, Role.WORDS, ""),
    Field("network.layers", checks.layer_sizes, Role.GROUP),
    Field(
        "network.activation",
        checks.per_layer(checks.one_of(ACTIVATIONS)),
        Role.GROUP,
        "sigmoid",
        swept=str,
    ),
    Field("network.bias", checks.flag, Role.GROUP, default=False, swept=bool),
    Field("network.loss", checks.one_of(LOSSES), Role.GROUP, "half_squared_error", swept=str),
    Field("data.inputs", checks.matrix, Role.GROUP),
    Field("data.targets", checks.matrix, Role.GROUP),
    Field("initial.weights", checks.layers_of(checks.matrix), Role.GROUP, None),
    Field("initial.biases", checks.layers_of(checks.vector), Role.GROUP, None, idle=without_biases),
    Field("initial.scheme", checks.one_of(SCHEMES), Role.GROUP, None, swept=str, idle=without_draw),
    Field("initial.scale", checks.number(0), Role.LANE, 1.0, swept=float, idle=without_draw),
    Field(
        "initial.seed",
        checks.integer(0, MAX_SEED),
        Role.LANE,
        0,
        swept=int,
        column="seed",
        idle=without_draw,
    ),
    Field("training.steps", checks.integer(1, MAX_STEPS), Role.STEPS, swept=int),
    Field("training.optimizer", checks.one_of(OPTIMIZERS), Role.GROUP, "sgd", swept=str),
    Field("training.dtype", checks.one_of(DTYPES), Role.GROUP, "float64", swept=str),
    Field("training.learning_rate", _rate, Role.LANE, None, swept=float, column="learning_rate"),
    Field(
        "training.bias_learning_rate",
        _rate,
        Role.LANE,
        None,
        swept=float,
        column="bias_learning_rate",
        idle=without_biases,
    ),
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
TABLES = (*dict.fromkeys(name.partition(".")[0] for name in FIELD if "." in name), "axes")

_AXIS = {
    spelling: field for field in FIELDS if field.swept for spelling in (field.axis, field.name)
}
_LAYER = re.compile(r"(.+)\.(0|[1-9][0-9]{0,3})")


def find_axis(name: str) -> tuple[Field, str] | None:
    """The field that the axis `name` sweeps and the axis's one name; None if there is none.

    Accepts `learning_rate`, `training.learning_rate` and, for one layer, `learning_rate.0`.
    """
    if name in _AXIS:
        return _AXIS[name], _AXIS[name].axis
    layer = _LAYER.fullmatch(name)
    if layer is not None and layer[1] in _AXIS and _AXIS[layer[1]].layered:
        return _AXIS[layer[1]], f"{_AXIS[layer[1]].axis}.{layer[2]}"
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


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that `name` may have meant."""
    found = difflib.get_close_matches(name[:80], list(known), n=1, cutoff=0.5)
    return f"; did you mean {found[0]}?" if found else ""


def unknown(name: str) -> FieldError:
    """The complaint about a key that is no field."""
    name = checks.one_line(name, 80)
    if name in TABLES:
        return FieldError(name, "must be a table")
    table, _, rest = name.partition(".")
    if table != "axes":
        return FieldError(name, f"is not a field of a study{nearest(name, FIELD)}")
    if rest in FIELD:
        return FieldError(name, f"{rest} is no single value and cannot be an axis")
    return FieldError(name, f"is not a field of a study{nearest(rest, _AXIS)}")
