"""From deltas to new parameters: gradients summed over samples, then the optimizer's update.

Or at once, where a step sees one sample and is the gradient times the learning rate: then
w <- w - (eta delta) a needs no gradient, only its norm if that is bounded.

Compiled functions share, besides what `passes` tells: g gradients, all 0 between steps; k what the
optimizer keeps; h its settings; rates, of weights by layer and then of biases; scale, of the
loss's slopes.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sweep import catalogue
from sweep.training.lanes import Lanes, fma, inlined, select, sqrt
from sweep.training.layout import Shape
from sweep.training.optimizers import OPTIMIZERS
from sweep.training.passes import (
    Place,
    compiling,
    in_sequence,
    make_multiply,
    make_pass_back,
    over_layers,
    places_of,
)

_NORM_EPSILON = 1e-6  # as in PyTorch's clip_grad_norm_
_SUMS = 4  # of squared gradients, side by side: one would be a chain of dependent additions


@dataclass(frozen=True)
class Learning:
    """What follows the deltas of the last layer.

    Attributes:
        backward: compiled; ``backward(n, source, net, g, rates, h, scale)`` takes them back to the
            first layer, and adds the samples' share of the gradients to g.
        update: compiled; ``update(net, g, k, h, rates, scale)`` does the optimizer's step.
    """

    backward: Any
    update: Any


def make_learning(shape: Shape) -> Learning:
    """Return the functions of a kernel."""
    if steps_at_once(shape):
        make_learn = _make_bounded_at_once if shape.clipped else _make_at_once
        return Learning(make_learn(shape), _no_update)
    return Learning(_make_gather(shape), _make_update(shape))


def steps_at_once(shape: Shape) -> bool:
    """Whether a step needs no gradient: one sample, and a change proportional to its gradient."""
    return shape.single and shape.optimizer == "sgd"


def _over_layers_backwards(shape: Shape, make: Any) -> Any:
    """Return a function over all layers, the last first.

    ``make(first, name)`` makes the function of a layer that is the first one, or whose inputs are
    activations of this name.
    """
    network = shape.network

    def kind(place: Place) -> tuple[bool, str]:
        return place.layer == 0, network.activations[place.layer - 1] if place.layer else ""

    return in_sequence(
        [
            over_layers(network, make(*made), list(group))
            for made, group in groupby(places_of(network)[::-1], kind)
        ]
    )


@inlined
def _nothing(place: Any, n: Any, net: Any) -> None:
    pass


def _make_gather(shape: Shape) -> Any:
    """Return the way back that adds to the gradients."""
    network = shape.network
    multiply, add_biases = make_multiply(unrolled=network.unrolled), _make_add_biases(shape)

    def make(first: bool, name: str) -> Any:
        pass_back = _nothing if first else make_pass_back(network, name)

        @inlined
        def of_data(
            place: Any, n: Any, source: Any, net: Any, g: Any, rates: Any, h: Any, scale: Any
        ) -> None:
            _, n_in, n_out, weights, _, _, _, here = place
            add_biases(place, n, net, g)
            deltas, gradients = (net[3], here, 1, n_out), (g, weights, n_in, 1)
            x = (source[0], source[1], 1, n_in)
            multiply(n_out, n_in, n, deltas, x, gradients, gradients)

        @inlined
        def of_layer(
            place: Any, n: Any, source: Any, net: Any, g: Any, rates: Any, h: Any, scale: Any
        ) -> None:
            _, n_in, n_out, weights, _, _, inputs, here = place
            pass_back(place, n, net)
            add_biases(place, n, net, g)
            deltas, gradients = (net[3], here, 1, n_out), (g, weights, n_in, 1)
            x = (net[2], inputs, 1, n_in)
            multiply(n_out, n_in, n, deltas, x, gradients, gradients)

        return of_data if first else of_layer

    return _over_layers_backwards(shape, make)


def _make_add_biases(shape: Shape) -> Any:
    bias = shape.network.bias

    def add_biases(place: Any, n: Any, net: Any, g: Any) -> None:
        if bias:
            d, n_out, biases, here = net[3], place[2], place[4], place[7]
            for j in range(n_out):
                total = g[biases + j]
                for s in range(n):
                    total = total + d[here + s * n_out + j]
                g[biases + j] = total

    return compiling(shape.network)(add_biases)


def _make_at_once(shape: Shape) -> Any:
    """Return the way back that changes parameters on its way.

    A layer learns only when its deltas have gone back at the weights as they were.
    """
    splat = Lanes(shape.dtype, shape.lanes).splat

    def make(first: bool, name: str) -> Any:
        pass_back = _nothing if first else make_pass_back(shape.network, name)
        learn = _make_learn_at_once(shape, first=first)

        @inlined
        def learn_first(
            place: Any, n: Any, source: Any, net: Any, g: Any, rates: Any, h: Any, scale: Any
        ) -> None:
            learn(place, source, net, rates, h, splat(scale))

        @inlined
        def pass_and_learn(
            place: Any, n: Any, source: Any, net: Any, g: Any, rates: Any, h: Any, scale: Any
        ) -> None:
            pass_back(place, n, net)
            learn(place, source, net, rates, h, splat(scale))

        return learn_first if first else pass_and_learn

    return _over_layers_backwards(shape, make)


def _make_bounded_at_once(shape: Shape) -> Any:
    """Return the way back that does the same with a bound on the gradient's norm.

    All deltas come first.
    """
    all_back = _over_layers_backwards(
        shape, lambda first, name: _nothing if first else make_pass_back(shape.network, name)
    )
    add_squares = _over_layers_backwards(
        shape, lambda first, _: _make_squares_at_once(shape, first=first)
    )
    all_learn = _over_layers_backwards(
        shape, lambda first, _: _make_learn_at_once(shape, first=first)
    )
    new_sums, clear = Lanes(shape.dtype, shape.lanes).local(_SUMS), _make_clear(shape)
    clip = len(shape.settings) - 1

    @inlined
    def backward(n: Any, source: Any, net: Any, g: Any, rates: Any, h: Any, scale: Any) -> None:
        all_back(n, net)
        squares = new_sums()
        clear(squares)
        add_squares(source, net, scale, squares)
        all_learn(source, net, rates, h, _bounded(sqrt(squares[0]), h[clip]) * scale)

    return backward


def _make_squares_at_once(shape: Shape, *, first: bool) -> Any:
    """Return what adds the squared gradients of a layer: each is a product of delta and input."""
    bias, splat = shape.network.bias, Lanes(shape.dtype, shape.lanes).splat
    multiplier = _make_multiplier(shape)

    @inlined
    def from_data(place: Any, source: Any, net: Any, i: Any) -> Any:
        return splat(0.0) + source[0][source[1] + i]

    @inlined
    def from_layer(place: Any, source: Any, net: Any, i: Any) -> Any:
        return net[2][place[6] + i]

    read = from_data if first else from_layer

    @inlined
    def add_squares(place: Any, source: Any, net: Any, scale: Any, squares: Any) -> None:
        of_inputs = of_deltas = splat(0.0)
        for i in range(place[1]):
            x = read(place, source, net, i)
            of_inputs = fma(x, x, of_inputs)
        for j in range(place[2]):
            delta = net[3][place[7] + j] * scale
            of_deltas = fma(delta, delta, of_deltas)
        factor = multiplier(net, place)
        of_inputs = of_inputs * factor * factor
        squares[0] = fma(of_inputs + 1.0 if bias else of_inputs, of_deltas, squares[0])

    return add_squares


def _make_learn_at_once(shape: Shape, *, first: bool) -> Any:
    """Return ``learn(place, source, net, rates, h, scale)`` of the first layer or of another."""
    network = shape.network
    multiply, multiplier = make_multiply(unrolled=network.unrolled), _make_multiplier(shape)
    depth, bias, decay = len(network.pairs), network.bias, _make_decay_at_once(shape)

    @inlined
    def prepare(place: Any, net: Any, rates: Any, h: Any, scale: Any) -> None:
        """Put each neuron's change for an input of 1 into e, and do what needs no input."""
        w, _, _, d, e, _ = net
        index, _, n_out, weights, biases, _, _, here = place
        eta = rates[index]
        decay(weights, biases, w, eta, h)
        for j in range(n_out):
            e[j] = -(eta * (d[here + j] * (scale * multiplier(net, place))))
        if bias:
            eta = rates[depth + index]
            decay(biases, biases + n_out, w, eta, h)
            for j in range(n_out):
                w[biases + j] = fma(-eta, d[here + j] * scale, w[biases + j])

    @inlined
    def from_data(place: Any, source: Any, net: Any, rates: Any, h: Any, scale: Any) -> None:
        prepare(place, net, rates, h, scale)
        _, n_in, n_out, weights, _, _, _, _ = place
        changes, changed = (net[4], 0, 1, 0), (net[0], weights, n_in, 1)
        multiply(n_out, n_in, 1, changes, (source[0], source[1], 1, 0), changed, changed)

    @inlined
    def from_layer(place: Any, source: Any, net: Any, rates: Any, h: Any, scale: Any) -> None:
        prepare(place, net, rates, h, scale)
        _, n_in, n_out, weights, _, _, inputs, _ = place
        changes, changed = (net[4], 0, 1, 0), (net[0], weights, n_in, 1)
        multiply(n_out, n_in, 1, changes, (net[2], inputs, 1, 0), changed, changed)

    return from_data if first else from_layer


