"""What a kernel is compiled for, its arguments and its memories.

This module knows neither numba nor LLVM, so that a kernel found in the cache can be called
without loading a compiler.
"""

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Annotated, Any, ClassVar, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray

from sweep.catalogue import ACTIVATIONS, OPTIMIZERS, ORDERS

SOFTMAX = "softmax"  # of a whole layer, and so no row of the table of activations

TILE = 16  # samples that go through a larger network together

RING = 32  # losses kept: the window, and more than the last TAIL before it
WINDOW = 8  # steps between two looks at the losses
TAIL = 20  # losses whose mean is the tail loss

# Rows of a kernel's `extremes` and `marks`; see `measures`.
INITIAL, BEST, LARGEST, FINAL, TAIL_MEAN = EXTREMES = range(5)
BEST_STEP, TARGET_STEP, DIVERGED_STEP = MARKS = range(3)

STRETCH = "stretch"  # the row of `sums` that has the logarithms of how far twins parted
DISPLACEMENT = {"float64": 1e-8, "float32": 3e-4}  # of a twin: about the root of the last digit

# Rows of `sums`, of the whole curve: which measures need which.
SUMS = {
    "first": ("loss_sum", "inverse_loss_sum"),
    "loss_sum": ("loss_sum", "inverse_loss_sum"),
    "inverse_loss_sum": ("loss_sum", "inverse_loss_sum"),
    "lowest": ("largest_rise",),
    "largest_rise": ("largest_rise",),
    STRETCH: ("lyapunov_exponent",),
}

# Arguments of kernels: numbers are of its dtype, marks integers of the same size.
Numbers = Annotated[NDArray[Any], "numbers"]
Marks = Annotated[NDArray[Any], "marks"]
Int32s = Annotated[NDArray[np.int32], "int32s"]
Int64s = Annotated[NDArray[Any], "int64s"]  # or the bits of seeds without a sign
Float64s = Annotated[NDArray[np.float64], "float64s"]


class TrainArguments(NamedTuple):
    """What a training kernel reads and writes.

    Every array is C-ordered and has `columns` columns, one a trial, unless said otherwise;
    `columns` is a multiple of the lanes.

    Attributes:
        trials: how many of the columns are trained, the first ones; what shares lanes with them is.
        start, stop: the step that the parameters are at, and the one to reach.
        samples, inputs, targets: the data, (samples, n_in) and (samples, n_out), shared by all
            trials.
        batch_size, order, batch_starts, batch_seeds: the samples of the batches of steps start ...
            stop, one after another, and (stop - start + 2,) where each begins; (columns,) seeds of
            orders that trials have alone. Each is read only where the shape wants it.
        factors: (stop - start,), on the learning rates of each update, if scheduled.
        rates: (2 * layers, columns), learning rates of weights, then of biases.
        multipliers, drifts, settings: (layers, columns) twice, and (len(shape.settings), columns).
        parameters, state: (P, columns) and (shape.kept, columns), in and out.
        thresholds: (2,), the target loss, and the largest loss that has not diverged.
        extremes, marks: in and out; see `measures`.
        sums, fresh: (len(shape.sums), columns), in and out, and whether the loss at `start` is not
            in them yet.
        twin, displacement, twin_from, twin_workspace: (P + shape.kept, columns), in and out, the
            parameters and state of twins; (P,) by how much they are apart at first; the step from
            which it counts how they part; as `workspace`. Empty where the sums do not ask for it.
        epoch, epoch_samples: with batches, the steps of an epoch and the samples that they see.
        partial: (columns,), in and out: the sum of the terms so far of the epoch under way.
        recent: (RING, columns), the last losses, the one at place s in row s % RING; read if start
            is not 0, or with batches, and written.
        records, record_steps, curve: the steps, ascending, whose loss goes to the curve's rows.
        workspace: `workspace_size` numbers, on a 64-byte boundary.
    """

    columns: int
    trials: int
    start: int
    stop: int
    samples: int
    inputs: Numbers
    targets: Numbers
    batch_size: int
    order: Int32s
    batch_starts: Int64s
    batch_seeds: Int64s
    factors: Numbers
    rates: Numbers
    multipliers: Numbers
    drifts: Numbers
    settings: Numbers
    parameters: Numbers
    state: Numbers
    thresholds: Numbers
    extremes: Numbers
    marks: Marks
    sums: Numbers
    fresh: int
    twin: Numbers
    displacement: Numbers
    twin_from: int
    twin_workspace: Numbers
    epoch: int
    epoch_samples: int
    partial: Numbers
    recent: Numbers
    records: int
    record_steps: Int64s
    curve: Numbers
    workspace: Numbers


