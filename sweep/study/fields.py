"""Every field of a study file by its name: which keys are known, and which of them can be axes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from sweep.catalogue import COMMON_NUMBERS, NUMBERS, OPTIMIZERS, Number
from sweep.study import checks
from sweep.study.settings import TABLES, Field, FieldError, Role, Settings, fields_of, only_if_taken


def _marks(value: object, within: str = "") -> dict[str, tuple[float, ...]]:
    """A table of lists of numbers, by the names of axes."""
    if not isinstance(value, dict):
        shown = checks.show(value)
        raise ValueError(f"must be a table such as {{ learning_rate = [0.1] }}, not {shown}")
    found: dict[str, tuple[float, ...]] = {}
    for name, numbers in ((f"{within}{key}", one) for key, one in value.items()):
        axis = find_axis(name)
        if isinstance(numbers, dict):
            found |= _marks(numbers, f"{name}.")
        elif axis is None:
            raise ValueError(f"of {checks.show(name)} marks no axis{checks.nearest(name, AXES)}")
        else:
            try:
                found[axis[1]] = tuple(checks.vector(numbers).tolist())
            except ValueError as error:
                raise ValueError(f"of {checks.show(name)}{checks.apart(str(error))}") from None
    return found


def _number(row: Number) -> Field:
    """A number of the optimizer, as the catalogue has it."""
    several = any(row.name in one.defaults for one in OPTIMIZERS.values())
    taken = {name: (*one.numbers, *COMMON_NUMBERS) for name, one in OPTIMIZERS.items()}
    return Field(
        f"training.{row.name}",
        checks.number(0, below=row.below, infinite=row.default == inf),
        Role.LANE,
        (lambda s: OPTIMIZERS[s.training.optimizer].default(row.name)) if several else row.default,
        swept=float,
        column=row.name,
        idle=only_if_taken(row.name, lambda s: s.training.optimizer, "optimizer", taken),
    )


_NUMBERS = {"training": [*map(_number, NUMBERS.values())]}
FIELDS: tuple[Field, ...] = (
    Field("title", checks.text, Role.WORDS, ""),
    *(field for table in TABLES for field in [*fields_of(table), *_NUMBERS.get(table, ())]),
    Field("plot.mark", _marks, Role.WORDS, {}),
    Field("plot.inputs", checks.labels, Role.WORDS, ()),
    Field("plot.outputs", checks.labels, Role.WORDS, ()),
)
"""In the order of a study file."""

FIELD = {field.name: field for field in FIELDS}
GIVES = {
    "batch.file": ("batch.table",),
    "data.file": ("data.inputs", "data.targets"),
    "data.name": ("data.inputs", "data.targets"),
    "initial.file": ("initial.weights",),
    "validation.file": ("validation.inputs", "validation.targets"),
    "validation.share": ("validation.inputs", "validation.targets"),
}
"""The fields in place of which another one may stand, by that one."""
NAMES_OF_TABLES = (*TABLES, "plot", "axes")

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

    A field that others need and that is missing is a FieldError.
    """
    given: dict[str, Any] = {}
    for field in FIELDS:
        if field.idle(settings):
            given |= {field.name: None} if field.role is Role.GROUP else {}
        elif settings.values[field.name] is None and callable(field.default):
            given[field.name] = field.default(settings)
    return settings | given


def find_axis(name: str) -> tuple[Field, str] | None:
    """The field that the axis `name` sweeps and the axis's one name; None if there is none.

    Accepts `learning_rate`, `training.learning_rate` and, for one layer, `learning_rate.0`.
    """
    if name in AXES:
        return AXES[name], AXES[name].axis
    layer = _LAYER.fullmatch(name)
    if layer is not None and layer[1] in AXES and AXES[layer[1]].each:
        return AXES[layer[1]], f"{AXES[layer[1]].axis}.{layer[2]}"
    return None


def axes_meant(name: str) -> list[str]:
    """The one names of the axes that `name` may mean: of its own, or those that end so."""
    if found := find_axis(name):
        return [found[1]]
    return sorted({one.axis for full, one in AXES.items() if full.endswith(f".{name}")})


def swept_field(axis: str) -> Field:
    """The field that the axis of this name sweeps; a KeyError if none is swept so."""
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
    if name in NAMES_OF_TABLES:
        return FieldError(name, "must be a table")
    if not name.startswith("axes."):
        return FieldError(
            name, f"is not a field of a study{meant(name, {one: one for one in FIELD})}"
        )
    for kind, what in (("zip", "that run together"), ("design", "and how to draw them")):
        whole = f"axes.{kind}"
        if name == whole or (name.startswith(f"{whole}.") and not _HELD.fullmatch(name)):
            return FieldError(name, f"must be a table of axes {what}: [{whole}.NAME]")
    axis = place_of(name).axis
    if axis in FIELD:
        hint = "; network.width and network.depth can be" if axis == "network.layers" else ""
        return FieldError(name, f"{axis} is no single value and cannot be an axis{hint}")
    return FieldError(
        name,
        f"is not a field of a study{meant(axis, {one.name: one.axis for one in AXES.values()})}",
    )


def meant(name: str, called: Mapping[str, str]) -> str:
    """A hint at the name that `name` may have meant: one people use elsewhere, or the nearest.

    `called` has what the fields that it may be are called, by their names.
    """
    word = name.rpartition(".")[2].lower().replace("-", "_")
    for field, elsewhere in ALIASES.items():
        if field in called and word in (*elsewhere.split(), field.rpartition(".")[2]):
            return f"; did you mean {called[field]}?"
    return checks.nearest(name, {*called.values(), *called})