def _make_decay_at_once(shape: Shape) -> Any:
    """Return ``decay(first, end, w, eta, h)``: w <- w - eta lambda w."""
    decayed = shape.decayed
    at = shape.settings.index("weight_decay") if decayed else 0

    def decay(first: Any, end: Any, w: Any, eta: Any, h: Any) -> None:
        if decayed:
            for p in range(first, end):
                w[p] = select(h[at] == 0.0, w[p], fma(-(eta * h[at]), w[p], w[p]))

    return compiling(shape.network)(decay)


def _make_multiplier(shape: Shape) -> Any:
    """Return ``multiplier(net, place)``: the one of a layer's sums, or 1."""
    multiplied, splat = shape.network.multiplied, Lanes(shape.dtype, shape.lanes).splat

    @inlined
    def multiplier(net: Any, place: Any) -> Any:
        return net[1][place[0]] if multiplied else splat(1.0)

    return multiplier


@inlined
def _no_update(net: Any, g: Any, k: Any, h: Any, rates: Any, scale: Any) -> None:
    pass


def _make_update(shape: Shape) -> Any:
    """Return the optimizer's step over all parameters."""
    network, depth = shape.network, len(shape.network.pairs)
    whole = catalogue.OPTIMIZERS[shape.optimizer].kept_each * network.parameters
    update_range, multiplier = _make_update_range(shape), _make_multiplier(shape)
    prepare, bound_norm = OPTIMIZERS[shape.optimizer].prepare, _make_bound_norm(shape)
    splat = Lanes(shape.dtype, shape.lanes).splat

    @inlined
    def update_layer(
        place: Any, net: Any, numbers: Any, rates: Any, scale: Any, factor: Any, constants: Any
    ) -> None:
        index, _, _, weights, biases, end, _, _ = place
        own = scale * multiplier(net, place)
        update_range((weights, biases), net[0], numbers, rates[index], own, factor, constants)
        eta = rates[depth + index]
        update_range((biases, end), net[0], numbers, eta, scale, factor, constants)

    update_layers = over_layers(network, update_layer, places_of(network))

    @inlined
    def update(net: Any, g: Any, k: Any, h: Any, rates: Any, scale: Any) -> None:
        constants = prepare(h, k, whole)
        factor = bound_norm(net, g, h, splat(scale))
        update_layers(net, (g, k, h), rates, splat(scale), factor, constants)

    return update


