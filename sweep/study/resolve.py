"""Settings become groups: split by axes, put together and checked against each other.

What does not fit together is a FieldError.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from sweep.catalogue import ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES, SCHEMES
from sweep.study.checks import MAX_DIRECTIONS, counted
from sweep.study.conditions import Condition
from sweep.study.elementary import direction
from sweep.study.fields import FIELDS, complete, swept_field
from sweep.study.grid import MAX_JUDGED, Axis, Dimension, Grid, alone, codes_of, judged_points
from sweep.study.group import (
    Batch,
    Data,
    Group,
    Initial,
    Network,
    count_parameters,
    identity_digest,
    parameter_vector,
)
from sweep.study.settings import FieldError, NetworkFields, Role, Settings, scheduled_count

MAX_GROUPS = 1_000
MAX_SPLITS = 10_000  # how many groups there may be before a condition drops some


def split(
    dimensions: Sequence[Dimension], settings: Settings, where: Condition | None
) -> Iterator[tuple[Mapping[str, Any], Grid]]:
    """The labels and points of each group that has any, the last dimension running fastest."""
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
    """Refuse axes that have no effect at all, or several values where they have none."""
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


MAX_PARAMETERS = 1_000_000
MAX_RECORDED = 10_000_000  # how many numbers of one kind may be recorded of one trial


def resolve_group(
    settings: Settings, labels: Mapping[str, Any], grid: Grid, data: Data, validation: Data | None
) -> Group:
    """The group of `settings`, which hold its `labels` already, with the points of `grid`."""
    settings = complete(settings)
    network = _network(settings.network)
    initial = _initial(settings, network)
    _check(settings, network)
    group = Group(
        network=network,
        data=data,
        validation=validation,
        initial=initial,
        batch=_batch(settings, len(data.inputs)),
        training=settings.training,
        schedule=settings.schedule,
        outcome=settings.outcome,
        record=settings.record,
        labels=labels,
        grid=grid,
        fixed=_fixed(settings, [axis.name for axis in grid.axes], _counts(network, initial)),
        digest=_digest(settings, network, initial, data, validation),
        idle={},
    )
    return replace(group, idle=_idle(settings, group))


def _check(settings: Settings, network: Network) -> None:
    """Refuse ends, schedules and records that other fields rule out."""
    schedule, steps = settings.schedule, settings.training.steps
    if settings.training.stop == "target" and not settings.outcome.target:
        raise FieldError("training.stop", '"target" stops at outcome.target, which is not stated')
    if schedule.warmup >= steps:
        raise FieldError(
            "schedule.warmup", f"must be less than training.steps, {steps}, not {schedule.warmup}"
        )
    if schedule.name == "range_test" and schedule.final == 0:
        raise FieldError(
            "schedule.final", "must be above 0 for a range test, whose rates are a geometric series"
        )
    record = settings.record
    for name, recorded, width in (
        ("record.loss", record.loss, 1),
        ("record.parameters", record.parameters, network.n_parameters),
    ):
        count = scheduled_count(recorded, steps) * width
        if count > MAX_RECORDED:
            many = f"would record {count} numbers of every trial"
            raise FieldError(name, f'"{recorded}" {many}; at most {MAX_RECORDED}')


def _network(stated: NetworkFields) -> Network:
    layers = _layers(stated)
    count = count_parameters(layers, bias=stated.bias)
    if count > MAX_PARAMETERS:
        raise FieldError(
            "network.layers", f"has {count} parameters; at most {MAX_PARAMETERS} can be trained"
        )
    activations = _activations(stated.activation, len(layers) - 1)
    *hidden, last = activations
    for layer, name in enumerate(hidden):
        if ACTIVATIONS[name].last_only:
            where = f"in the last layer only, not in layer {layer}"
            hint = "state a list of one name a layer"
            raise FieldError("network.activation", f'can be "{name}" {where}; {hint}')
    fitting = LOSSES[stated.loss].last or last
    if last != fitting:
        needed = f'"{stated.loss}" needs "{fitting}" as the last layer\'s network.activation'
        raise FieldError("network.loss", f'{needed}, not "{last}"')
    return Network(layers, activations, stated.bias, stated.loss)


def _layers(stated: NetworkFields) -> tuple[int, ...]:
    """The size of every layer, with the hidden ones that `width` and `depth` ask for."""
    inputs, *hidden, outputs = stated.layers
    if stated.width is not None:
        hidden = [stated.width] * (len(hidden) or 1)
    if stated.depth is not None:
        if len(set(hidden)) != 1:
            needed = "needs one size of all hidden layers: state network.width, or equal ones in"
            raise FieldError("network.depth", f"{needed} network.layers, not {[*stated.layers]}")
        hidden = hidden[:1] * stated.depth
    return (inputs, *hidden, outputs)


def _activations(stated: str | tuple[str, ...], layers: int) -> tuple[str, ...]:
    """One name for each of `layers`; two may be that of the hidden layers and the last one's."""
    if isinstance(stated, str):
        return (stated,) * layers
    if len(stated) == 2 and layers > 2:
        return (stated[0],) * (layers - 1) + (stated[1],)
    if len(stated) != layers:
        two = ", 2 (of hidden layers and of the last)" if layers > 2 else ""
        many = f"must be one name{two}, or {layers} (one a layer), not {len(stated)}"
        raise FieldError("network.activation", many)
    return stated


