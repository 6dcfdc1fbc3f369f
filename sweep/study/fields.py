"""Every field of a study file, one row each.

From this table follow which keys are known, what they default to, which of them can be axes, which
are numbers of a lane rather than properties of a group, what is in the digest, what `--set` takes
and what `study.toml` holds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from sweep.catalogue import COMMON_NUMBERS, NUMBERS, OPTIMIZERS, ORDERS, SCHEMES, Number
from sweep.study import checks
from sweep.study.declarations import (
    Field,
    FieldError,
    Role,
    Settings,
    always,
    by_optimizer,
    fields_of,
    unless_optimizer_takes,
    unless_set_takes,
    with_table,
    without_biases,
    without_draw,
    without_drawn_batches,
    without_file,
    without_hidden,
    without_share,
)
from sweep.study.generated import GENERATED
from sweep.study.model import Network, Outcome, Record, Schedule, Training

FETCHED = ("iris", "digits", "breast_cancer", "diabetes")
"""The data sets of scikit-learn that a study may name."""

SCALED = ("nothing", "inputs", "targets", "both")


def _marks(value: object) -> dict[str, tuple[float, ...]]:
    """Marks by the names of axes."""
    found = {}
    for name, numbers in checks.marks(value).items():
        axis = find_axis(name)
        if axis is None:
            raise ValueError(f"of {checks.show(name)} marks no axis{checks.nearest(name, AXES)}")
        found[axis[1]] = numbers
    return found


def _number(row: Number) -> Field:
    """A number of the optimizer."""
    several = any(row.name in one.defaults for one in OPTIMIZERS.values())
    check = checks.number(0, below=row.below, infinite=row.default == inf)
    return Field(
        f"training.{row.name}",
        check,
        Role.LANE,
        by_optimizer(row.name) if several else row.default,
        swept=float,
        column=row.name,
        idle=always if row.name in COMMON_NUMBERS else unless_optimizer_takes(row.name),
    )


def _set_number(
    name: str, check: checks.Check, default: object, swept: type[int | float] | None
) -> Field:
    """A number of a set that is made."""
    idle = unless_set_takes(name)
    return Field(f"data.{name}", check, Role.DATA, default, swept=swept, idle=idle)


_any = checks.per_layer(checks.number())

FIELDS = (
    Field("title", checks.text, Role.WORDS, ""),
    *fields_of("network", Network),
    Field(
        "network.width",
        checks.integer(1, checks.MAX_SIZE),
        Role.GROUP,
        None,
        swept=int,
        idle=without_hidden,
    ),
    Field("network.depth", checks.integer(1, checks.MAX_LAYERS - 2), Role.GROUP, None, swept=int),
    Field("network.multiplier", _any, Role.LANE, 1.0, swept=float, layered=True),
    Field("data.inputs", checks.matrix, Role.GROUP, None),
    Field("data.targets", checks.matrix, Role.GROUP, None),
    Field("data.file", checks.text, Role.FILE, None),
    Field("data.input_columns", checks.column_names, Role.FILE, None, idle=without_file),
    Field("data.target_columns", checks.column_names, Role.FILE, None, idle=without_file),
    Field("data.name", checks.one_of((*GENERATED, *FETCHED)), Role.DATA, None, swept=str),
    _set_number("samples", checks.integer(1, 1_000_000), 200, int),
    _set_number("noise", checks.number(0), 0.0, float),
    _set_number("seed", checks.SEED, 0, int),
    _set_number("hidden", checks.hidden_sizes, (8,), None),
    Field("data.one_hot", checks.flag, Role.DATA, default=False),
    Field("data.standardise", checks.one_of(SCALED), Role.DATA, "nothing", swept=str),
    Field("validation.inputs", checks.matrix, Role.GROUP, None),
    Field("validation.targets", checks.matrix, Role.GROUP, None),
    Field("validation.file", checks.text, Role.FILE, None),
    Field("validation.share", checks.number(0, below=1), Role.DATA, None, swept=float),
    Field("validation.seed", checks.SEED, Role.DATA, 0, swept=int, idle=without_share),
    Field("initial.weights", checks.layers_of(checks.matrix), Role.GROUP, None),
    Field("initial.biases", checks.layers_of(checks.vector), Role.GROUP, None, idle=without_biases),
    Field("initial.scheme", checks.one_of(SCHEMES), Role.GROUP, None, swept=str, idle=without_draw),
    Field("initial.scale", checks.number(0), Role.LANE, 1.0, swept=float, idle=without_draw),
    Field("initial.seed", checks.SEED, Role.LANE, 0, swept=int, column="seed", idle=without_draw),
    Field("initial.offset", _any, Role.LANE, 0.0, swept=float, layered=True),
    Field("batch.file", checks.text, Role.FILE, None),
    Field("batch.table", checks.index_rows, Role.GROUP, None),
    Field("batch.size", checks.STEPS, Role.GROUP, None, swept=int, idle=with_table),
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
        checks.SEED,
        Role.LANE,
        0,
        swept=int,
        column="batch_seed",
        idle=without_drawn_batches,
    ),
    *fields_of("training", Training),
    *map(_number, NUMBERS.values()),
    *fields_of("schedule", Schedule),
    *fields_of("outcome", Outcome),
    *fields_of("record", Record),
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

ALIASES = {
    "training.learning_rate": "lr eta rate alpha_rate step_size learn_rate learningrate rates",
    "training.steps": "epochs epoch iterations n_steps num_steps max_steps n_iter max_iter",
    "training.optimizer": "optim optimiser optimizers solver",
    "training.dtype": "precision float type",
    "training.stop": "early_stopping early_stop patience",
    "training.momentum": "mu",
    "training.beta1": "betas",
    "training.epsilon": "eps",
    "training.weight_decay": "wd l2 decay",
    "training.clip_norm": "clip max_norm clip_grad clipnorm gradient_clipping",
    "network.layers": "sizes architecture neurons units layer_sizes hidden_layers",
    "network.activation": "act activations activation_function nonlinearity",
    "network.bias": "use_bias",
    "network.loss": "loss_fn criterion loss_function objective",
    "batch.size": "batch_size minibatch batchsize",
    "batch.order": "shuffle",
    "initial.scheme": "init initializer initialization initialisation",
    "initial.seed": "seeds random_seed random_state rng",
    "initial.biases": "bias_init",
    "schedule.name": "scheduler lr_schedule lr_scheduler",
    "data.name": "dataset",
    "data.inputs": "x features",
    "data.targets": "y labels",
    "validation.share": "test_size split val_split validation_split validation_share",
    "outcome.target": "threshold tolerance tol goal",
}
"""What fields are called elsewhere."""

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
        return FieldError(name, f"is not a field of a study{_meant(name, FIELD)}")
    for kind, what in (("zip", "that run together"), ("design", "and how to draw them")):
        whole = f"axes.{kind}"
        if name == whole or (name.startswith(f"{whole}.") and not _HELD.fullmatch(name)):
            return FieldError(name, f"must be a table of axes {what}: [{whole}.NAME]")
    axis = place_of(name).axis
    if axis in FIELD:
        hint = "; network.width and network.depth can be" if axis == "network.layers" else ""
        return FieldError(name, f"{axis} is no single value and cannot be an axis{hint}")
    return FieldError(name, f"is not a field of a study{_meant(axis, AXES)}")


def _meant(name: str, known: Mapping[str, Field]) -> str:
    """A hint at the name that `name` may have meant: one people use elsewhere, or the nearest."""
    word = name.rpartition(".")[2].lower().replace("-", "_")
    for other, called in ALIASES.items():
        if word in (*called.split(), other.rpartition(".")[2]):
            found = FIELD[other].axis if known is AXES else other
            if found in known:
                return f"; did you mean {found}?"
    return checks.nearest(name, known)