def _make_update_range(shape: Shape) -> Any:
    """Return the step over parameters next to each other, which have one rate."""
    row, apply = catalogue.OPTIMIZERS[shape.optimizer], OPTIMIZERS[shape.optimizer].update
    each, decoupled, decayed = row.kept_each, row.decoupled, shape.decayed
    count = shape.network.parameters
    decay = shape.settings.index("weight_decay") if decayed else 0
    splat = Lanes(shape.dtype, shape.lanes).splat

    def update_range(
        ends: Any, w: Any, numbers: Any, eta: Any, scale: Any, factor: Any, constants: Any
    ) -> None:
        g, k, h = numbers
        s = t = splat(0.0)
        for p in range(ends[0], ends[1]):
            here, gradient = w[p], g[p] * scale * factor
            g[p] = splat(0.0)
            if decayed:
                if decoupled:
                    here = here * fma(-eta, h[decay], 1.0)
                else:
                    gradient = _with_decay(h[decay], here, gradient)
            if each > 0:
                s = k[p]
            if each > 1:
                t = k[count + p]
            w[p], s, t = apply(here, gradient, eta, s, t, constants)
            if each > 0:
                k[p] = s
            if each > 1:
                k[count + p] = t

    return compiling(shape.network)(update_range)


@inlined
def _with_decay(decay: Any, w: Any, gradient: Any) -> Any:
    """The slope of 1/2 decay w^2 added; without decay the very gradient, whatever w is."""
    return select(decay == 0.0, gradient, fma(decay, w, gradient))


