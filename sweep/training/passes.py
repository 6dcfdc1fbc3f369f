"""Forward and backward through a network, for a tile of samples at a time.

The code below reads like the mathematics of a single network; every value is a vector with one
element per lane. For a layer with inputs a, weights w, biases b and a multiplier m:

    z_j = m sum_i w_ji a_i + b_j            A_j = f(z_j)
    delta_j = dE/dA_j f'(z_j)               at the output
    delta_i = f'(z_i) m sum_j w_ji delta_j  in a hidden layer
    dE/dw_ji = m delta_j a_i                dE/db_j = delta_j

(Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.)
The three sums, the last one over samples, are products of matrices: `lanes.products`. Each runs in
the order of its index, whatever the lanes and tiles: the order is part of the result.

Where samples are abreast (`Network.abreast`) such a vector has one element per sample of a single
network, and n below counts such values, but where the loss or gradients are summed; numbers of the
network itself are of one lane.

Compiled functions share these arguments: `place`, a layer's `Place`; n, the number of samples;
`source` and `targets`, the `Rows` of their numbers; and `net`, the memories of a network (`Net`).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from typing import Any, NamedTuple

from sweep.training.activations import ACTIVATIONS, Activation, make_softmax, make_softmax_deltas
from sweep.training.lanes import (
    Lanes,
    Matrix,
    apart,
    called,
    fma,
    inlined,
    products,
    single,
    transposing,
)
from sweep.training.losses import LOSSES
from sweep.training.processor import register_count
from sweep.training.specification import SOFTMAX, Network

# By the number of registers: rows of the sums that grow together in them, and for so many rows
# columns. There must be room for what they are made of; and no fewer than eight, where that can be,
# for a processor has so many multiply-adds under way.
_TILES: dict[int, dict[int, tuple[int, ...]]] = {
    32: {4: (6, 4, 2, 1), 2: (6, 4, 2, 1), 1: (6, 4, 2, 1)},
    16: {4: (3, 2, 1), 2: (6, 4, 2, 1), 1: (8, 4, 2, 1)},
}

# Rows are numbers repeated in all lanes there; columns are as many as there are values in a tile,
# whose samples should stay in the first cache.
_TILES_ABREAST = _TILES | {
    32: {6: (4, 2, 1), 4: (4, 2, 1), 2: (4, 2, 1), 1: (8, 4, 2, 1)},
}

_LOOKED_UP = 8  # lanes at a time, if there are so many


def tiles(abreast: int = 1) -> Mapping[int, Sequence[int]]:
    """Rows and columns of the sums that grow together in registers, as `products` takes them."""
    return (_TILES if abreast == 1 else _TILES_ABREAST)[register_count()]


class Rows(NamedTuple):
    """The numbers of some samples, one after another."""

    memory: Any  # of lanes, or a pointer to scalars
    first: Any  # position of the first number


class Place(NamedTuple):
    """One layer's place: sizes, and where its numbers start in each memory."""

    layer: int
    n_in: int
    n_out: int
    weights: int  # first weight in the parameters
    biases: int  # first bias in the parameters
    end: int  # behind its last parameter
    inputs: int  # the first sample's first input in the activations
    outputs: int  # the first sample's first output in the activations


def places_of(network: Network) -> list[Place]:
    """Return each layer's place.

    Parameters run layer by layer, weights [to][from] then biases; activations and deltas layer by
    layer and then sample by sample.
    """
    found, parameter, activation = [], 0, 0
    for index, (n_in, n_out) in enumerate(network.pairs):
        biases = parameter + n_in * n_out
        end = biases + n_out * network.bias
        inputs = activation - network.tile // network.abreast * n_in if index else 0
        found.append(Place(index, n_in, n_out, parameter, biases, end, inputs, activation))
        parameter, activation = end, activation + network.tile // network.abreast * n_out
    return found


def over_layers(
    network: Network,
    make: Callable[..., Any],
    kind: Callable[[Place], tuple[Any, ...]] = lambda place: (),
    *,
    backwards: bool = False,
) -> Any:
    """Return one compiled function that does a layer's, ``function(place, ...)``, for each layer.

    ``make(*kind(place))`` makes the function. A small network's layers are written out one after
    another; a large one's that are next to each other and of one kind share the code.
    """
    calls: list[tuple[Any, Any]] = []  # a function, and its place or places
    for made, group in groupby(places_of(network)[:: -1 if backwards else 1], kind):
        function, places = make(*made), tuple(group)
        if network.unrolled:
            calls += [(function, place) for place in places]
        else:
            calls.append((_at_each(function), places))
    return _in_sequence(calls)


