"""Settings become a group: fields are put together and checked against each other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sweep.catalogue import ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES, SCHEMES
from sweep.study.checks import counted
from sweep.study.declarations import Field, FieldError, Role, Settings, section_of
from sweep.study.fields import FIELDS, complete, swept_field
from sweep.study.grid import Grid
from sweep.study.group import Group
from sweep.study.model import (
    Batch,
    Data,
    Initial,
    Network,
    Outcome,
    Record,
    Schedule,
    Training,
    count_parameters,
    identity_digest,
    parameter_vector,
    scheduled_count,
)

MAX_PARAMETERS = 1_000_000
MAX_RECORDED = 10_000_000
"""How many numbers of one kind may be recorded of one trial."""


def resolve_group(
    settings: Settings, labels: Mapping[str, Any], grid: Grid, data: Data, validation: Data | None
) -> Group:
    """The group of `settings`, which hold its `labels` already, with the points of `grid`.

    Raises:
        FieldError: two fields do not agree.
    """
    settings = complete(settings)
    if settings["training.stop"] == "target" and not settings["outcome.target"]:
        raise FieldError("training.stop", '"target" stops at outcome.target, which is not stated')
    network = _network(settings)
    initial = _initial(settings, network)
    schedule = _schedule(settings)
    group = Group(
        network=network,
        data=data,
        validation=validation,
        initial=initial,
        batch=_batch(settings, len(data.inputs)),
        training=section_of("training", Training, settings),
        schedule=schedule,
        outcome=section_of("outcome", Outcome, settings),
        record=_record(settings, network),
        labels=labels,
        grid=grid,
        fixed=_fixed(settings, [axis.name for axis in grid.axes], network),
        digest=_digest(settings, network, initial, schedule, data, validation),
        idle={},
    )
    return replace(group, idle=_idle(settings, group))


def _network(settings: Settings) -> Network:
    layers, bias = _layers(settings), settings["network.bias"]
    count = count_parameters(layers, bias=bias)
    if count > MAX_PARAMETERS:
        raise FieldError(
            "network.layers", f"has {count} parameters; at most {MAX_PARAMETERS} can be trained"
        )
    activations = _activations(settings["network.activation"], len(layers) - 1)
    _check_activations(activations, settings["network.loss"])
    return Network(layers, activations, bias, settings["network.loss"])


def _layers(settings: Settings) -> tuple[int, ...]:
    """The size of every layer, with the hidden ones that `width` and `depth` ask for."""
    layers: tuple[int, ...] = settings["network.layers"]
    width, depth = settings["network.width"], settings["network.depth"]
    inputs, *hidden, outputs = layers
    if width is not None:
        hidden = [width] * (len(hidden) or 1)
    if depth is not None:
        if len(set(hidden)) != 1:
            raise FieldError(
                "network.depth",
                "needs one size of all hidden layers: state network.width, or equal ones in "
                f"network.layers, not {list(layers)}",
            )
        hidden = hidden[:1] * depth
    return (inputs, *hidden, outputs)


def _activations(stated: str | tuple[str, ...], layers: int) -> tuple[str, ...]:
    """One name for each of `layers`; two may be that of the hidden layers and the last one's."""
    if isinstance(stated, str):
        return (stated,) * layers
    if len(stated) == 2 and layers > 2:
        return (stated[0],) * (layers - 1) + (stated[1],)
    if len(stated) != layers:
        two = ", 2 (of hidden layers and of the last)" if layers > 2 else ""
        raise FieldError(
            "network.activation",
            f"must be one name{two}, or {layers} (one a layer), not {len(stated)}",
        )
    return stated


def _check_activations(activations: Sequence[str], loss: str) -> None:
    """Refuse softmax before the last layer, and a loss of what the last layer does not give."""
    *hidden, last = activations
    for layer, name in enumerate(hidden):
        if ACTIVATIONS[name].last_only:
            raise FieldError(
                "network.activation",
                f'can be "{name}" in the last layer only, not in layer {layer}; '
                "state a list of one name a layer",
            )
    fitting = LOSSES[loss].last or last
    if last != fitting:
        raise FieldError(
            "network.loss",
            f'"{loss}" needs "{fitting}" as the last layer\'s network.activation, not "{last}"',
        )