def _batch(settings: Settings, samples: int) -> Batch:
    size, table = settings.batch.size, settings.batch.table
    if table is not None:
        for row, column in np.argwhere(table >= samples)[:1]:
            found = f"[{row}] names the sample {table[row, column]}"
            known = f"those of data.inputs are 0 to {samples - 1}"
            raise FieldError("batch.table", f"{found}; {known}")
        return Batch(table.shape[1], "table", table, settings.batch.measured)
    if size is None:
        return Batch()
    if size > samples:
        most = counted(samples, "sample")
        raise FieldError("batch.size", f"is {size}; at most {most} can be taken")
    return Batch(size, settings.batch.order, measured=settings.batch.measured)


def _initial(settings: Settings, network: Network) -> Initial:
    stated = settings.initial
    biases = stated.biases if network.bias else None
    if stated.weights is None and stated.scheme is None:
        schemes = ", ".join(SCHEMES)
        raise FieldError("initial", f"must state weights, or a scheme that draws them: {schemes}")
    _expect_shapes("initial.weights", stated.weights, network.shapes)
    _expect_shapes("initial.biases", biases, [(size,) for size, _ in network.shapes])
    return Initial(
        scheme="explicit" if stated.weights is not None else str(stated.scheme),
        weights=parameter_vector(network, stated.weights, biases),
        seed=stated.seed,
        scale=stated.scale,
        directions=_directions(stated.direction, network.n_parameters),
    )


def _directions(stated: tuple[int, ...] | np.ndarray | None, count: int) -> np.ndarray:
    """(directions, count) float64: those of seeds are drawn."""
    if isinstance(stated, np.ndarray):
        if stated.shape[1] != count:
            shown = f"one for each weight and bias, not {stated.shape[1]}"
            raise FieldError("initial.direction", f"must have {count} numbers, {shown}")
        found = stated
    else:
        found = np.array([direction(seed, count) for seed in stated or ()]).reshape(-1, count)
    if len(found) > MAX_DIRECTIONS:
        raise FieldError(
            "initial.direction", f"are {len(found)} directions; at most {MAX_DIRECTIONS}"
        )
    return found


def _counts(network: Network, initial: Initial) -> dict[str, int]:
    """How many there are of what a field may have a value for each of."""
    return {"layer": len(network.shapes), "direction": len(initial.directions)}


def _expect_shapes(
    name: str, stated: Sequence[np.ndarray] | None, shapes: Sequence[tuple[int, ...]]
) -> None:
    def spelt(shapes: Sequence[tuple[int, ...]]) -> str:
        return ", ".join("x".join(map(str, shape)) for shape in shapes)

    found = [array.shape for array in stated or ()]
    if stated is not None and found != list(shapes):
        raise FieldError(
            name, f"must have the shapes {spelt(shapes)} (layer by layer), not {spelt(found)}"
        )


def _fixed(
    settings: Settings, swept: Sequence[str], counts: Mapping[str, int]
) -> dict[str, float | int]:
    """The lane fields that are no axes, in one form: equal values of all layers are one value."""
    stated: dict[str, float | int] = {}
    for field in FIELDS:
        value = settings.values[field.name]
        lane = field.role is Role.LANE and field.axis not in swept
        if not lane or value is None or field.idle(settings):
            continue
        if not isinstance(value, tuple):
            stated[field.axis] = value
            continue
        if len(value) != counts[field.each]:
            many = f"{counts[field.each]} (one a {field.each})"
            raise FieldError(field.name, f"must have one value, or {many}, not {len(value)}")
        named = {f"{field.axis}.{at}": one for at, one in enumerate(value)}
        left = {name: one for name, one in named.items() if name not in swept}
        different = {*left.values()}
        stated |= {field.axis: different.pop()} if len(different) == 1 else left
    return stated


def _digest(
    settings: Settings, network: Network, initial: Initial, data: Data, validation: Data | None
) -> str:
    """The digest of every field of `Role.GROUP`, with defaults and short forms written out.

    What is None is left out: a field that has no effect here, or one that is not stated.
    """
    values, training, schedule = settings.values, settings.training, settings.schedule
    parts = {field.name: values[field.name] for field in FIELDS if field.role is Role.GROUP}
    batched = settings.batch.size is not None or settings.batch.table is not None
    # How often the bits have changed of what a network is trained with.
    revisions = {name: ACTIVATIONS[name].revision for name in network.activations} | {
        network.loss: LOSSES[network.loss].revision,
        training.optimizer: OPTIMIZERS[training.optimizer].revision,
        schedule.name: SCHEDULES[schedule.name].revision,
    }
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
        "initial.direction": initial.directions if len(initial.directions) else None,
        "training.steps": training.steps if schedule.shaped_by_steps else None,
        "batch.measured": settings.batch.measured if batched else None,
        "revisions": {name: count for name, count in revisions.items() if count} or None,
    }
    effective = {name: part for name, part in (parts | written_out).items() if part is not None}
    return identity_digest(effective)


def _idle(settings: Settings, group: Group) -> dict[str, str]:
    """Why each label and axis that has no effect in a group has none."""
    sources, idle = group.sources.values(), {}
    for name in [*group.labels, *(axis.name for axis in group.axes)]:
        reason = swept_field(name).idle(settings)
        if not reason and name not in group.labels and name not in sources:
            at, each = name.rpartition(".")[2], swept_field(name).each
            count = _counts(group.network, group.initial)[each]
            reason = f"has no effect: every {each} has a value of its own"
            if at.isdigit() and int(at) >= count:
                whose = "this network's layers of weights" if each == "layer" else "the directions"
                reason = f"names no {each}: {whose} are 0 to {count - 1}"
        if reason:
            idle[name] = reason
    return idle
