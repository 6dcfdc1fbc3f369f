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

Compiled functions share these arguments: `place`, a layer's `Place`; n, the number of samples;
`source` and `targets`, where their numbers lie (a memory of lanes or a pointer to scalars, and the
position of the first); and `net`, the memories of a network: w parameters, m multipliers, a
activations, d deltas, e scratch, and a single zero.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

from sweep.training.activations import ACTIVATIONS, Activation
from sweep.training.lanes import Lanes, called, fma, inlined, products
from sweep.training.layout import SOFTMAX, Network
from sweep.training.losses import LOSSES
from sweep.training.processor import register_count
from sweep.training.softmax import make_softmax, make_softmax_deltas

# By the number of registers: rows of the sums that grow together in them, and for so many rows
# columns. There must be room for what they are made of; and no fewer than eight, where that can be,
# for a processor has so many multiply-adds under way.
_TILES: dict[int, dict[int, tuple[int, ...]]] = {
    32: {4: (6, 4, 2, 1), 2: (6, 4, 2, 1), 1: (6, 4, 2, 1)},
    16: {4: (3, 2, 1), 2: (6, 4, 2, 1), 1: (8, 4, 2, 1)},
}

_LOOKED_UP = 8  # lanes at a time, if there are so many


def tiles() -> Mapping[int, Sequence[int]]:
    """Rows and columns of the sums that grow together in registers, as `products` takes them."""
    return _TILES[register_count()]


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
        inputs = activation - network.tile * n_in if index else 0
        found.append(Place(index, n_in, n_out, parameter, biases, end, inputs, activation))
        parameter, activation = end, activation + network.tile * n_out
    return found


def in_sequence(functions: Sequence[Any]) -> Any:
    """Return one compiled function that calls each of `functions` with its own arguments."""
    first, rest = functions[0], functions[1:]
    if not rest:
        return first
    others = in_sequence(rest)

    @inlined
    def both(*args: Any) -> None:
        first(*args)
        others(*args)

    return both


def over_layers(network: Network, function: Any, places: Sequence[Place]) -> Any:
    """Return one compiled function that calls ``function(place, ...)`` for each of the places.

    A small network's layers are written out one after another, a large one's share the code.
    """
    if network.unrolled:
        return in_sequence([_at(function, place) for place in places])
    table = tuple(tuple(place) for place in places)

    @inlined
    def loop(*args: Any) -> None:
        for i in range(len(table)):
            function(table[i], *args)

    return loop


def _at(function: Any, place: Place) -> Any:
    numbers = tuple(place)

    @inlined
    def call(*args: Any) -> None:
        function(numbers, *args)

    return call


def compiling(network: Network) -> Callable[[Any], Any]:
    """Return how functions of layers are compiled.

    A small network's loops are all written out, into one body whose values stay in registers; of a
    large one's functions there is one of each kind, whatever the number of layers.
    """
    return inlined if network.unrolled else called


@cache
def make_multiply(*, unrolled: bool) -> Any:
    """Return the compiled product of matrices, in `tiles` of sums if not unrolled."""
    if unrolled:
        return products({1: (1,)})
    multiply_tiles = products(tiles())

    @called
    def shared(rows: Any, columns: Any, count: Any, x: Any, y: Any, start: Any, out: Any) -> None:
        multiply_tiles(rows, columns, count, x, y, start, out)

    @inlined
    def multiply(rows: Any, columns: Any, count: Any, x: Any, y: Any, start: Any, out: Any) -> None:
        shared(rows, columns, count, _plain(*x), _plain(*y), _plain(*start), _plain(*out))

    return multiply


@inlined
def _plain(memory: Any, first: Any, outer: Any, inner: Any) -> Any:
    """An operand whose constants are numbers like others, so that all uses share the code."""
    return memory, first, outer, inner


