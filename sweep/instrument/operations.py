"""What one step of one network takes, counted from its kernel's tables, and how fast it could be.

Matrix products are counted from the sizes of the layers and the tiles that go through registers;
activations and losses in the code that the compiler makes of their rows. The count is of plain
gradient descent on all samples, which is what the table of networks trains.

The roofline of Williams, Waterman and Patterson ("Roofline: an insightful visual performance model
for multicore architectures", CACM 52, 2009), with a roof for multiply-adds, one for divisions, one
for loads from the first cache and one for what comes from further away. A kernel that did only one
of them, and all of it without a gap, would reach its roof.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import astuple, dataclass
from functools import cache
from operator import add
from typing import Any

from numba import types

from sweep.instrument.ceilings import DIVISIONS, MEMORY, MULTIPLY_ADDS
from sweep.training.activations import ACTIVATIONS
from sweep.training.build import optimized
from sweep.training.compile import target_machine
from sweep.training.lanes import Lanes, covered, inlined
from sweep.training.losses import LOSSES
from sweep.training.passes import tiles
from sweep.training.specification import Network, Shape, workspace_size

_LANES = 8
# A call of llvm.fma, or an instruction; the declaration of llvm.fma is neither.
_INSTRUCTIONS = {
    "multiply_adds": re.compile(r"= (?:tail )?call [^@]*@llvm\.fma"),
    "additions": re.compile(r"= f(?:add|sub) "),
    "products": re.compile(r"= fmul "),
    "divisions": re.compile(r"= fdiv "),
}


@dataclass(frozen=True)
class Counts:
    """Operations and numbers that move, of one network in one step; none is below what is done."""

    multiply_adds: float = 0
    additions: float = 0
    products: float = 0
    divisions: float = 0
    # From the first cache to registers. Of a small network, whose loops are written out, none is
    # counted: most of its values stay there.
    loads: float = 0
    streamed: float = 0  # from further away, where the step touches more than the first cache holds
    footprint: int = 0  # bytes that one block of lanes touches

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(add, astuple(self), astuple(other)))

    def __mul__(self, times: float) -> "Counts":
        return Counts(*(times * count for count in astuple(self)))

    @property
    def on_multiply_add_ports(self) -> float:
        """Additions and products, fused or not: what the machine's multiply-adds bound."""
        return self.multiply_adds + self.additions + self.products


def operations(shape: Shape, samples: int) -> Counts:
    """Count what a step of one network of this kernel takes, on all of `samples`.

    A sample takes the matrix products, what its neurons and outputs cost, and two additions a bias;
    the update a product and a multiply-add a parameter, or where there is one sample a product a
    delta, since its gradient is no sum; the step a product for the loss and one for the measures.
    """
    network = shape.network
    biases, parameters = network.neurons * network.bias, network.parameters
    forward = sum(n_in * n_out for n_in, n_out in network.pairs)
    passed_back = forward - network.pairs[0][0] * network.pairs[0][1]
    each = Counts(multiply_adds=2 * forward + passed_back, additions=2 * biases)
    for size, name in zip(network.layers[1:], network.activations, strict=True):
        each += of_activation(name, network.dtype) * size
    each += of_loss(network.loss, network.dtype) * network.layers[-1]
    if shape.single:
        update = Counts(products=network.neurons, multiply_adds=biases, additions=-biases)
    else:
        update = Counts(products=parameters, multiply_adds=parameters)
    counted = each * samples + update + Counts(products=1, additions=1)
    if not network.unrolled:
        whole, rest = divmod(samples, network.tile)
        counted += _of_tile(network, network.tile) * whole + _of_tile(network, rest) * bool(rest)
        counted += Counts(loads=2 * parameters)
    bytes_of_number = int(shape.dtype[-2:]) // 8
    return counted + Counts(footprint=workspace_size(shape, samples) * bytes_of_number)