class EvaluationArguments(NamedTuple):
    """What a kernel reads and writes that evaluates networks; arrays as in `TrainArguments`.

    Attributes:
        samples, inputs, targets: the data.
        middle: (1,), what separates the two classes of a single output.
        losses, accuracies: (columns,), out. An accuracy is the share of samples whose largest
            output, the first of equals, is where the largest target is; with one output, of those
            with both on the same side of the middle. An output that is NaN is wrong.
        workspace: `workspace_size` numbers, on a 64-byte boundary.
    """

    columns: int
    samples: int
    inputs: Numbers
    targets: Numbers
    middle: Numbers
    multipliers: Numbers
    parameters: Numbers
    losses: Numbers
    accuracies: Numbers
    workspace: Numbers


class DrawArguments(NamedTuple):
    """What a kernel reads and writes that draws initial parameters; arrays as in `TrainArguments`.

    Attributes:
        rows: the parameters P of a network.
        seeds, scales: (columns,).
        spreads, fixed: (P,).
        parameters: out: fixed + (scale * spread) * draw, in float64 and then rounded to the dtype.
    """

    columns: int
    rows: int
    seeds: Int64s
    scales: Float64s
    spreads: Float64s
    fixed: Float64s
    parameters: Numbers


class OrderArguments(NamedTuple):
    """What a kernel reads and writes that draws the orders of many epochs or steps.

    Attributes:
        columns: a multiple of the lanes.
        rows: to draw: the samples of an epoch, or of a step.
        samples: how many there are.
        seeds, positions: (columns,), each column's seed and its epoch or step.
        indices: (columns / lanes, count, lanes) on a 64-byte boundary, out.
    """

    columns: int
    rows: int
    samples: int
    seeds: Int64s
    positions: Int64s
    indices: Int32s


Arguments = TrainArguments | EvaluationArguments | DrawArguments | OrderArguments

# A network of so few values goes into registers and onto the stack, every loop written out.
_FEW_VALUES, _MANY_VALUES = 64, 256
_LARGEST_REGISTER = 64  # bytes

# What `suited` goes by, as measured (docs/performance.md).
_TURNING = 0.5  # operations that turning one number of a sample costs
_NEAR_BYTES = 2**20  # of parameters and gradients that are at hand in the second cache
_FROM_FAR = 1.3  # times the time of such that are not


@dataclass(frozen=True)
class Network:
    """What the passes through a network are compiled for.

    Attributes:
        layers: the number of neurons of each layer, inputs first.
        activations: a name for each layer but the first.
        bias: whether each layer but the first has biases.
        multiplied: whether each layer's sums are multiplied by a number of their own.
        loss: a row of its table.
        dtype: "float64" or "float32".
        lanes: networks trained side by side by one instruction stream.
        tile: samples that go through the network together.
        abreast: of these, how many share a value, if a value is of one network.
        unrolled: whether every loop is written out, for values to stay in registers.
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    multiplied: bool
    loss: str
    dtype: str
    lanes: int = 1
    tile: int = 1
    abreast: int = 1
    unrolled: bool = False

    @property
    def width(self) -> int:
        """The numbers in a value of a pass: of so many networks, or of so many samples of one."""
        return self.lanes * self.abreast

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The numbers of inputs and of outputs of each layer of weights."""
        return list(pairwise(self.layers))

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return sum((n_in + self.bias) * n_out for n_in, n_out in self.pairs)

    @property
    def neurons(self) -> int:
        """The number of neurons, inputs apart."""
        return sum(self.layers[1:])


@dataclass(frozen=True)
class Shape:
    """What a training kernel is compiled for.

    Attributes:
        network: what its passes are compiled for.
        optimizer: a row of its table.
        batches: "full", "shared" (the steps' samples in an order that all trials share), or one of
            `ORDERS` (in an order of each trial's own).
        single: whether a step sees one sample only.
        decayed, clipped, scheduled: whether there are weight decay, a bound on the gradient's
            norm, and a factor on the learning rates that changes from step to step.
        stop: "never", "target", "divergence" or "either": what ends the training of a trial.
        whole: whether steps of batches are measured by the loss on all data.
        sums: the rows of `SUMS` that are kept.
        drifting: whether a number is added to each layer's weights after every update.
    """

    network: Network
    optimizer: str
    batches: str
    single: bool
    decayed: bool
    clipped: bool
    scheduled: bool
    stop: str
    whole: bool = False
    sums: tuple[str, ...] = ()
    drifting: bool = False

    arguments: ClassVar[type[TrainArguments]] = TrainArguments

    @property
    def dtype(self) -> str:
        """The dtype of the network."""
        return self.network.dtype

    @property
    def lanes(self) -> int:
        """The lanes of the network."""
        return self.network.lanes

    @property
    def kept(self) -> int:
        """How many numbers the optimizer keeps of a trial."""
        row = OPTIMIZERS[self.optimizer]
        return row.kept_each * self.network.parameters + row.kept_whole

    @property
    def settings(self) -> tuple[str, ...]:
        """The rows of `settings`."""
        more = (("weight_decay", self.decayed), ("clip_norm", self.clipped))
        return OPTIMIZERS[self.optimizer].settings + tuple(name for name, there in more if there)