def make_forward(network: Network) -> Any:
    """Return ``forward(n, source, net)``, which fills the activations.

    It leaves in d what the loss and the way back want besides: slopes of activations that are no
    function of their value, and the logits or logarithms that the loss looks at.
    """
    places, names = places_of(network), network.activations
    last = len(places) - 1

    def kind(place: Place) -> tuple[bool, str, str]:
        sees = LOSSES[network.loss].sees if place.layer == last else "outputs"
        return place.layer == 0, names[place.layer], sees

    return in_sequence(
        [
            over_layers(network, _make_forward_layer(network, *made), list(group))
            for made, group in groupby(places, kind)
        ]
    )


def _make_forward_layer(network: Network, first: bool, name: str, sees: str) -> Any:
    multiply = make_multiply(unrolled=network.unrolled)
    activate = _make_activate(network, name, sees)

    @inlined
    def from_data(place: Any, n: Any, source: Any, net: Any) -> None:
        w, _, a, _, _, zero = net
        _, n_in, n_out, weights, _, _, _, outputs = place
        x, start, out = (source[0], source[1], n_in, 1), (zero, 0, 0, 0), (a, outputs, 1, n_out)
        multiply(n_out, n, n_in, (w, weights, n_in, 1), x, start, out)
        activate(place, n, net)

    @inlined
    def from_layer(place: Any, n: Any, source: Any, net: Any) -> None:
        w, _, a, _, _, zero = net
        _, n_in, n_out, weights, _, _, inputs, outputs = place
        x, start, out = (a, inputs, n_in, 1), (zero, 0, 0, 0), (a, outputs, 1, n_out)
        multiply(n_out, n, n_in, (w, weights, n_in, 1), x, start, out)
        activate(place, n, net)

    return from_data if first else from_layer


def _make_logit(network: Network) -> Any:
    """Return the compiled ``logit(total, place, j, net)``: z from its sum of products."""
    bias, multiplied = network.bias, network.multiplied

    @inlined
    def logit(total: Any, place: Any, j: Any, net: Any) -> Any:
        w, m = net[0], net[1]
        if multiplied:
            return fma(m[place[0]], total, w[place[4] + j]) if bias else m[place[0]] * total
        return total + w[place[4] + j] if bias else total

    return logit


def _make_activate(network: Network, name: str, sees: str) -> Any:
    """Return ``activate(place, n, net)``, which turns sums of products in a into activations."""
    logit = _make_logit(network)
    if name == SOFTMAX:
        return compiling(network)(make_softmax(network.dtype, logit, sees == "logarithms"))
    row = ACTIVATIONS[name]
    if _taken_together(network, row, sees):
        return _make_activate_together(network, row.function(network.dtype))
    if row.with_slope is None or sees == "logits":
        return _make_activate_alone(network, row.function(network.dtype), sees == "logits")
    with_slope = row.with_slope(network.dtype)

    def activate_with_slope(place: Any, n: Any, net: Any) -> None:
        a, d, n_out = net[2], net[3], place[2]
        for s in range(n):
            for j in range(n_out):
                at = place[7] + s * n_out + j
                a[at], d[at] = with_slope(logit(a[at], place, j, net))

    return compiling(network)(activate_with_slope)


def _make_activate_alone(network: Network, apply: Any, keeps_logit: bool) -> Any:
    """Return the same, of a function whose slope its value tells."""
    logit = _make_logit(network)

    def activate(place: Any, n: Any, net: Any) -> None:
        a, d, n_out = net[2], net[3], place[2]
        for s in range(n):
            for j in range(n_out):
                at = place[7] + s * n_out + j
                z = logit(a[at], place, j, net)
                a[at] = apply(z)
                if keeps_logit:
                    d[at] = z

    return compiling(network)(activate)


def _taken_together(network: Network, row: Activation, sees: str) -> bool:
    """Whether neurons next to each other are: a small network's lie in registers anyway."""
    return row.looks_up and sees == "outputs" and not network.multiplied and not network.unrolled


