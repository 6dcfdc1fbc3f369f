"""Loss and accuracy of networks on data that they are not trained on."""

from collections.abc import Callable
from typing import Any

from sweep.training.lanes import Lanes, inlined, select
from sweep.training.layout import Evaluation
from sweep.training.losses import LOSSES
from sweep.training.passes import make_add_loss, make_forward, places_of


def make_evaluation(evaluation: Evaluation) -> Callable[..., None]:
    """Return the function that evaluates one block of lanes after another, to be compiled.

    Every array is C-ordered and has `columns` columns, one a trial, unless said otherwise:

        samples, inputs (samples, n_in), targets (samples, n_out): the data.
        middle (1,): what separates the two classes of a single output.
        multipliers (layers, columns), parameters (P, columns).
        losses, accuracies (columns,): out. An accuracy is the share of samples whose largest
            output, the first of equals, is where the largest target is; with one output, of those
            with both on the same side of the middle. An output that is NaN is wrong.
        workspace: `evaluation_size(network)` numbers, on a 64-byte boundary.
    """
    network = evaluation.network
    lanes = Lanes(network.dtype, network.lanes)
    load, store, splat, memory, width = (
        lanes.load, lanes.store, lanes.splat, lanes.memory, lanes.width,
    )  # fmt: skip
    count, depth, tile = network.parameters, len(network.pairs), network.tile
    n_in, n_out = network.layers[0], network.layers[-1]
    a_at = count * width
    d_at = a_at + tile * network.neurons * width
    new_multipliers, new_cell = lanes.local(depth), lanes.local(1)
    add_loss, forward = make_add_loss(network, _make_target(lanes)), make_forward(network)
    count_right = _make_count_right(evaluation)
    scale_of, _ = LOSSES[network.loss].make_scales(n_out)

    def evaluate(  # noqa: PLR0913 - the data, the trials, the results
        columns: Any, samples: Any, inputs: Any, targets: Any, middle: Any, multipliers: Any,
        parameters: Any, losses: Any, accuracies: Any, workspace: Any,
    ) -> None:  # fmt: skip
        w, a, d = memory(workspace, 0), memory(workspace, a_at), memory(workspace, d_at)
        m, zero = new_multipliers(), new_cell()
        zero[0] = splat(0.0)
        net = (w, m, a, d, d, zero)
        for block in range(0, columns, width):
            for p in range(count):
                w[p] = load(parameters, p * columns + block)
            for layer in range(depth):
                m[layer] = load(multipliers, layer * columns + block)
            error, right = splat(0.0), splat(0.0)
            for first in range(0, samples, tile):
                n = min(tile, samples - first)
                t = (targets, first * n_out)
                forward(n, (inputs, first * n_in), net)
                error = add_loss(n, t, net, error)
                right = count_right(n, t, a, middle, right)
            store(losses, block, error * scale_of(samples))
            store(accuracies, block, right / splat(float(samples)))

    return evaluate


def _make_target(lanes: Lanes) -> Any:
    splat = lanes.splat

    @inlined
    def target(targets: Any, i: Any) -> Any:
        return splat(targets[0][targets[1] + i])

    return target


def _make_count_right(evaluation: Evaluation) -> Any:
    network = evaluation.network
    n_out, outputs = network.layers[-1], places_of(network)[-1].outputs
    splat = Lanes(network.dtype, network.lanes).splat

    @inlined
    def two_classes(n: Any, targets: Any, a: Any, middle: Any, right: Any) -> Any:
        for s in range(n):
            output = a[outputs + s]
            if targets[0][targets[1] + s] > middle[0]:
                right = right + select(output > middle[0], splat(1.0), splat(0.0))
            else:
                right = right + select(output <= middle[0], splat(1.0), splat(0.0))
        return right

    @inlined
    def many_classes(n: Any, targets: Any, a: Any, middle: Any, right: Any) -> Any:
        for s in range(n):
            wanted = 0
            for j in range(1, n_out):
                at = targets[1] + s * n_out
                if targets[0][at + j] > targets[0][at + wanted]:
                    wanted = j
            first = outputs + s * n_out
            best, won = a[first + wanted], a[first + wanted] == a[first + wanted]
            for j in range(n_out):
                rival = a[first + j]
                won = won & (rival < best) if j < wanted else won & (rival <= best)
            right = right + select(won, splat(1.0), splat(0.0))
        return right

    return many_classes if n_out > 1 else two_classes