def _at_each(function: Any) -> Any:
    @inlined
    def loop(places: Any, *args: Any) -> None:
        for i in range(len(places)):
            function(places[i], *args)

    return loop


def _in_sequence(calls: Sequence[tuple[Any, Any]]) -> Any:
    (function, first), rest = calls[0], calls[1:]
    if not rest:

        @inlined
        def last(*args: Any) -> None:
            function(first, *args)

        return last
    others = _in_sequence(rest)

    @inlined
    def call(*args: Any) -> None:
        function(first, *args)
        others(*args)

    return call


def compiling(network: Network) -> Callable[[Any], Any]:
    """Return how functions of layers are compiled.

    A small network's loops are all written out, into one body whose values stay in registers; of a
    large one's functions there is one of each kind, whatever the number of layers.
    """
    return inlined if network.unrolled else called


def make_multiply(network: Network, *, of_neurons: bool = False) -> Any:
    """Return the compiled product of matrices, in `tiles` of sums if not unrolled.

    With `of_neurons` columns of numbers of one lane are neurons next to each other, and make values
    where samples are abreast.
    """
    return _make_multiply(network.unrolled, network.abreast, of_neurons)


@cache
def _make_multiply(unrolled: bool, abreast: int, of_neurons: bool) -> Any:
    if unrolled:
        return products({1: (1,)})
    multiply_tiles = products(tiles(abreast), abreast * of_neurons)

    @called
    def multiply(rows: Any, columns: Any, count: Any, x: Any, y: Any, start: Any, out: Any) -> None:
        multiply_tiles(rows, columns, count, x, y, start, out)

    return multiply


@inlined
def from_data(place: Any, source: Any, net: Any) -> Any:
    """Return where the inputs of the first layer are."""
    return source


@inlined
def from_layer_before(place: Any, source: Any, net: Any) -> Any:
    """Return where those of another one are."""
    return Rows(net.a, place.inputs)


def make_forward(network: Network) -> Any:
    """Return ``forward(n, source, net)``, which fills the activations.

    It leaves in delta what the loss and the way back want besides: slopes of activations that are
    no function of their value, and the logits or logarithms that the loss looks at.
    """
    last, names = len(network.activations) - 1, network.activations

    def kind(place: Place) -> tuple[bool, str, str]:
        sees = LOSSES[network.loss].sees if place.layer == last else "outputs"
        return place.layer == 0, names[place.layer], sees

    return over_layers(network, partial(_make_forward_layer, network), kind)


def _make_forward_layer(network: Network, first: bool, name: str, sees: str) -> Any:
    multiply = make_multiply(network)
    activate = _make_activate(network, name, sees)
    inputs_of = from_data if first else from_layer_before

    @inlined
    def forward(place: Any, n: Any, source: Any, net: Any) -> None:
        n_in, n_out = place.n_in, place.n_out
        inputs = inputs_of(place, source, net)
        w, x = Matrix(net.w, place.weights, n_in, 1), Matrix(inputs.memory, inputs.first, n_in, 1)
        out = Matrix(net.a, place.outputs, 1, n_out)
        multiply(n_out, n, n_in, w, x, Matrix(net.zero, 0, 0, 0), out)
        activate(place, n, net)

    return forward


def _make_logit(network: Network) -> Any:
    """Return the compiled ``logit(total, place, j, net)``: z from its sum of products."""
    bias, multiplied = network.bias, network.multiplied

    @inlined
    def logit(total: Any, place: Any, j: Any, net: Any) -> Any:
        w, m = net.w, net.m
        if multiplied:
            z = m[place.layer] * total
            return fma(m[place.layer], total, w[place.biases + j]) if bias else z
        return total + w[place.biases + j] if bias else total

    return logit


def _make_activate(network: Network, name: str, sees: str) -> Any:
    """Return ``activate(place, n, net)``, which turns sums of products in a into activations."""
    logit = _make_logit(network)
    if name == SOFTMAX:
        return compiling(network)(make_softmax(network.dtype, logit, sees == "logarithms"))
    row = ACTIVATIONS[name]
    if _taken_together(network, row, sees):
        return _make_activate_together(network, row.function(network.dtype))
    keeps = row.with_slope is not None or sees == "logits"
    separate = not network.unrolled
    if row.with_slope is None or sees == "logits":
        apply = _beside_its_logit(row.function(network.dtype))
    else:
        apply = row.with_slope(network.dtype)

    def activate(place: Any, n: Any, net: Any) -> None:
        if separate:
            apart()
        a, delta, n_out = net.a, net.delta, place.n_out
        for s in range(n):
            for j in range(n_out):
                at = place.outputs + s * n_out + j
                a[at], kept = apply(logit(a[at], place, j, net))
                if keeps:
                    delta[at] = kept

    return compiling(network)(activate)