@cache
def of_activation(name: str, dtype: str) -> Counts:
    """Count f(z), its slope and the slope's product with the error, of one neuron."""
    row = ACTIVATIONS[name]
    both = row.with_slope(dtype) if row.with_slope else _value_and_slope(row, dtype)

    def neuron(load: Any, store: Any) -> Callable[..., None]:
        def code(z: Any, error: Any, out: Any, delta: Any) -> None:
            a, slope = both(load(z, 0))
            store(out, 0, a)
            store(delta, 0, load(error, 0) * slope)

        return code

    return _straight_line(neuron, dtype, 4)


def _value_and_slope(row: Any, dtype: str) -> Any:
    function, slope = row.function(dtype), row.slope

    @inlined
    def both(z: Any) -> Any:
        a = function(z)
        return a, slope(a)

    return both


@cache
def of_loss(name: str, dtype: str) -> Counts:
    """Count one output's term of the loss and its slope."""
    add_term, slope_of = LOSSES[name].add_term(dtype), LOSSES[name].slope

    def output(load: Any, store: Any) -> Callable[..., None]:
        def code(seen: Any, a: Any, target: Any, total: Any, slope: Any) -> None:
            t = load(target, 0)
            store(total, 0, add_term(load(seen, 0), t, load(total, 0)))
            store(slope, 0, slope_of(load(a, 0), t, t))

        return code

    counted = _straight_line(output, dtype, 5)
    # Where the loss looks at outputs both begin with the same difference.
    return counted + Counts(additions=-1) if LOSSES[name].sees == "outputs" else counted


def _straight_line(make: Callable[[Any, Any], Callable[..., None]], dtype: str, n: int) -> Counts:
    """Count in the code of a function of n pointers: what stands there once is done once."""
    lanes, pointer = Lanes(dtype, _LANES), types.CPointer(getattr(types, dtype))
    function = make(lanes.load, lanes.store)
    _, module = optimized(function, types.void(*[pointer] * n), target_machine())
    text = str(module)
    return Counts(**{kind: len(found.findall(text)) for kind, found in _INSTRUCTIONS.items()})


def _of_tile(network: Network, n: int) -> Counts:
    """Count the traffic of n samples, which go through the network together."""
    biases, abreast = network.neurons * network.bias, network.abreast
    # Of a neuron: its sum, its error and what its slope comes from; its bias, and that one's sum.
    loads = 3 * n * network.neurons + 4 * n * network.layers[-1] + 2 * n * biases + biases
    if abreast > 1:  # what is turned: inputs and targets, and a layer's inputs and its deltas
        loads += n * (sum(network.layers) + sum(network.layers[1:]))
    values, weights = -(-n // abreast), 0
    for layer, (n_in, n_out) in enumerate(network.pairs):
        moved = _loads(n_out, values, n_in, abreast)
        moved += _loads(n_out, -(-n_in // abreast), n, abreast)
        if layer:
            moved += _loads(n_in, values, n_out, abreast)
        loads += moved * abreast
        weights += n_in * n_out * (4 if layer else 3)  # forward, back, and sums taken up and put by
    return Counts(loads=loads, streamed=weights + 3 * biases)


def _loads(rows: int, columns: int, count: int, abreast: int = 1) -> int:
    """Count the loads of a matrix product: each tile of sums, and the terms of it."""
    sizes = tiles(abreast)
    sums = [(h, w) for h in covered(rows, list(sizes)) for w in covered(columns, sizes[h])]
    return sum((height + width) * count + height * width for height, width in sums)


def needs(counts: Counts, ceilings: Collection[str], caches: Mapping[str, int]) -> dict[str, float]:
    """What a step of one network needs of each ceiling: operations, or numbers moved.

    `caches` are the bytes of each level of cache, nearest first, by the name of its ceiling.
    """
    fitting = (name for name in caches if name in ceilings and counts.footprint <= caches[name])
    needed = {
        next(fitting, MEMORY): counts.streamed,
        MULTIPLY_ADDS: counts.on_multiply_add_ports,
        DIVISIONS: counts.divisions,
        "L1": counts.loads,
    }
    return {name: need for name, need in needed.items() if need > 0}


def nearest(needed: Mapping[str, float], rates: Mapping[str, float]) -> str:
    """The name of the lowest roof: of the ceiling that is so many times what is needed of it."""
    return min(needed, key=lambda name: rates[name] / needed[name])
