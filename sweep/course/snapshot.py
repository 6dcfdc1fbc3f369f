"""One trial of a study at one step, with every number that the derivation speaks of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sweep.analysis.naming import choose
from sweep.course.backpropagation import Numbers, passes
from sweep.course.chain_rule import Definitions
from sweep.course.expression import Quantity, Value, compute
from sweep.course.symbols import Notation
from sweep.errors import RequestError
from sweep.study import Group, LaneInputs, Schedule, Study
from sweep.training.trainer import Instant, factor_of, instants, samples_of

_WINDOW = 2**20  # trials looked at together for the one that is meant


@dataclass(frozen=True)
class Snapshot:
    """A trial after `step` updates, with its own values of the study's axes.

    `samples` (s,) are the positions in the data of the samples that this step sees, `numbers` has
    one number a quantity, and `loss_after` is the loss of the next step, None after the last one.
    """

    study: Study
    group: Group
    axes: Mapping[str, object]
    step: int
    samples: np.ndarray
    definitions: Definitions
    notation: Notation
    numbers: Numbers
    loss_after: float | None

    def number(self, q: Quantity) -> float:
        """The number of a quantity; KeyError if it has none."""
        return float(np.squeeze(self.numbers[q]))


def snapshot_of(study: Study, wanted: Sequence[str] = (), step: int = 0) -> Snapshot:
    """The first trial of a study that has the `wanted` values, such as "learning_rate=0.5".

    It is trained to this step and one more, by the kernel.

    Raises:
        RequestError: no trial has these values, or it has no such step.
    """
    group, index = next(matching(study, wanted))
    position = int(index[0])
    if group.drifting:
        raise RequestError(
            f"{study.name}: the derivation knows no drift of weights; --set training.drift=0"
        )
    if not 0 <= step <= group.steps:
        raise RequestError(
            f"--step {step}: {study.name} has steps 0 to {group.steps}; to train it further: "
            f"--set training.steps={step}"
        )
    found = instants(group, position, [step, *range(step + 1, min(step + 2, group.steps + 1))])
    now, after = found[0], found[-1]
    if 0 <= now.stopped_at <= step:
        if now.stopped_at < step:
            raise RequestError(f"--step {step}: this trial stopped after step {now.stopped_at}")
        after = now
    return _snapshot(study, group, position, now, after)


def matching(study: Study, wanted: Sequence[str]) -> Iterator[tuple[Group, np.ndarray]]:
    """The positions of the trials that have all the `wanted` values, some of a group at a time.

    Raises:
        RequestError: there is none.
    """
    axes = {axis.name: axis.values for axis in study.axes}
    alone = all(len(dimension.axes) == 1 for dimension in study.dimensions)
    remedy = "; to have another: --set 'axes.{axis}=[{value}]'" * alone
    values = choose(wanted, axes, "--trial", remedy)
    none = True
    for group in study.groups():
        if any(group.labels[name] not in values[name] for name in group.labels if name in values):
            continue
        names = [axis.name for axis in group.axes if axis.name in values]
        for start in range(0, group.trials, _WINDOW):
            index = np.arange(start, min(start + _WINDOW, group.trials))
            columns = group.columns(index, names)
            hit = np.full(len(index), fill_value=True)
            for name in names:
                hit &= np.logical_or.reduce([columns[name] == value for value in values[name]])
            if hit.any():
                none = False
                yield group, index[hit]
    if none:
        raise RequestError(f"--trial: no trial of {study.name} has {' and '.join(wanted)}")


def _snapshot(study: Study, group: Group, position: int, now: Instant, after: Instant) -> Snapshot:
    index = np.array([position])
    lane, samples = group.lanes(index), samples_of(group, position, now.step)
    definitions = definitions_of(group, len(samples))
    both = passes(
        group.network,
        now.parameters[np.newaxis],
        group.data.inputs[samples],
        group.data.targets[samples],
        lane.multipliers,
    )
    given = {Quantity("loss"): now.loss} | settings_of(definitions, lane)
    if updated := after.step > now.step:
        given |= {Quantity("updates"): after.step, Quantity("factor"): factor_of(group, now.step)}
        for at, p in enumerate(definitions.all_parameters):
            given[p.about(f"next_{p.kind}")] = after.parameters[at]
            for letter, old, new in zip("sv", now.kept, after.kept, strict=False):
                given[p.about(f"{p.kind}_{letter}")] = old[at]
                given[p.about(f"next_{p.kind}_{letter}")] = new[at]
    numbers = Numbers(both, given)
    if updated and definitions.clipped:
        clipping = Quantity("clipping")
        given[clipping] = compute(definitions.of(clipping), numbers.__getitem__)
    axes = {**group.labels, **{name: v[0] for name, v in group.columns(index).items()}}
    return Snapshot(
        study=study,
        group=group,
        axes={axis.name: axes[axis.name] for axis in study.axes},
        step=now.step,
        samples=samples,
        definitions=definitions,
        notation=notation_of(definitions, lane),
        numbers=numbers,
        loss_after=after.loss if updated else None,
    )


def definitions_of(group: Group, samples: int) -> Definitions:
    """The formulas of a group's network when a step sees so many samples."""
    return Definitions(
        network=group.network,
        samples=samples,
        multiplied=group.multiplied,
        optimizer=group.training.optimizer,
        decayed=group.decayed,
        clipped=group.clipped,
        scheduled=group.schedule != Schedule(),
    )


def notation_of(definitions: Definitions, lanes: LaneInputs) -> Notation:
    """How quantities are called: with one letter for the rates of layers that agree."""
    weights, biases = lanes.weight_rates, lanes.bias_rates
    count, of_biases = (1 if (r == r[0]).all() else len(r) for r in (weights, biases))
    own = definitions.network.bias and bool((weights != biases).any())
    return Notation(definitions.network, definitions.samples, count, of_biases if own else 0)


def settings_of(definitions: Definitions, lanes: LaneInputs) -> dict[Quantity, Value]:
    """The rates of each layer, and what the optimizer needs, of the first trial."""
    found: dict[Quantity, Value] = {}
    for layer in range(1, definitions.last + 1):
        found[Quantity("rate", layer)] = float(lanes.weight_rates[layer - 1, 0])
        found[Quantity("bias_rate", layer)] = float(lanes.bias_rates[layer - 1, 0])
    return found | {Quantity(name): float(lanes.hyper[name][0]) for name in definitions.settings}
