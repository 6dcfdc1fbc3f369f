"""Forward, backward, update: gradient descent on one block of lanes, one network a lane.

The code below reads like the mathematics of a single network; every value is a vector with one
element per lane. For layer l with inputs a, weights w and biases b:

    z_j = b_j + sum_i w_ji a_i          A_j = f(z_j)
    delta_j = dE/dA_j f'(z_j)           at the output
    delta_i = f'(z_i) sum_j w_ji delta_j   in a hidden layer
    dE/dw_ji = delta_j a_i              dE/db_j = delta_j

(Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.)
Sums run in the order of their index, whatever the number of lanes: the order is part of the result.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sweep.training.activations import ACTIVATIONS
from sweep.training.lanes import Lanes, fma, inlined
from sweep.training.layout import RING, WINDOW, Shape, mark_dtype, workspace_size
from sweep.training.losses import LOSSES
from sweep.training.measures import make_observe
from sweep.training.optimizers import OPTIMIZERS


@dataclass(frozen=True)
class Layer:
    """One layer's place: sizes, and where its numbers start in each memory."""

    index: int
    n_in: int
    n_out: int
    weights: int  # first weight in the parameters
    biases: int  # first bias in the parameters
    inputs: int  # first input in the activations
    outputs: int  # first output in the activations


def layers_of(shape: Shape) -> list[Layer]:
    """Return each layer's place; parameters run layer by layer, weights [to][from] then biases."""
    found, parameter, activation = [], 0, 0
    for index, (n_in, n_out) in enumerate(zip(shape.layers[:-1], shape.layers[1:], strict=True)):
        biases = parameter + n_in * n_out
        inputs = activation - n_in if index else 0
        found.append(Layer(index, n_in, n_out, parameter, biases, inputs, activation))
        parameter = biases + n_out * shape.bias
        activation += n_out
    return found


def make_kernel(shape: Shape) -> Callable[..., None]:  # noqa: C901 - one loop nest
    """Return the function that trains one block of lanes after another, to be compiled.

    Every array is C-ordered and has `columns` columns, one a trial, unless said otherwise;
    `columns` is a multiple of the lanes. Of the shape's dtype, but for steps:

        start, stop: the step that the parameters are at, and the one to reach.
        inputs (samples, n_in), targets (samples, n_out): the data, shared by all trials.
        rates_of_layers (2 * layers, columns): learning rates of weights, then of biases.
        parameters (P, columns): in and out.
        thresholds (2,): the target loss, and the largest loss that has not diverged.
        extremes, marks: in and out; see `measures`.
        recent (RING, columns): the last losses, the one of step s in row s % RING; read if start
            is not 0, written if keep_recent is not 0.
        record_steps (records,) int64: the steps, ascending, whose loss goes to curve
            (records, columns).
        workspace: `workspace_size(shape)` numbers, on a 64-byte boundary.
    """
    lanes = Lanes(shape.dtype, shape.lanes)
    store, splat, width = lanes.store, lanes.splat, lanes.width
    copy_in, copy_out = _make_copies(lanes)
    count, depth, samples = shape.parameters, len(shape.layers) - 1, shape.samples
    make_room = _make_room(shape, lanes)
    new_rates, new_ring = lanes.local(2 * depth), lanes.local(RING)
    forward, loss_of, backward = _make_passes(shape, lanes)
    update = _make_update(shape)
    observe = make_observe(lanes, Lanes(mark_dtype(shape.dtype), shape.lanes))
    scale = LOSSES[shape.loss].scale(samples, shape.layers[-1])

    def kernel(  # noqa: PLR0913 - the data, the trials, the results
        columns: Any, start: Any, stop: Any, inputs: Any, targets: Any, rates_of_layers: Any,
        parameters: Any, thresholds: Any, extremes: Any, marks: Any, keep_recent: Any, recent: Any,
        records: Any, record_steps: Any, curve: Any, workspace: Any,
    ) -> None:  # fmt: skip
        w, g, a, d = make_room(workspace)
        rates, ring = new_rates(), new_ring()
        for block in range(0, columns, width):
            copy_in(w, count, parameters, columns, block)
            copy_in(rates, 2 * depth, rates_of_layers, columns, block)
            if start > 0:
                copy_in(ring, RING, recent, columns, block)
            record = 0
            for step in range(start, stop + 1):
                error = splat(0.0)
                for sample in range(samples):
                    forward(inputs, sample, w, a)
                    error = error + loss_of(targets, sample, a, d)
                    if step < stop:
                        backward(inputs, sample, w, a, d, g, rates)
                ring[step & (RING - 1)] = error * scale
                if step < stop:
                    update(w, g, rates)
                if (step & (WINDOW - 1)) == WINDOW - 1 or step == stop:
                    observe(ring, step, stop, thresholds, extremes, marks, columns, block)
                    while record < records and record_steps[record] <= step:
                        error = ring[record_steps[record] & (RING - 1)]
                        store(curve, record * columns + block, error)
                        record += 1
            copy_out(w, count, parameters, columns, block)
            if keep_recent != 0:
                copy_out(ring, RING, recent, columns, block)

    return kernel


