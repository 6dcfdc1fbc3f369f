"""Loss and accuracy of networks on data that they are not trained on."""

from collections.abc import Callable
from typing import Any

from sweep.training.lanes import Lanes, Part, inlined, memories, select
from sweep.training.losses import LOSSES
from sweep.training.passes import (
    Rows,
    make_add_loss,
    make_begin,
    make_forward,
    make_target,
    places_of,
)
from sweep.training.specification import Evaluation, Net, offsets, rooms


def make_evaluation(evaluation: Evaluation) -> Callable[..., None]:
    """Return the function of `EvaluationArguments` that evaluates one block after another."""
    network = evaluation.network
    lanes, at = Lanes(network.dtype, network.lanes), offsets(evaluation)
    load, store, splat, width = lanes.load, lanes.store, lanes.splat, lanes.width
    count, depth, tile = network.parameters, len(network.pairs), network.tile
    n_in, n_out = network.layers[0], network.layers[-1]
    sizes = rooms(evaluation, 0)._asdict().items()
    new_net = memories(Net(*(Part(lanes, size, at.get(name)) for name, size in sizes)))
    add_loss, forward = make_add_loss(network, make_target(network)), make_forward(network)
    count_right, begin = _make_count_right(evaluation), make_begin(network)
    scale_of, _ = LOSSES[network.loss].make_scales(n_out)

    def evaluate(given: Any) -> None:
        net = new_net(given.workspace)
        begin(net)
        for block in range(0, given.columns, width):
            for p in range(count):
                net.w[p] = load(given.parameters, p * given.columns + block)
            for layer in range(depth):
                net.m[layer] = load(given.multipliers, layer * given.columns + block)
            error, right = splat(0.0), splat(0.0)
            for first in range(0, given.samples, tile):
                n = min(tile, given.samples - first)
                targets = Rows(given.targets, first * n_out)
                forward(n, Rows(given.inputs, first * n_in), net)
                error = add_loss(n, targets, net, error)
                right = count_right(n, targets, net, given.middle[0], right)
            store(given.losses, block, error * scale_of(given.samples))
            store(given.accuracies, block, right / splat(float(given.samples)))

    return evaluate


def _make_count_right(evaluation: Evaluation) -> Any:
    network = evaluation.network
    n_out, outputs = network.layers[-1], places_of(network)[-1].outputs
    splat = Lanes(network.dtype, network.lanes).splat

    @inlined
    def two_classes(n: Any, targets: Any, net: Any, middle: Any, right: Any) -> Any:
        for s in range(n):
            output = net.a[outputs + s]
            if targets.memory[targets.first + s] > middle:
                right = right + select(output > middle, splat(1.0), splat(0.0))
            else:
                right = right + select(output <= middle, splat(1.0), splat(0.0))
        return right

    @inlined
    def many_classes(n: Any, targets: Any, net: Any, middle: Any, right: Any) -> Any:
        a, wished = net.a, targets.memory
        for s in range(n):
            wanted = 0
            for j in range(1, n_out):
                at = targets.first + s * n_out
                if wished[at + j] > wished[at + wanted]:
                    wanted = j
            first = outputs + s * n_out
            best, won = a[first + wanted], a[first + wanted] == a[first + wanted]
            for j in range(n_out):
                rival = a[first + j]
                won = won & (rival < best) if j < wanted else won & (rival <= best)
            right = right + select(won, splat(1.0), splat(0.0))
        return right

    return many_classes if n_out > 1 else two_classes