@dataclass(frozen=True)
class Evaluation:
    """What a kernel is compiled for that finds loss and accuracy, and trains nothing.

    Attributes:
        network: what its forward pass is compiled for.
    """

    network: Network

    arguments: ClassVar[type[EvaluationArguments]] = EvaluationArguments

    @property
    def dtype(self) -> str:
        """The dtype of the network."""
        return self.network.dtype


@dataclass(frozen=True)
class Draw:
    """What a kernel that draws initial parameters is compiled for.

    Attributes:
        distribution: "uniform" or "normal".
        dtype: "float64" or "float32", of the parameters.
        lanes: networks drawn side by side.
    """

    distribution: str
    dtype: str
    lanes: int

    arguments: ClassVar[type[DrawArguments]] = DrawArguments


@dataclass(frozen=True)
class Order:
    """What a kernel that draws the order of batches is compiled for.

    Attributes:
        order: "shuffle" or "replacement".
        lanes: epochs, or steps, drawn side by side.
    """

    order: str
    lanes: int

    arguments: ClassVar[type[OrderArguments]] = OrderArguments
    dtype: ClassVar[str] = "float64"  # of no argument: it reads and writes integers alone


Specification = Shape | Evaluation | Draw | Order
"""What a kernel is compiled for: its repr tells all of it, `arguments` what it is called with."""


def kinds(specification: Specification) -> dict[str, str]:
    """Return what each argument of a kernel is: "int", or the dtype of an array's numbers."""
    of_dtype = {"numbers": specification.dtype, "marks": mark_dtype(specification.dtype)}
    hints = get_type_hints(specification.arguments, include_extras=True)
    found = {name: "int" if hint is int else hint.__metadata__[0] for name, hint in hints.items()}
    return {name: of_dtype.get(kind, kind.removesuffix("s")) for name, kind in found.items()}


def mark_dtype(dtype: str) -> str:
    """Return the dtype of the steps that the measures mark: an integer of the same size."""
    return {"float64": "int64", "float32": "int32"}[dtype]


class Net(NamedTuple):
    """The memories of one block of lanes; what they hold, or how many values each has room for.

    Attributes:
        w, g, k: parameters, gradients (all 0 between steps) and what the optimizer keeps.
        saved, saved_k: parameters and state of the trials that have stopped.
        a, delta, scratch: activations and deltas of a tile's samples, and room for one layer's.
        x, t: inputs and targets of a tile whose samples are a batch.
        xs, ts, rows, deltas: where samples are abreast: a tile's inputs and targets so; and a
            layer's inputs and deltas sample by sample.
        order: of a batch.
        m, d, h: the layers' multipliers and drifts, and the optimizer's settings.
        rates, eta: learning rates of weights by layer and then of biases; and those of this step.
        ring: the last losses.
        zero, one: 0 and 1, once.
    """

    w: Any = 0
    g: Any = 0
    k: Any = 0
    saved: Any = 0
    saved_k: Any = 0
    a: Any = 0
    delta: Any = 0
    scratch: Any = 0
    x: Any = 0
    t: Any = 0
    xs: Any = 0
    ts: Any = 0
    rows: Any = 0
    deltas: Any = 0
    order: Any = 0
    m: Any = 0
    d: Any = 0
    h: Any = 0
    rates: Any = 0
    eta: Any = 0
    ring: Any = 0
    zero: Any = 0
    one: Any = 0


_IN_WORKSPACE = Net._fields[: Net._fields.index("order") + 1]  # the others are on the stack


def rooms(specification: Shape | Evaluation, samples: int) -> Net:
    """Return how many values of lanes each memory of a kernel has room for."""
    network = specification.network
    needed = Net(
        w=network.parameters,
        a=network.tile * network.neurons,
        delta=network.tile * network.neurons,
        scratch=network.tile * max(network.layers[1:]),
        m=len(network.pairs),
        zero=1,
        one=1,
    )
    if isinstance(specification, Evaluation):
        return needed
    shape, stopping = specification, specification.stop != "never"
    # Rows of a batch in an order that is shared are scalars, but take no less room here.
    batch = network.tile * (shape.batches != "full")
    abreast = network.tile * (network.abreast > 1)
    return needed._replace(
        g=network.parameters,
        k=shape.kept,
        saved=network.parameters * stopping,
        saved_k=shape.kept * stopping,
        x=batch * network.layers[0],
        t=batch * network.layers[-1],
        xs=abreast * network.layers[0],
        ts=abreast * network.layers[-1],
        rows=abreast * max(network.layers[1:]),
        deltas=abreast * max(network.layers[1:]),
        order=samples * (shape.batches in ORDERS),
        d=len(network.pairs) * shape.drifting,
        h=len(shape.settings),
        rates=2 * len(network.pairs),
        eta=2 * len(network.pairs),
        ring=RING,
    )