def _make_copies(lanes: Lanes) -> tuple[Any, Any]:
    """Return the functions that copy a block's columns of an array in and out."""
    load, store = lanes.load, lanes.store

    @inlined
    def copy_in(memory: Any, rows: Any, array: Any, columns: Any, block: Any) -> None:
        for row in range(rows):
            memory[row] = load(array, row * columns + block)

    @inlined
    def copy_out(memory: Any, rows: Any, array: Any, columns: Any, block: Any) -> None:
        for row in range(rows):
            store(array, row * columns + block, memory[row])

    return copy_in, copy_out


def _make_room(shape: Shape, lanes: Lanes) -> Any:
    """Return the function that lays out weights, gradients, activations and deltas.

    On the stack, where LLVM may put them in registers; a large network's in the workspace.
    """
    count, neurons, width = shape.parameters, sum(shape.layers[1:]), shape.lanes
    if workspace_size(shape):
        memory = lanes.memory

        @inlined
        def in_workspace(workspace: Any) -> Any:
            return (
                memory(workspace, 0),
                memory(workspace, count * width),
                memory(workspace, 2 * count * width),
                memory(workspace, (2 * count + neurons) * width),
            )

        return in_workspace
    new_parameters, new_gradients = lanes.local(count), lanes.local(count)
    new_activations, new_deltas = lanes.local(neurons), lanes.local(neurons)

    @inlined
    def on_stack(workspace: Any) -> Any:
        return new_parameters(), new_gradients(), new_activations(), new_deltas()

    return on_stack


def _in_sequence(functions: list[Any]) -> Any:
    """Return one compiled function that calls each of `functions` with its own arguments."""
    first, rest = functions[0], functions[1:]
    if not rest:
        return first
    others = _in_sequence(rest)

    @inlined
    def both(*args: Any) -> None:
        first(*args)
        others(*args)

    return both


def _make_passes(shape: Shape, lanes: Lanes) -> tuple[Any, Any, Any]:
    layers = layers_of(shape)
    forward = _in_sequence([_make_forward(shape, layer, lanes) for layer in layers])
    backward = _in_sequence([_make_backward(shape, layer, lanes) for layer in layers[::-1]])
    return forward, _make_loss(shape, layers[-1]), backward


def _make_source(layer: Layer, lanes: Lanes) -> Any:
    """Return the function that reads a layer's i-th input: data for the first, else a neuron."""
    n_in, start, splat = layer.n_in, layer.inputs, lanes.splat
    if layer.index == 0:

        @inlined
        def from_data(inputs: Any, sample: Any, a: Any, i: Any) -> Any:
            return splat(inputs[sample * n_in + i])

        return from_data

    @inlined
    def from_layer(inputs: Any, sample: Any, a: Any, i: Any) -> Any:
        return a[start + i]

    return from_layer


def _make_forward(shape: Shape, layer: Layer, lanes: Lanes) -> Any:
    n_in, n_out, bias = layer.n_in, layer.n_out, shape.bias
    weights, biases, outputs = layer.weights, layer.biases, layer.outputs
    activate = ACTIVATIONS[shape.activations[layer.index]].function(shape.dtype)
    source = _make_source(layer, lanes)

    @inlined
    def forward(inputs: Any, sample: Any, w: Any, a: Any) -> None:
        for j in range(n_out):
            row = weights + j * n_in
            x = source(inputs, sample, a, 0)
            z = fma(w[row], x, w[biases + j]) if bias else w[row] * x
            for i in range(1, n_in):
                z = fma(w[row + i], source(inputs, sample, a, i), z)
            a[outputs + j] = activate(z)

    return forward


def _make_loss(shape: Shape, layer: Layer) -> Any:
    n_out, outputs = layer.n_out, layer.outputs
    loss = LOSSES[shape.loss]
    term, add_term, slope = loss.term, loss.add_term, loss.slope
    activation_slope = ACTIVATIONS[shape.activations[-1]].slope

    @inlined
    def loss_of(targets: Any, sample: Any, a: Any, d: Any) -> Any:
        error = term(a[outputs], targets[sample * n_out])
        for j in range(1, n_out):
            error = add_term(a[outputs + j], targets[sample * n_out + j], error)
        for j in range(n_out):
            output = a[outputs + j]
            error_slope = slope(output, targets[sample * n_out + j])
            d[outputs + j] = error_slope * activation_slope(output)
        return error

    return loss_of


