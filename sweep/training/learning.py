"""From deltas to new parameters: gradients summed over samples, then the optimizer's update.

Or at once, where a step sees one sample and is the gradient times the learning rate: then
w <- w - (eta delta) a needs no gradient, only its norm if that is bounded.

Compiled functions share what `passes` tells, and `scale`, of the loss's slopes.
"""

from dataclasses import dataclass
from typing import Any

from sweep import catalogue
from sweep.training.lanes import Lanes, Matrix, fma, inlined, select, sqrt
from sweep.training.optimizers import OPTIMIZERS
from sweep.training.passes import (
    Place,
    compiling,
    from_data,
    from_layer_before,
    make_multiply,
    make_pass_back,
    make_pass_back_alone,
    make_unspread,
    over_layers,
)
from sweep.training.specification import Shape

_NORM_EPSILON = 1e-6  # as in PyTorch's clip_grad_norm_
_SUMS = 4  # of squared gradients, side by side: one would be a chain of dependent additions


@dataclass(frozen=True)
class Learning:
    """What follows the deltas of the last layer.

    Attributes:
        backward: compiled; ``backward(n, source, net, scale)`` takes them back to the first layer,
            and adds the samples' share of the gradients.
        update: compiled; ``update(net, scale)`` does the optimizer's step, and then the drift.
    """

    backward: Any
    update: Any


def make_learning(shape: Shape) -> Learning:
    """Return the functions of a kernel."""
    if not steps_at_once(shape):
        update = _drifting(shape, _make_update(shape))
        return Learning(_over_layers_backwards(shape, _gathering(shape)), update)
    if shape.clipped:
        return Learning(_make_bounded_at_once(shape), _drifting(shape, _nothing))
    backward = _over_layers_backwards(shape, _learning_at_once(shape))
    return Learning(backward, _drifting(shape, _nothing))


def steps_at_once(shape: Shape) -> bool:
    """Whether a step needs no gradient: one sample, and a change proportional to its gradient."""
    return shape.single and shape.optimizer == "sgd"


@inlined
def _nothing(*args: Any) -> None:
    pass


def _drifting(shape: Shape, update: Any) -> Any:
    """Return an update after which weights drift, w <- w + d, so that the next loss is theirs."""
    if not shape.drifting:
        return update

    def drift(place: Any, net: Any) -> None:
        d = net.d[place.layer]
        for p in range(place.weights, place.biases):
            net.w[p] = select(d == 0.0, net.w[p], net.w[p] + d)

    drift_all = over_layers(shape.network, lambda: compiling(shape.network)(drift))

    @inlined
    def update_and_drift(net: Any, scale: Any) -> None:
        update(net, scale)
        drift_all(net)

    return update_and_drift


def _over_layers_backwards(shape: Shape, make: Any) -> Any:
    """Return a function over all layers, the last first; ``make(inputs_of, pass_back)``.

    ``inputs_of(place, source, net)`` is where a layer's inputs are; ``pass_back(place, n, net)``
    takes its deltas to the layer before, if there is one.
    """
    names = shape.network.activations

    def kind(place: Place) -> tuple[bool, str, bool]:
        return place.layer == 0, names[place.layer - 1] if place.layer else "", place.n_out == 1

    def make_layer(first: bool, name: str, alone: bool) -> Any:
        if first:
            return make(from_data, _nothing)
        make_back = make_pass_back_alone if alone else make_pass_back
        return make(from_layer_before, make_back(shape.network, name))

    return over_layers(shape.network, make_layer, kind, backwards=True)


def _gathering(shape: Shape) -> Any:
    """Return what makes a layer's way back that adds to the gradients."""
    if shape.network.abreast > 1:
        return _gathering_abreast(shape)
    multiply = make_multiply(shape.network)
    add_biases = compiling(shape.network)(_add_biases) if shape.network.bias else _nothing

    def make(inputs_of: Any, pass_back: Any) -> Any:
        @inlined
        def gather(place: Any, n: Any, source: Any, net: Any, scale: Any) -> None:
            n_in, n_out = place.n_in, place.n_out
            pass_back(place, n, net)
            add_biases(place, n, net)
            delta, inputs = (
                Matrix(net.delta, place.outputs, 1, n_out),
                inputs_of(place, source, net),
            )
            x, gradients = (
                Matrix(inputs.memory, inputs.first, 1, n_in),
                Matrix(net.g, place.weights, n_in, 1),
            )
            multiply(n_out, n_in, n, delta, x, gradients, gradients)

        return gather

    return make