def offsets(specification: Shape | Evaluation) -> dict[str, int]:
    """Return where in the workspace each memory begins that lies there, in values of lanes."""
    sizes = _sizes(specification, 0)  # the order of samples is the last
    return dict(zip(_IN_WORKSPACE, accumulate(sizes, initial=0), strict=False))


def _sizes(specification: Shape | Evaluation, samples: int) -> list[int]:
    """Return the sizes of the memories in the workspace, each of whole values of samples."""
    needed, abreast = rooms(specification, samples), specification.network.abreast
    return [-(-getattr(needed, name) // abreast) * abreast for name in _IN_WORKSPACE]


def workspace_size(specification: Shape | Evaluation, samples: int) -> int:
    """Return how many numbers of working memory a kernel needs for `samples` rows of data."""
    return sum(_sizes(specification, samples)) * specification.network.lanes


def fitted(shape: Shape, register_bytes: int, lanes: int | None = None) -> Shape:
    """Return the shape with lanes and samples at a time that suit it and a processor's registers.

    A step of a small network is one long chain of dependent operations; a value of several
    registers gives the processor as many chains to work on at once. A larger network has
    parallelism of its own: its values take one register each, and samples go through it several at
    a time, so that a weight that is loaded serves all of them.
    """
    network = shape.network
    per_register = register_bytes // (int(shape.dtype[-2:]) // 8)
    values = 2 * (network.parameters + network.neurons) + shape.kept
    if values <= _MANY_VALUES:
        registers = 4 if values <= _FEW_VALUES else 2
        network = replace(network, tile=1, unrolled=True)
    else:
        registers = 1
        network = replace(network, tile=1 if shape.single else TILE, unrolled=False)
    network = replace(network, lanes=lanes or min(64, registers * per_register))
    return replace(shape, network=network)


def abreast(shape: Shape, register_bytes: int) -> Shape:
    """Return the shape of one network at a time, a register's worth of its samples in a value."""
    width = register_bytes // (int(shape.dtype[-2:]) // 8)
    values = 4 if register_bytes == _LARGEST_REGISTER else 6  # as many as `passes` sums together
    network = replace(shape.network, lanes=1, tile=values * width, abreast=width, unrolled=False)
    return replace(shape, network=network)


def suited(shape: Shape, register_bytes: int, samples: int, trials: int) -> Shape:
    """Return the shape for so many trials of so many samples a step that should be faster.

    Lanes stand idle where there are fewer trials, or samples abreast, than a register holds. Where
    samples are abreast they are also turned to be summed over; where networks are, all that a block
    of them learns may be too much for the second cache. Single samples and small networks go by
    lanes.
    """
    by_lanes, network = fitted(shape, register_bytes), shape.network
    if shape.single or by_lanes.network.unrolled:
        return by_lanes
    width, item = by_lanes.lanes, int(shape.dtype[-2:]) // 8
    turned = sum(network.layers) + sum(network.layers[1:])
    overhead = 1 + _TURNING * width * turned * samples / operations(shape, samples)
    far = 2 * network.parameters * width * item > _NEAR_BYTES
    one_at_a_time = -(-samples // width) * width / samples * overhead
    at_once = -(-trials // width) * width / trials * (_FROM_FAR if far else 1)
    return abreast(shape, register_bytes) if one_at_a_time < at_once else by_lanes


def operations(shape: Shape, samples: int, all_samples: int = 0) -> int:
    """Return about how many vector operations a step takes: additions, products, fused or not.

    Of `samples` to learn from, and of `all_samples` on which it is measured besides.

    What else there is (divisions, comparisons, bit patterns, loads) goes to other ports.
    """
    network = shape.network
    products = sum(n_in * n_out for n_in, n_out in network.pairs)
    passed_back = sum(n_in * n_out for n_in, n_out in network.pairs[1:])
    activations = sum(
        n_out * (ACTIVATIONS[name].operations + 2)
        for n_out, name in zip(network.layers[1:], network.activations, strict=True)
    )
    sample = 2 * products + passed_back + activations + 3 * network.layers[-1]
    update = network.neurons if shape.single else 2 * network.parameters
    looked_at = products + activations + 3 * network.layers[-1]
    step = samples * sample + update
    twins = step * (STRETCH in shape.sums)
    return step + twins + all_samples * shape.whole * looked_at + 3