def _make_backward(shape: Shape, layer: Layer, lanes: Lanes) -> Any:
    """Return the function that takes a layer's deltas to the layer before, and learns from them.

    In this order: the deltas of the layer before are those of the weights before they change.
    """
    pass_back = _make_pass_back(shape, layer)
    learn = _make_learn(shape, layer, lanes)

    @inlined
    def backward(inputs: Any, sample: Any, w: Any, a: Any, d: Any, g: Any, rates: Any) -> None:
        pass_back(w, a, d)
        learn(inputs, sample, w, a, d, g, rates)

    return backward


def _make_pass_back(shape: Shape, layer: Layer) -> Any:
    n_in, n_out, weights = layer.n_in, layer.n_out, layer.weights
    before, here = layer.inputs, layer.outputs
    slope = ACTIVATIONS[shape.activations[layer.index - 1]].slope

    @inlined
    def pass_back(w: Any, a: Any, d: Any) -> None:
        for i in range(n_in):
            total = w[weights + i] * d[here]
            for j in range(1, n_out):
                total = fma(w[weights + j * n_in + i], d[here + j], total)
            d[before + i] = total * slope(a[before + i])

    @inlined
    def nothing(w: Any, a: Any, d: Any) -> None:
        pass

    return pass_back if layer.index else nothing


def _make_learn(shape: Shape, layer: Layer, lanes: Lanes) -> Any:
    """Return what makes a layer's deltas into gradients, or at once into new weights."""
    if not _steps_at_once(shape):
        return _make_gather(shape, layer, lanes)
    n_in, n_out, bias = layer.n_in, layer.n_out, shape.bias
    weights, biases, here = layer.weights, layer.biases, layer.outputs
    index, bias_index = layer.index, len(shape.layers) - 1 + layer.index
    scale = LOSSES[shape.loss].slope_scale(shape.samples, shape.layers[-1])
    source = _make_source(layer, lanes)

    @inlined
    def step(inputs: Any, sample: Any, w: Any, a: Any, d: Any, g: Any, rates: Any) -> None:
        for j in range(n_out):
            row, delta = weights + j * n_in, d[here + j] * scale
            change = -(rates[index] * delta)
            for i in range(n_in):
                w[row + i] = fma(change, source(inputs, sample, a, i), w[row + i])
            if bias:
                w[biases + j] = fma(-rates[bias_index], delta, w[biases + j])

    return step


def _steps_at_once(shape: Shape) -> bool:
    """Whether w <- w - (eta delta) a needs no gradient: one sample, a step proportional to it."""
    return shape.samples == 1 and OPTIMIZERS[shape.optimizer].proportional


def _make_gather(shape: Shape, layer: Layer, lanes: Lanes) -> Any:
    """Return the function that adds a sample's share of a layer's gradients to their sums."""
    n_in, n_out, bias = layer.n_in, layer.n_out, shape.bias
    weights, biases, here = layer.weights, layer.biases, layer.outputs
    source = _make_source(layer, lanes)

    @inlined
    def gather(inputs: Any, sample: Any, w: Any, a: Any, d: Any, g: Any, rates: Any) -> None:
        for j in range(n_out):
            row, delta = weights + j * n_in, d[here + j]
            for i in range(n_in):
                x = source(inputs, sample, a, i)
                g[row + i] = delta * x if sample == 0 else fma(delta, x, g[row + i])
            if bias:
                g[biases + j] = delta if sample == 0 else g[biases + j] + delta

    return gather


def _make_update(shape: Shape) -> Any:
    depth = len(shape.layers) - 1
    scale = LOSSES[shape.loss].slope_scale(shape.samples, shape.layers[-1])
    apply = OPTIMIZERS[shape.optimizer].update

    def make(layer: Layer) -> Any:
        index, first, last = layer.index, layer.weights, layer.biases
        end = last + layer.n_out * shape.bias

        @inlined
        def update(w: Any, g: Any, rates: Any) -> None:
            for p in range(first, last):
                w[p] = apply(w[p], g[p] * scale, rates[index])
            for p in range(last, end):
                w[p] = apply(w[p], g[p] * scale, rates[depth + index])

        return update

    @inlined
    def nothing(w: Any, g: Any, rates: Any) -> None:
        pass

    return nothing if _steps_at_once(shape) else _in_sequence([*map(make, layers_of(shape))])