def _make_activate_together(network: Network, apply: Any) -> Any:
    """Return the same once more, of a function that looks values up in tables.

    Neurons next to each other are taken together: eight lanes look up as fast as four.
    """
    together, bias = max(1, _LOOKED_UP // network.lanes), network.bias
    wide = Lanes(network.dtype, together * network.lanes)
    read, write = wide.read, wide.write

    def activate(place: Any, n: Any, net: Any) -> None:
        a, w, n_out = net[2], net[0], place[2]
        for s in range(n):
            at = place[7] + s * n_out
            whole = n_out - n_out % together
            for j in range(0, whole, together):
                z = read(a, at + j)
                write(a, at + j, apply(z + read(w, place[4] + j) if bias else z))
            for j in range(whole, n_out):
                a[at + j] = apply(a[at + j] + w[place[4] + j] if bias else a[at + j])

    return compiling(network)(activate)


def make_add_loss(network: Network, target: Any) -> Any:
    """Return ``add_loss(n, targets, net, total)``: the total and the samples' terms.

    ``target(targets, i)`` reads the i-th number of the samples' targets.
    """
    last, loss = places_of(network)[-1], LOSSES[network.loss]
    n_out, outputs = last.n_out, last.outputs
    add_term, sees_outputs = loss.add_term(network.dtype), loss.sees == "outputs"
    splat = Lanes(network.dtype, network.lanes).splat

    def add_loss(n: Any, targets: Any, net: Any, total: Any) -> Any:
        a, d = net[2], net[3]
        for s in range(n):
            error = splat(0.0)
            for j in range(n_out):
                i = s * n_out + j
                seen = a[outputs + i] if sees_outputs else d[outputs + i]
                error = add_term(seen, target(targets, i), error)
            total = total + error
        return total

    return compiling(network)(add_loss)


def make_output_deltas(network: Network, target: Any) -> Any:
    """Return ``output_deltas(n, targets, net)``: the last layer's, but for the loss's scale."""
    last, loss = places_of(network)[-1], LOSSES[network.loss]
    n_out, outputs, slope = last.n_out, last.outputs, loss.slope
    splat = Lanes(network.dtype, network.lanes).splat
    name = network.activations[-1]
    if loss.sees != "outputs":
        follow = inlined(_no_slope)
    elif name == SOFTMAX:
        follow = make_softmax_deltas(splat)
    else:
        follow = inlined(_make_apply_slopes(name))

    def output_deltas(n: Any, targets: Any, net: Any) -> None:
        a, e = net[2], net[4]
        for s in range(n):
            mass = splat(0.0)
            for j in range(n_out):
                mass = mass + target(targets, s * n_out + j)
            for j in range(n_out):
                i = s * n_out + j
                e[i] = slope(a[outputs + i], target(targets, i), mass)
        follow(n, n_out, outputs, net)

    return compiling(network)(output_deltas)


def make_pass_back(network: Network, name: str) -> Any:
    """Return ``pass_back(place, n, net)``: deltas, to a layer before of that activation."""
    multiply, multiplied = make_multiply(unrolled=network.unrolled), network.multiplied
    apply_slopes = compiling(network)(_make_apply_slopes(name))

    @inlined
    def pass_back(place: Any, n: Any, net: Any) -> None:
        w, m, _, d, e, zero = net
        index, n_in, n_out, weights, _, _, before, here = place
        x, y = (w, weights, 1, n_in), (d, here, n_out, 1)
        multiply(n_in, n, n_out, x, y, (zero, 0, 0, 0), (e, 0, 1, n_in))
        if multiplied:
            for i in range(n * n_in):
                e[i] = m[index] * e[i]
        apply_slopes(n, n_in, before, net)

    return pass_back


def _no_slope(n: Any, n_out: Any, at: Any, net: Any) -> None:
    for i in range(n * n_out):
        net[3][at + i] = net[4][i]


def _make_apply_slopes(name: str) -> Any:
    """Return the function that turns dE/dA in e into deltas."""
    slope = ACTIVATIONS[name].slope

    def slopes_of_values(n: Any, n_out: Any, at: Any, net: Any) -> None:
        a, d, e = net[2], net[3], net[4]
        for i in range(n * n_out):
            d[at + i] = e[i] * slope(a[at + i])

    def slopes_kept(n: Any, n_out: Any, at: Any, net: Any) -> None:
        d, e = net[3], net[4]
        for i in range(n * n_out):
            d[at + i] = e[i] * d[at + i]

    return slopes_kept if slope is None else slopes_of_values