def _make_bound_norm(shape: Shape) -> Any:
    """Return ``bound_norm(net, g, h, scale)``: what keeps the gradient's norm within its bound."""
    network, clip = shape.network, len(shape.settings) - 1
    lanes, clear = Lanes(shape.dtype, shape.lanes), _make_clear(shape)
    splat, new_sums = lanes.splat, lanes.local(_SUMS)
    multiplier, add_squares = _make_multiplier(shape), compiling(network)(_add_squares)

    @inlined
    def add_layer(place: Any, net: Any, g: Any, scale: Any, sums: Any) -> None:
        _, _, _, weights, biases, end, _, _ = place
        add_squares(weights, biases, g, scale * multiplier(net, place), sums)
        add_squares(biases, end, g, scale, sums)

    @inlined
    def no_bound(net: Any, g: Any, h: Any, scale: Any) -> Any:
        return splat(1.0)

    if not shape.clipped:
        return no_bound
    add_layers = over_layers(network, add_layer, places_of(network))

    @inlined
    def bound_norm(net: Any, g: Any, h: Any, scale: Any) -> Any:
        sums = new_sums()
        clear(sums)
        add_layers(net, g, scale, sums)
        return _bounded(sqrt((sums[0] + sums[1]) + (sums[2] + sums[3])), h[clip])

    return bound_norm


def _add_squares(first: Any, end: Any, g: Any, scale: Any, sums: Any) -> None:
    for p in range(first, end):
        gradient, at = g[p] * scale, (p - first) & (_SUMS - 1)
        sums[at] = fma(gradient, gradient, sums[at])


def _make_clear(shape: Shape) -> Any:
    splat = Lanes(shape.dtype, shape.lanes).splat

    @inlined
    def clear(sums: Any) -> None:
        for i in range(_SUMS):
            sums[i] = splat(0.0)

    return clear


@inlined
def _bounded(norm: Any, bound: Any) -> Any:
    """min(1, bound / (norm + 1e-6)) (Pascanu, Mikolov and Bengio, 2013; as PyTorch's).

    1 whatever the norm if there is no bound; a norm that is NaN otherwise makes the factor one.
    """
    factor = bound / (norm + _NORM_EPSILON)
    unbounded = bound - bound != 0.0
    return select((factor >= 1.0) | unbounded, 1.0, factor)