def _gathering_abreast(shape: Shape) -> Any:
    """Return the same where samples are abreast: sums over them run on vectors of neurons."""
    network = shape.network
    multiply = make_multiply(network, of_neurons=True)
    unspread, width, bias = make_unspread(network), network.abreast, network.bias

    def make(inputs_of: Any, pass_back: Any) -> Any:
        of_data = inputs_of is from_data

        @inlined
        def gather(place: Any, n: Any, source: Any, net: Any, scale: Any) -> None:
            n_in, n_out = place.n_in, place.n_out
            pass_back(place, (n + width - 1) // width, net)
            unspread(n, net.delta, place.outputs, n_out, net.deltas)
            if of_data:
                x = Matrix(source.memory, source.first, 1, n_in)
            else:
                unspread(n, net.a, place.inputs, n_in, net.rows)
                x = Matrix(net.rows, 0, 1, n_in)
            delta, gradients = (
                Matrix(net.deltas, 0, 1, n_out),
                Matrix(net.g, place.weights, n_in, 1),
            )
            multiply(n_out, n_in, n, delta, x, gradients, gradients)
            if bias:
                gradients = Matrix(net.g, place.biases, 0, 1)
                multiply(1, n_out, n, Matrix(net.one, 0, 0, 0), delta, gradients, gradients)

        return gather

    return make


def _add_biases(place: Any, n: Any, net: Any) -> None:
    for j in range(place.n_out):
        total = net.g[place.biases + j]
        for s in range(n):
            total = total + net.delta[place.outputs + s * place.n_out + j]
        net.g[place.biases + j] = total


def _learning_at_once(shape: Shape) -> Any:
    """Return what makes a layer's way back that changes parameters on its way.

    A layer learns only when its deltas have gone back at the weights as they were.
    """
    splat, make_learn = Lanes(shape.dtype, shape.lanes).splat, _learning_alone(shape)

    def make(inputs_of: Any, pass_back: Any) -> Any:
        learn = make_learn(inputs_of, pass_back)

        @inlined
        def pass_and_learn(place: Any, n: Any, source: Any, net: Any, scale: Any) -> None:
            pass_back(place, n, net)
            learn(place, source, net, splat(scale))

        return pass_and_learn

    return make


def _make_bounded_at_once(shape: Shape) -> Any:
    """Return the way back that does the same with a bound on the gradient's norm.

    All deltas come first.
    """
    all_back = _over_layers_backwards(shape, lambda _, pass_back: pass_back)
    add_squares = _over_layers_backwards(shape, _squaring(shape))
    all_learn = _over_layers_backwards(shape, _learning_alone(shape))
    new_sum, splat = Lanes(shape.dtype, shape.lanes).local(1), Lanes(shape.dtype, shape.lanes).splat
    clip = len(shape.settings) - 1

    @inlined
    def backward(n: Any, source: Any, net: Any, scale: Any) -> None:
        all_back(n, net)
        squares = new_sum()
        squares[0] = splat(0.0)
        add_squares(source, net, scale, squares)
        all_learn(source, net, _bounded(sqrt(squares[0]), net.h[clip]) * scale)

    return backward


def _squaring(shape: Shape) -> Any:
    """Return what makes the sum of a layer's squared gradients, products of delta and input."""
    bias, splat = shape.network.bias, Lanes(shape.dtype, shape.lanes).splat
    multiplier = _make_multiplier(shape)

    def make(inputs_of: Any, _: Any) -> Any:
        @inlined
        def add_squares(place: Any, source: Any, net: Any, scale: Any, squares: Any) -> None:
            of_inputs = of_deltas = splat(0.0)
            inputs = inputs_of(place, source, net)
            for i in range(place.n_in):
                x = inputs.memory[inputs.first + i]
                of_inputs = fma(x, x, of_inputs)
            for j in range(place.n_out):
                delta = net.delta[place.outputs + j] * scale
                of_deltas = fma(delta, delta, of_deltas)
            factor = multiplier(net, place)
            of_inputs = of_inputs * factor * factor
            squares[0] = fma(of_inputs + 1.0 if bias else of_inputs, of_deltas, squares[0])

        return add_squares

    return make


def _learning_alone(shape: Shape) -> Any:
    """Return what makes ``learn(place, source, net, scale)``: it changes a layer's parameters."""
    network = shape.network
    multiply, multiplier = make_multiply(network), _make_multiplier(shape)
    depth, bias, decay = len(network.pairs), network.bias, _make_decay_at_once(shape)

    @inlined
    def prepare(place: Any, net: Any, scale: Any) -> None:
        """Put each neuron's change for an input of 1 into scratch, and do what needs no input."""
        n_out, weights, biases, eta = place.n_out, place.weights, place.biases, net.eta[place.layer]
        decay(weights, biases, net, eta)
        for j in range(n_out):
            delta = net.delta[place.outputs + j] * (scale * multiplier(net, place))
            net.scratch[j] = -(eta * delta)
        if bias:
            eta = net.eta[depth + place.layer]
            decay(biases, biases + n_out, net, eta)
            for j in range(n_out):
                delta = net.delta[place.outputs + j] * scale
                net.w[biases + j] = fma(-eta, delta, net.w[biases + j])

    def make(inputs_of: Any, _: Any) -> Any:
        @inlined
        def learn(place: Any, source: Any, net: Any, scale: Any) -> None:
            prepare(place, net, scale)
            inputs, changed = (
                inputs_of(place, source, net),
                Matrix(net.w, place.weights, place.n_in, 1),
            )
            changes, x = Matrix(net.scratch, 0, 1, 0), Matrix(inputs.memory, inputs.first, 1, 0)
            multiply(place.n_out, place.n_in, 1, changes, x, changed, changed)

        return learn

    return make


def _make_decay_at_once(shape: Shape) -> Any:
    """Return ``decay(first, end, net, eta)``: w <- w - eta lambda w."""
    decayed = shape.decayed
    at = shape.settings.index("weight_decay") if decayed else 0

    def decay(first: Any, end: Any, net: Any, eta: Any) -> None:
        if decayed:
            w, h = net.w, net.h
            for p in range(first, end):
                w[p] = select(h[at] == 0.0, w[p], fma(-(eta * h[at]), w[p], w[p]))

    return compiling(shape.network)(decay)


def _make_multiplier(shape: Shape) -> Any:
    """Return ``multiplier(net, place)``: the one of a layer's sums, or 1."""
    multiplied, splat = shape.network.multiplied, Lanes(shape.dtype, shape.lanes).splat

    @inlined
    def multiplier(net: Any, place: Any) -> Any:
        return net.m[place.layer] if multiplied else splat(1.0)

    return multiplier


def _make_update(shape: Shape) -> Any:
    """Return the optimizer's step over all parameters."""
    network, depth = shape.network, len(shape.network.pairs)
    whole = catalogue.OPTIMIZERS[shape.optimizer].kept_each * network.parameters
    update_range, multiplier = _make_update_range(shape), _make_multiplier(shape)
    prepare, bound_norm = OPTIMIZERS[shape.optimizer].prepare, _make_bound_norm(shape)
    splat = Lanes(shape.dtype, shape.lanes).splat

    @inlined
    def update_layer(place: Any, net: Any, scale: Any, factor: Any, constants: Any) -> None:
        eta, own = net.eta[place.layer], scale * multiplier(net, place)
        update_range(place.weights, place.biases, net, eta, own, factor, constants)
        eta = net.eta[depth + place.layer]
        update_range(place.biases, place.end, net, eta, scale, factor, constants)

    update_layers = over_layers(network, lambda: update_layer)

    @inlined
    def update(net: Any, scale: Any) -> None:
        constants = prepare(net.h, net.k, whole)
        factor = bound_norm(net, splat(scale))
        update_layers(net, splat(scale), factor, constants)

    return update


def _make_update_range(shape: Shape) -> Any:
    """Return the step over parameters next to each other, which have one rate."""
    width = shape.network.abreast
    update_some, update_one = (
        _make_update_some(shape, Lanes(shape.dtype, lanes))
        for lanes in (shape.network.width, shape.lanes)
    )

    def update_range(
        first: Any, end: Any, net: Any, eta: Any, scale: Any, factor: Any, constants: Any
    ) -> None:
        if width > 1:
            whole = end - (end - first) % width
            for p in range(first, whole, width):
                update_some(p, net, eta, scale, factor, constants)
            first = whole
        for p in range(first, end):
            update_one(p, net, eta, scale, factor, constants)

    return compiling(shape.network)(update_range)


def _make_update_some(shape: Shape, lanes: Lanes) -> Any:
    """Return the step of the parameters from the p-th on that are in one value of lanes."""
    row, apply = catalogue.OPTIMIZERS[shape.optimizer], OPTIMIZERS[shape.optimizer].update
    each, decoupled, decayed = row.kept_each, row.decoupled, shape.decayed
    count = shape.network.parameters
    decay = shape.settings.index("weight_decay") if decayed else 0
    load, store, splat = lanes.load, lanes.store, lanes.splat

    @inlined
    def update_some(p: Any, net: Any, eta: Any, scale: Any, factor: Any, constants: Any) -> None:
        w, g, k, h = net.w, net.g, net.k, net.h
        s = t = splat(0.0)
        here, gradient = load(w, p), load(g, p) * scale * factor
        store(g, p, splat(0.0))
        if decayed:
            if decoupled:
                here = here * fma(-eta, h[decay], 1.0)
            else:
                gradient = _with_decay(h[decay], here, gradient)
        if each > 0:
            s = load(k, p)
        if each > 1:
            t = load(k, count + p)
        here, s, t = apply(here, gradient, eta, s, t, constants)
        store(w, p, here)
        if each > 0:
            store(k, p, s)
        if each > 1:
            store(k, count + p, t)

    return update_some


@inlined
def _with_decay(decay: Any, w: Any, gradient: Any) -> Any:
    """The slope of 1/2 decay w^2 added; without decay the very gradient, whatever w is."""
    return select(decay == 0.0, gradient, fma(decay, w, gradient))


def _make_bound_norm(shape: Shape) -> Any:
    """Return ``bound_norm(net, scale)``: what keeps the gradient's norm within its bound."""
    clip, lanes = len(shape.settings) - 1, Lanes(shape.dtype, shape.lanes)
    splat, new_sums = lanes.splat, lanes.local(_SUMS)
    multiplier, add_squares = _make_multiplier(shape), compiling(shape.network)(_add_squares)

    @inlined
    def add_layer(place: Any, net: Any, scale: Any, sums: Any) -> None:
        add_squares(place.weights, place.biases, net, scale * multiplier(net, place), sums)
        add_squares(place.biases, place.end, net, scale, sums)

    @inlined
    def no_bound(net: Any, scale: Any) -> Any:
        return splat(1.0)

    if not shape.clipped:
        return no_bound
    add_layers = over_layers(shape.network, lambda: add_layer)

    @inlined
    def bound_norm(net: Any, scale: Any) -> Any:
        sums = new_sums()
        for i in range(_SUMS):
            sums[i] = splat(0.0)
        add_layers(net, scale, sums)
        return _bounded(sqrt((sums[0] + sums[1]) + (sums[2] + sums[3])), net.h[clip])

    return bound_norm


def _add_squares(first: Any, end: Any, net: Any, scale: Any, sums: Any) -> None:
    for p in range(first, end):
        gradient, at = net.g[p] * scale, (p - first) & (_SUMS - 1)
        sums[at] = fma(gradient, gradient, sums[at])


@inlined
def _bounded(norm: Any, bound: Any) -> Any:
    """min(1, bound / (norm + 1e-6)) (Pascanu, Mikolov and Bengio, 2013; as PyTorch's).

    1 whatever the norm if there is no bound; a norm that is NaN otherwise makes the factor one.
    """
    factor = bound / (norm + _NORM_EPSILON)
    unbounded = bound - bound != 0.0
    return select((factor >= 1.0) | unbounded, 1.0, factor)
