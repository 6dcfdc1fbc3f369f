"""The fields of a study file, each declared once: a dataclass a table, an attribute a field.

A declaration has the field's check, its default, what it decides, of which type it is as an axis,
and why it may have no effect.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass
from dataclasses import field as attribute
from dataclasses import fields as attributes
from enum import Enum, auto
from functools import partial
from math import inf
from typing import Any, get_type_hints

import numpy as np

from sweep.catalogue import (
    ACTIVATIONS,
    CURVE_MEASURES,
    DTYPES,
    LOSSES,
    MEASURES,
    OPTIMIZERS,
    ORDERS,
    RULES,
    SCHEDULES,
    SCHEMES,
    STOPS,
    TRAINING_MEASURES,
)
from sweep.study import checks
from sweep.study.generated import GENERATED
from sweep.study.spacings import logarithmic_steps

REQUIRED = object()
FETCHED = ("iris", "digits", "breast_cancer", "diabetes")
"""The data sets of scikit-learn that a study may name."""

SCALED = ("nothing", "inputs", "targets", "both")

Idle = Callable[["Settings"], str]  # why a field has no effect among other settings, or nothing
Columns = tuple[str | int, ...] | None  # the names of columns of a file, or their positions from 0


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


@dataclass(frozen=True)
class Field:
    """One field: how its value is checked, and what it decides."""

    name: str  # dotted
    check: checks.Check
    role: Role
    default: object = REQUIRED  # or a value, or a function of the other settings
    swept: type[bool | int | float | str] | None = None  # of its values as an axis, if it can be
    column: str = ""  # the name of that axis, if it is another
    idle: Idle = lambda _: ""
    each: str = ""  # what may have a value of its own, as an axis too: "layer", "direction"

    @property
    def axis(self) -> str:
        """The name of the axis and column of this field."""
        return self.column or self.name


def declared(
    check: checks.Check,
    default: object = REQUIRED,
    swept: type | None = None,
    role: Role = Role.GROUP,
    *,
    otherwise: object = MISSING,
    **more: Any,
) -> Any:
    """An attribute of a dataclass that declares the field of its name.

    `otherwise` is the attribute's value where the field has none; `more` is as in `Field`.
    """
    row = partial(Field, check=check, role=role, default=default, swept=swept, **more)
    return attribute(default=otherwise, metadata={"row": row})


def only_if(test: Callable[["Settings"], bool], reason: str) -> Idle:
    """A field that has an effect where `test` holds; elsewhere it has none for this `reason`."""
    return lambda settings: "" if test(settings) else f"has no effect: {reason}"


def only_if_taken(
    number: str, name: Callable[["Settings"], str], what: str, taken: Mapping[str, Collection[str]]
) -> Idle:
    """A number that has an effect where the row `name` is among those that have it `taken`."""

    def idle(settings: "Settings") -> str:
        chosen = name(settings)
        fits = number in taken.get(chosen, ())
        return "" if fits else f'has no effect: the {what} "{chosen}" takes no {number}'

    return idle


_biased = only_if(lambda s: s.network.bias, "network.bias is false")
_hidden = only_if(
    lambda s: len(s.network.layers) > 2 or s.network.depth is not None,
    "network.layers has no hidden layers",
)
_from_file = only_if(lambda _: False, "there is no data.file or validation.file")
_split = only_if(
    lambda s: s.validation.share is not None, "without validation.share nothing is split"
)
_drawn = only_if(
    lambda s: s.initial.weights is None, "initial.weights states the weights, none are drawn"
)
_untabled = only_if(lambda s: s.batch.table is None, "a table states the samples of every batch")
_sized = only_if(
    lambda s: s.batch.size is not None, "without batch.size every step takes all samples"
)
_any = checks.per_layer(checks.number())
_rates = checks.per_layer(checks.number(0))


def _drawn_batches(settings: "Settings") -> str:
    return _untabled(settings) or _sized(settings)


@dataclass(frozen=True)
class NetworkFields:
    """The network as it is stated; `group.Network` is what comes of it."""

    layers: tuple[int, ...] = declared(checks.layer_sizes)
    activation: str | tuple[str, ...] = declared(
        checks.per_layer(checks.one_of(ACTIVATIONS)), "sigmoid", str
    )
    bias: bool = declared(checks.flag, False, bool)
    loss: str = declared(checks.one_of(LOSSES), "half_squared_error", str)
    width: int | None = declared(checks.integer(1, checks.MAX_SIZE), None, int, idle=_hidden)
    depth: int | None = declared(checks.integer(1, checks.MAX_LAYERS - 2), None, int)
    multiplier: float | tuple[float, ...] = declared(_any, 1.0, float, Role.LANE, each="layer")


def _of_set(check: checks.Check, default: object, number: str, swept: type | None) -> Any:
    """A number that some of the sets that are made take."""
    named = only_if(lambda s: s.data.name is not None, "data.name names no set that takes it")
    taken = only_if_taken(number, lambda s: s.data.name or "", "data set", GENERATED)
    return declared(check, default, swept, Role.DATA, idle=lambda s: named(s) or taken(s))


@dataclass(frozen=True)
class DataFields:
    """The samples as they are stated, read or made; `group.Data` is what comes of them."""

    inputs: np.ndarray | None = declared(checks.matrix, None)
    targets: np.ndarray | None = declared(checks.matrix, None)
    file: str | None = declared(checks.text, None, role=Role.FILE)
    input_columns: Columns = declared(checks.column_names, None, role=Role.FILE, idle=_from_file)
    target_columns: Columns = declared(checks.column_names, None, role=Role.FILE, idle=_from_file)
    name: str | None = declared(checks.one_of((*GENERATED, *FETCHED)), None, str, Role.DATA)
    samples: int = _of_set(checks.integer(1, 1_000_000), 200, "samples", int)
    noise: float = _of_set(checks.number(0), 0.0, "noise", float)
    seed: int = _of_set(checks.SEED, 0, "seed", int)
    hidden: tuple[int, ...] = _of_set(checks.hidden_sizes, (8,), "hidden", None)
    one_hot: bool = declared(checks.flag, False, role=Role.DATA)
    standardise: str = declared(checks.one_of(SCALED), "nothing", str, Role.DATA)


@dataclass(frozen=True)
class ValidationFields:
    """The samples that are not trained on, as they are stated."""

    inputs: np.ndarray | None = declared(checks.matrix, None)
    targets: np.ndarray | None = declared(checks.matrix, None)
    file: str | None = declared(checks.text, None, role=Role.FILE)
    share: float | None = declared(checks.number(0, below=1), None, float, Role.DATA)
    seed: int = declared(checks.SEED, 0, int, Role.DATA, idle=_split)


@dataclass(frozen=True)
class InitialFields:
    """Where training starts, as it is stated; `group.Initial` is what comes of it."""

    weights: tuple[np.ndarray, ...] | None = declared(checks.layers_of(checks.matrix), None)
    file: str | None = declared(checks.text, None, role=Role.FILE)
    biases: tuple[np.ndarray, ...] | None = declared(
        checks.layers_of(checks.vector), None, idle=_biased
    )
    scheme: str | None = declared(checks.one_of(SCHEMES), None, str, idle=_drawn)
    scale: float = declared(checks.number(0), 1.0, float, Role.LANE, idle=_drawn)
    seed: int = declared(checks.SEED, 0, int, Role.LANE, column="seed", idle=_drawn)
    offset: float | tuple[float, ...] = declared(_any, 0.0, float, Role.LANE, each="layer")
    direction: tuple[int, ...] | np.ndarray | None = declared(checks.directions, None)
    along: float | tuple[float, ...] = declared(
        checks.per_layer(checks.number(), "direction"), 0.0, float, Role.LANE, each="direction",
        idle=only_if(lambda s: s.initial.direction is not None, "no initial.direction is stated"),
    )  # fmt: skip


@dataclass(frozen=True)
class BatchFields:
    """The samples of each step, as they are stated; `group.Batch` is what comes of them."""

    file: str | None = declared(checks.text, None, role=Role.FILE)
    table: np.ndarray | None = declared(checks.index_rows, None)
    size: int | None = declared(checks.STEPS, None, int, idle=_untabled)
    order: str = declared(checks.one_of(ORDERS), "shuffle", str, idle=_drawn_batches)
    seed: int = declared(checks.SEED, 0, int, Role.LANE, column="batch_seed", idle=_drawn_batches)
    measured: str = declared(
        checks.one_of(("by epochs", "on all data")),
        "by epochs",
        idle=only_if(
            lambda s: s.batch.size is not None or s.batch.table is not None,
            "without batch.size every step takes all samples",
        ),
    )


@dataclass(frozen=True)
class Training:
    """The way down the loss.

    `steps` counts updates of the parameters. `learning_rate` and `bias_learning_rate` are as the
    study states them: one number, one for each layer, or None where an axis gives them (and, for
    the biases, where their rate is that of their layer's weights). `Group.lanes` resolves them.

    `stop` says after which step a trial is left as it is: never before the last one, or the one
    whose loss reached the target, diverged, or either.
    """

    steps: int = declared(checks.STEPS, swept=int, role=Role.STEPS)
    optimizer: str = declared(checks.one_of(OPTIMIZERS), "sgd", str)
    dtype: str = declared(checks.one_of(DTYPES), "float64", str)
    stop: str = declared(checks.one_of(STOPS), "never", str)
    learning_rate: float | tuple[float, ...] | None = declared(
        _rates, None, float, Role.LANE, column="learning_rate", each="layer"
    )
    bias_learning_rate: float | tuple[float, ...] | None = declared(
        _rates, None, float, Role.LANE, column="bias_learning_rate", idle=_biased, each="layer"
    )
    drift: float | tuple[float, ...] = declared(
        _any, 0.0, float, Role.LANE, otherwise=0.0, each="layer"
    )


@dataclass(frozen=True)
class Outcome:
    """When a trial has converged and when it has diverged.

    Diverged: its loss was not finite or exceeded `diverged_above`. Converged, by `rule`: its loss
    reached `target`, or its tail loss is below its initial loss. Stalled: neither.
    """

    target: float = declared(checks.number(0), 0.0, float)
    diverged_above: float = declared(checks.number(0, infinite=True), inf, float)
    rule: str = declared(checks.one_of(RULES), "target", str)


def _of_schedule(number: str, check: checks.Check, swept: type) -> Any:
    """A number that some schedules take, with the default that each has; 1 for others."""

    def default(settings: "Settings") -> float:
        name = settings.schedule.name
        found = SCHEDULES[name].numbers[number]
        if found is None:
            raise FieldError(f"schedule.{number}", f'is missing: the schedule "{name}" needs it')
        return found

    numbers = {name: row.numbers for name, row in SCHEDULES.items()}
    idle = only_if_taken(number, lambda s: s.schedule.name, "schedule", numbers)
    return declared(check, default, swept, idle=idle, otherwise=swept(1))


@dataclass(frozen=True)
class Schedule:
    """A factor on every learning rate, by step t = 0 .. steps - 1 of the update.

    The first `warmup` steps have the factors 1/warmup, 2/warmup, .., 1. Then t counts from 0
    again, of T = steps - warmup, and the factor is what the catalogue says of `name`.
    A number that the schedule does not take is 1.
    """

    name: str = declared(checks.one_of(SCHEDULES), "constant", str, otherwise="constant")
    warmup: int = declared(checks.integer(0, 10**9), 0, int, otherwise=0)
    every: int = _of_schedule("every", checks.STEPS, int)
    gamma: float = _of_schedule("gamma", checks.number(0), float)
    final: float = _of_schedule("final", checks.number(0), float)

    @property
    def shaped_by_steps(self) -> bool:
        """Whether the factor at a step depends on how many steps there are in all."""
        return SCHEDULES[self.name].shaped_by_steps


@dataclass(frozen=True)
class Record:
    """What is recorded of every trial, besides the measures that all have.

    `measures` are those of the whole curve that are asked for, in the order of the catalogue. Both
    others are "every step", "every N", "last N", "final" or "nothing", `loss` may be "log N" too.
    See `checks.schedule` for their one spelling.
    """

    loss: str = declared(
        checks.recorded("every step", "every N", "log N", "last N", "final", "nothing"),
        "every step",
        str,
    )
    parameters: str = declared(
        checks.recorded("final", "every step", "every N", "last N", "nothing"), "final", str
    )
    measures: tuple[str, ...] = declared(
        checks.names(CURVE_MEASURES, "a list of measures, such as"), None, otherwise=()
    )

    def loss_steps(self, steps: int) -> np.ndarray:
        """The steps at which the loss of a trial of `steps` is recorded: int64, ascending."""
        return _scheduled(self.loss, steps)

    def parameter_steps(self, steps: int) -> np.ndarray:
        """The steps at which the parameters of a trial of `steps` are recorded, likewise."""
        return _scheduled(self.parameters, steps)


def scheduled_count(text: str, steps: int) -> int:
    """How many steps `schedule` records of a trial of `steps`, without listing them."""
    kind, count = _kind_and_count(text)
    known = {"nothing": 0, "final": 1, "every": -(-steps // count) + 1}
    return known.get(kind, min(count, steps + 1))


def _scheduled(text: str, steps: int) -> np.ndarray:
    kind, count = _kind_and_count(text)
    if kind == "log":
        return logarithmic_steps(count, steps)
    if kind == "every":
        found = np.arange(0, steps + count, count)
        found[-1] = steps
        return found
    return np.arange({"nothing": steps + 1}.get(kind, max(steps + 1 - count, 0)), steps + 1)


def _kind_and_count(text: str) -> tuple[str, int]:
    kind, _, number = text.partition(" ")
    return kind, int(number) if number.isdigit() else 1


_refined = only_if(
    lambda s: s.refine.depth is not None, "without refine.depth all of the grid is trained"
)
_by_loss = only_if(lambda s: s.refine.by != "outcome", 'by "outcome" cells agree or they do not')
_COMPARED = (
    "outcome",
    *(name for name in TRAINING_MEASURES if MEASURES[name].unit == "loss"),
    "validation_loss",
)


@dataclass(frozen=True)
class Refine:
    """How a map is trained from coarse to fine, cells being split `depth` times at most.

    A cell is split where its corners differ in their outcome, or, by a loss, by more than a
    `factor`. Without a depth all of the grid is trained.
    """

    depth: int | None = declared(checks.integer(1, 20), None, role=Role.WORDS)
    by: str = declared(checks.one_of(_COMPARED), "outcome", role=Role.WORDS, idle=_refined)
    factor: float = declared(
        checks.number(1), 10.0, role=Role.WORDS, idle=lambda s: _refined(s) or _by_loss(s)
    )


@dataclass(frozen=True)
class Settings:
    """The canonical value of every field by its dotted name in `values`, and by table.

    A value is None where the field has none, or an axis or another field will give it.
    """

    values: Mapping[str, Any]
    network: NetworkFields
    data: DataFields
    validation: ValidationFields
    initial: InitialFields
    batch: BatchFields
    training: Training
    schedule: Schedule
    outcome: Outcome
    record: Record
    refine: Refine

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Settings":
        """Those of `values`, which has all fields."""
        return cls(values, **{name: _section(name, kind, values) for name, kind in TABLES.items()})

    def __or__(self, values: Mapping[str, Any]) -> "Settings":
        """The same with other `values` of some fields."""
        return Settings.of({**self.values, **values})


TABLES: Mapping[str, Any] = {
    name: kind for name, kind in get_type_hints(Settings).items() if name != "values"
}


def fields_of(table: str) -> list[Field]:
    """The fields that a table of a study file has, in its order."""
    return [one.metadata["row"](f"{table}.{one.name}") for one in attributes(TABLES[table])]


def _section(table: str, kind: Any, values: Mapping[str, Any]) -> Any:
    """The dataclass of what `values` hold for its attributes."""
    stated = {one.name: (values[f"{table}.{one.name}"], one.default) for one in attributes(kind)}
    return kind(**{n: v for n, (v, other) in stated.items() if v is not None or other is MISSING})
