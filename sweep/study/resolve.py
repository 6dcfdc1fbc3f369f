"""Settings become a group: fields are put together and checked against each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sweep.study.axes import Axis
from sweep.study.datasets import Data
from sweep.study.fields import FIELDS, Field, FieldError, Role, Settings, swept_field
from sweep.study.group import Group
from sweep.study.identity import identity_digest
from sweep.study.initializers import SCHEMES, Initial, parameter_vector
from sweep.study.network import Network, count_parameters
from sweep.study.record import Record, scheduled_count
from sweep.study.training import Outcome, Training

MAX_PARAMETERS = 1_000_000
MAX_RECORDED = 10_000_000
"""How many numbers of one kind may be recorded of one trial."""


def resolve_group(settings: Settings, labels: Mapping[str, Any], axes: tuple[Axis, ...]) -> Group:
    """The group of `settings`, which hold its `labels` already, within which `axes` are swept.

    Raises:
        FieldError: two fields do not agree, or an axis has no effect.
    """
    network = _network(settings)
    initial = _initial(settings, network)
    group = Group(
        network=network,
        data=_data(settings, network),
        initial=initial,
        training=Training(
            settings["training.steps"],
            settings["training.optimizer"],
            settings["training.dtype"],
            settings["training.learning_rate"],
            settings["training.bias_learning_rate"],
        ),
        outcome=Outcome(
            settings["outcome.target"], settings["outcome.diverged_above"], settings["outcome.rule"]
        ),
        record=_record(settings, network),
        labels=labels,
        axes=axes,
        fixed=_fixed(settings, [axis.name for axis in axes], network),
        digest=_digest(settings, network, initial),
    )
    _refuse_idle_axes(settings, group)
    return group


def _network(settings: Settings) -> Network:
    layers, bias = settings["network.layers"], settings["network.bias"]
    count = count_parameters(layers, bias=bias)
    if count > MAX_PARAMETERS:
        raise FieldError(
            "network.layers", f"has {count} parameters; at most {MAX_PARAMETERS} can be trained"
        )
    activation = settings["network.activation"]
    activations = (activation,) * (len(layers) - 1) if isinstance(activation, str) else activation
    if len(activations) != len(layers) - 1:
        raise FieldError(
            "network.activation",
            f"must be one name, or {len(layers) - 1} (one a layer), not {len(activations)}",
        )
    return Network(layers, activations, bias, settings["network.loss"])


def _data(settings: Settings, network: Network) -> Data:
    inputs, targets = settings["data.inputs"], settings["data.targets"]
    layers = list(network.layers)
    for name, array, size in (
        ("data.inputs", inputs, layers[0]),
        ("data.targets", targets, layers[-1]),
    ):
        if array.shape[1] != size:
            raise FieldError(
                name,
                f"must have {size} numbers a sample, as network.layers = {layers} wants, "
                f"not {array.shape[1]}",
            )
    if len(inputs) != len(targets):
        raise FieldError(
            "data.targets", f"has {len(targets)} samples and data.inputs has {len(inputs)}"
        )
    return Data(inputs, targets)


def _initial(settings: Settings, network: Network) -> Initial:
    weights, scheme = settings["initial.weights"], settings["initial.scheme"]
    biases = settings["initial.biases"] if network.bias else None
    if weights is None and scheme is None:
        schemes = ", ".join(SCHEMES)
        raise FieldError("initial", f"must state weights, or a scheme that draws them: {schemes}")
    _expect_shapes("initial.weights", weights, network.shapes)
    _expect_shapes("initial.biases", biases, [(size,) for size, _ in network.shapes])
    return Initial(
        scheme="explicit" if weights is not None else scheme,
        weights=parameter_vector(network, weights, biases),
        seed=settings["initial.seed"],
        scale=settings["initial.scale"],
    )


def _expect_shapes(
    name: str, stated: Sequence[np.ndarray] | None, shapes: Sequence[tuple[int, ...]]
) -> None:
    found = [array.shape for array in stated or ()]
    if stated is not None and found != list(shapes):
        raise FieldError(
            name, f"must have the shapes {_spell(shapes)} (layer by layer), not {_spell(found)}"
        )


def _spell(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join("x".join(map(str, shape)) for shape in shapes)


def _record(settings: Settings, network: Network) -> Record:
    record = Record(settings["record.loss"], settings["record.parameters"])
    for name, schedule, width in (
        ("record.loss", record.loss, 1),
        ("record.parameters", record.parameters, network.n_parameters),
    ):
        count = scheduled_count(schedule, settings["training.steps"]) * width
        if count > MAX_RECORDED:
            raise FieldError(
                name,
                f'"{schedule}" would record {count} numbers of every trial; at most {MAX_RECORDED}',
            )
    return record


def _fixed(settings: Settings, swept: Sequence[str], network: Network) -> dict[str, float | int]:
    """The lane fields that are no axes, in one form: equal rates of all layers are one rate."""
    stated: dict[str, float | int] = {}
    for field in FIELDS:
        value = settings.get(field.name)
        if field.role is not Role.LANE or value is None or field.axis in swept:
            continue
        if field.idle(settings):
            continue
        stated |= (
            _spread(field, value, swept, network)
            if isinstance(value, tuple)
            else {field.axis: value}
        )
    return stated


def _spread(
    field: Field, rates: tuple[float, ...], swept: Sequence[str], network: Network
) -> dict[str, float]:
    if len(rates) != len(network.shapes):
        raise FieldError(
            field.name, f"must have one rate, or {len(network.shapes)}, not {len(rates)}"
        )
    named = {f"{field.axis}.{layer}": rate for layer, rate in enumerate(rates)}
    left = {name: rate for name, rate in named.items() if name not in swept}
    if len(set(left.values())) == 1:
        return {field.axis: next(iter(left.values()))}
    return left


def _digest(settings: Settings, network: Network, initial: Initial) -> str:
    """The digest of every field of `Role.GROUP`, with defaults and short forms written out."""
    parts = {field.name: settings[field.name] for field in FIELDS if field.role is Role.GROUP}
    written_out = {
        "network.activation": network.activations,
        "initial.scheme": initial.scheme,
        "initial.weights": initial.weights,
        "initial.biases": None,  # the weights hold them
    }
    return identity_digest(parts | written_out)


def _refuse_idle_axes(settings: Settings, group: Group) -> None:
    """Refuse a rate that is missing and an axis that changes nothing."""
    sources = group.sources.values()
    for name in [*group.labels, *(axis.name for axis in group.axes)]:
        reason = swept_field(name).idle(settings)
        if not reason and name not in group.labels and name not in sources:
            reason = _unused(name, len(group.network.shapes))
        if reason:
            raise FieldError(f"axes.{name}", reason)


def _unused(axis: str, layers: int) -> str:
    layer = axis.rpartition(".")[2]
    if layer.isdigit() and int(layer) >= layers:
        return f"names no layer: this network's layers of weights are 0 to {layers - 1}"
    return "has no effect: every layer has a rate of its own"