def _batch(settings: Settings, samples: int) -> Batch:
    size, table = settings["batch.size"], settings["batch.table"]
    if table is not None:
        wrong = np.argwhere(table >= samples)
        if len(wrong):
            row, column = wrong[0]
            raise FieldError(
                "batch.table",
                f"[{row}] names the sample {table[row, column]}; those of data.inputs are 0 to "
                f"{samples - 1}",
            )
        return Batch(table.shape[1], "table", table)
    if size is not None and size > samples:
        raise FieldError(
            "batch.size", f"is {size}; at most {counted(samples, 'sample')} can be taken"
        )
    return Batch(size, settings["batch.order"]) if size is not None else Batch()


def _schedule(settings: Settings) -> Schedule:
    schedule, steps = section_of("schedule", Schedule, settings), settings["training.steps"]
    if schedule.warmup >= steps:
        raise FieldError(
            "schedule.warmup", f"must be less than training.steps, {steps}, not {schedule.warmup}"
        )
    if schedule.name == "range_test" and schedule.final == 0:
        raise FieldError(
            "schedule.final", "must be above 0 for a range test, whose rates are a geometric series"
        )
    return schedule


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
    record = section_of("record", Record, settings)
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
    """The lane fields that are no axes, in one form: equal values of all layers are one value."""
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
    field: Field, values: tuple[float, ...], swept: Sequence[str], network: Network
) -> dict[str, float]:
    if len(values) != len(network.shapes):
        raise FieldError(
            field.name,
            f"must have one value, or {len(network.shapes)} (one a layer), not {len(values)}",
        )
    named = {f"{field.axis}.{layer}": value for layer, value in enumerate(values)}
    left = {name: value for name, value in named.items() if name not in swept}
    if len(set(left.values())) == 1:
        return {field.axis: next(iter(left.values()))}
    return left


def _digest(
    settings: Settings,
    network: Network,
    initial: Initial,
    schedule: Schedule,
    data: Data,
    validation: Data | None,
) -> str:
    """The digest of every field of `Role.GROUP`, with defaults and short forms written out.

    What is None is left out: a field that has no effect here, or one that is not stated.
    """
    parts = {field.name: settings[field.name] for field in FIELDS if field.role is Role.GROUP}
    batched = settings["batch.size"] is not None or settings["batch.table"] is not None
    written_out = {
        "network.layers": network.layers,
        "network.width": None,  # the layers hold them
        "network.depth": None,
        "network.activation": network.activations,
        "data.inputs": data.parts[0],
        "data.targets": data.parts[1],
        "validation.inputs": validation and validation.parts[0],
        "validation.targets": validation and validation.parts[1],
        "initial.scheme": initial.scheme,
        "initial.weights": initial.weights,
        "initial.biases": None,  # the weights hold them
        "training.steps": settings["training.steps"] if schedule.shaped_by_steps else None,
        "batch.measured": "by epochs" if batched else None,
        "revisions": _revisions(settings, network) or None,
    }
    effective = {name: part for name, part in (parts | written_out).items() if part is not None}
    return identity_digest(effective)


def _revisions(settings: Settings, network: Network) -> dict[str, int]:
    """How often the bits have changed of what a network is trained with, where they have."""
    revisions = {name: ACTIVATIONS[name].revision for name in network.activations}
    revisions[network.loss] = LOSSES[network.loss].revision
    for rows, field in ((OPTIMIZERS, "training.optimizer"), (SCHEDULES, "schedule.name")):
        revisions[settings[field]] = rows[settings[field]].revision
    return {name: revision for name, revision in revisions.items() if revision}


def _idle(settings: Settings, group: Group) -> dict[str, str]:
    """Why each label and axis that has no effect in a group has none.

    Raises:
        FieldError: a rate is missing.
    """
    sources, idle = group.sources.values(), {}
    for name in [*group.labels, *(axis.name for axis in group.axes)]:
        reason = swept_field(name).idle(settings)
        if not reason and name not in group.labels and name not in sources:
            reason = _unused(name, len(group.network.shapes))
        if reason:
            idle[name] = reason
    return idle


def _unused(axis: str, layers: int) -> str:
    layer = axis.rpartition(".")[2]
    if layer.isdigit() and int(layer) >= layers:
        return f"names no layer: this network's layers of weights are 0 to {layers - 1}"
    return "has no effect: every layer has a value of its own"