def _beside_its_logit(function: Any) -> Any:
    @inlined
    def both(z: Any) -> Any:
        return function(z), z

    return both


def _taken_together(network: Network, row: Activation, sees: str) -> bool:
    """Whether neurons next to each other are: a small network's lie in registers anyway."""
    alone = network.multiplied or network.unrolled or network.abreast > 1
    return row.looks_up and sees == "outputs" and not alone


def _make_activate_together(network: Network, apply: Any) -> Any:
    """Return the same once more, of a function that looks values up in tables.

    Neurons next to each other are taken together: eight lanes look up as fast as four.
    """
    together, bias = max(1, _LOOKED_UP // network.lanes), network.bias
    wide = Lanes(network.dtype, together * network.lanes)
    load, store = wide.load, wide.store

    def activate(place: Any, n: Any, net: Any) -> None:
        apart()
        a, w, n_out = net.a, net.w, place.n_out
        for s in range(n):
            at = place.outputs + s * n_out
            whole = n_out - n_out % together
            for j in range(0, whole, together):
                z = load(a, at + j)
                store(a, at + j, apply(z + load(w, place.biases + j) if bias else z))
            for j in range(whole, n_out):
                a[at + j] = apply(a[at + j] + w[place.biases + j] if bias else a[at + j])

    return compiling(network)(activate)


def make_target(network: Network) -> Any:
    """Return ``target(targets, i)``, the i-th number of targets that all trials share."""
    splat = Lanes(network.dtype, network.lanes).splat

    @inlined
    def target(targets: Any, i: Any) -> Any:
        return splat(targets.memory[targets.first + i])

    return target if network.abreast == 1 else own_target


@inlined
def own_target(targets: Any, i: Any) -> Any:
    """The i-th of targets that are in lanes already."""
    return targets.memory[targets.first + i]


def make_begin(network: Network) -> Any:
    """Return ``begin(net)``: it makes a network's memories ready.

    Lanes without a sample, of the last ones, compute on zeros at first: unheeded, but no slower.
    """
    one, wide = (Lanes(network.dtype, n).splat for n in (network.lanes, network.width))
    values = network.tile // network.abreast * (network.abreast > 1)
    n_in, n_out = network.layers[0], network.layers[-1]

    @inlined
    def begin(net: Any) -> None:
        net.zero[0], net.one[0] = one(0.0), one(1.0)
        for i in range(values * n_in):
            net.xs[i] = wide(0.0)
        for i in range(values * n_out):
            net.ts[i] = wide(0.0)

    return begin


def make_spread(network: Network) -> Any:
    """Return ``spread(n, x, t, net)``: the rows of inputs and targets as passes want them."""
    n_in, n_out, width = network.layers[0], network.layers[-1], network.abreast
    transpose = transposing(Lanes(network.dtype, width))

    @inlined
    def as_they_are(n: Any, x: Any, t: Any, net: Any) -> Any:
        return x, t

    @inlined
    def abreast(n: Any, x: Any, t: Any, net: Any) -> Any:
        xs, ts = single(net.xs), single(net.ts)
        for s in range(0, n, width):
            rows = min(width, n - s)
            transpose(rows, n_in, x.memory, x.first + s * n_in, n_in, xs, s * n_in, width)
            transpose(rows, n_out, t.memory, t.first + s * n_out, n_out, ts, s * n_out, width)
        return Rows(net.xs, 0), Rows(net.ts, 0)

    return abreast if width > 1 else as_they_are


def make_unspread(network: Network) -> Any:
    """Return ``unspread(n, of_samples, at, count, rows)``: `count` numbers sample by sample."""
    width = network.abreast
    transpose = transposing(Lanes(network.dtype, width))

    @inlined
    def unspread(n: Any, memory: Any, at: Any, count: Any, rows: Any) -> None:
        for s in range(0, n, width):
            first = at * width + s * count
            transpose(count, width, single(memory), first, width, rows, s * count, count)

    return unspread


def make_add_loss(network: Network, target: Any) -> Any:
    """Return ``add_loss(n, targets, net, total)``: the total and the samples' terms.

    ``target(targets, i)`` reads the i-th number of the samples' targets.
    """
    last, loss = places_of(network)[-1], LOSSES[network.loss]
    n_out, outputs = last.n_out, last.outputs
    add_term, sees_outputs = loss.add_term(network.dtype), loss.sees == "outputs"
    one, lanes, width = (
        Lanes(network.dtype, 1),
        Lanes(network.dtype, network.width),
        network.abreast,
    )
    splat, store, new_errors = lanes.splat, lanes.store, one.local(width)

    def add_loss(n: Any, targets: Any, net: Any, total: Any) -> Any:
        a, delta = net.a, net.delta
        errors = new_errors()
        for s in range((n + width - 1) // width):
            error = splat(0.0)
            for j in range(n_out):
                i = s * n_out + j
                seen = a[outputs + i] if sees_outputs else delta[outputs + i]
                error = add_term(seen, target(targets, i), error)
            if width == 1:
                total = total + error
            else:
                store(errors, 0, error)
                for lane in range(min(width, n - s * width)):
                    total = total + errors[lane]
        return total

    return compiling(network)(add_loss)


def make_output_deltas(network: Network, target: Any) -> Any:
    """Return ``output_deltas(n, targets, net)``: the last layer's, but for the loss's scale."""
    last, loss = places_of(network)[-1], LOSSES[network.loss]
    n_out, outputs, slope = last.n_out, last.outputs, loss.slope
    splat = Lanes(network.dtype, network.width).splat
    name = network.activations[-1]
    if loss.sees != "outputs":
        follow = inlined(_no_slope)
    elif name == SOFTMAX:
        follow = make_softmax_deltas(splat)
    else:
        follow = inlined(_make_apply_slopes(name))

    def output_deltas(n: Any, targets: Any, net: Any) -> None:
        a, scratch = net.a, net.scratch
        for s in range(n):
            mass = splat(0.0)
            for j in range(n_out):
                mass = mass + target(targets, s * n_out + j)
            for j in range(n_out):
                i = s * n_out + j
                scratch[i] = slope(a[outputs + i], target(targets, i), mass)
        follow(n, n_out, outputs, net)

    return compiling(network)(output_deltas)


def make_pass_back(network: Network, name: str) -> Any:
    """Return ``pass_back(place, n, net)``: deltas, to a layer before of that activation."""
    multiply, multiplied = make_multiply(network), network.multiplied
    apply_slopes = compiling(network)(_make_apply_slopes(name))

    @inlined
    def pass_back(place: Any, n: Any, net: Any) -> None:
        n_in, n_out = place.n_in, place.n_out
        w, delta = Matrix(net.w, place.weights, 1, n_in), Matrix(net.delta, place.outputs, n_out, 1)
        out = Matrix(net.scratch, 0, 1, n_in)
        multiply(n_in, n, n_out, w, delta, Matrix(net.zero, 0, 0, 0), out)
        if multiplied:
            for i in range(n * n_in):
                net.scratch[i] = net.m[place.layer] * net.scratch[i]
        apply_slopes(n, n_in, place.inputs, net)

    return pass_back


def make_pass_back_alone(network: Network, name: str) -> Any:
    """Return the same of a layer of one output: no sums, and deltas are made at once."""
    multiplied, slope = network.multiplied, ACTIVATIONS[name].slope

    def pass_back(place: Any, n: Any, net: Any) -> None:
        n_in, a, delta = place.n_in, net.a, net.delta
        for s in range(n):
            error = net.delta[place.outputs + s]
            for i in range(n_in):
                at = place.inputs + s * n_in + i
                passed = fma(net.w[place.weights + i], error, 0.0)  # no -0, as no sum from 0 has
                if multiplied:
                    passed = net.m[place.layer] * passed
                if slope is None:
                    delta[at] = passed * delta[at]
                else:
                    delta[at] = passed * slope(a[at])

    return compiling(network)(pass_back)


def _no_slope(n: Any, n_out: Any, at: Any, net: Any) -> None:
    for i in range(n * n_out):
        net.delta[at + i] = net.scratch[i]


def _make_apply_slopes(name: str) -> Any:
    """Return the function that turns dE/dA in scratch into deltas."""
    slope = ACTIVATIONS[name].slope

    def slopes_of_values(n: Any, n_out: Any, at: Any, net: Any) -> None:
        for i in range(n * n_out):
            net.delta[at + i] = net.scratch[i] * slope(net.a[at + i])

    def slopes_kept(n: Any, n_out: Any, at: Any, net: Any) -> None:
        for i in range(n * n_out):
            net.delta[at + i] = net.scratch[i] * net.delta[at + i]

    return slopes_kept if slope is None else slopes_of_values
