"""What a kernel is compiled for, and the layout of what it reads and writes.

This module knows neither numba nor LLVM, so that a kernel found in the cache can be called
without loading a compiler.
"""

from dataclasses import dataclass, replace

RING = 32  # losses kept: the window, and more than the last TAIL before it
WINDOW = 8  # steps between two looks at the losses
TAIL = 20  # losses whose mean is the tail loss

# Rows of a kernel's `extremes` and `marks`; see `measures`.
INITIAL, BEST, LARGEST, FINAL, TAIL_MEAN = EXTREMES = range(5)
BEST_STEP, TARGET_STEP, DIVERGED_STEP = MARKS = range(3)

# The kernels' arguments in order: numbers of the dtype, integers of its size for marks, and others.
TRAIN_ARGUMENTS = {
    "columns": "int",
    "start": "int",
    "stop": "int",
    "inputs": "numbers",
    "targets": "numbers",
    "rates_of_layers": "numbers",
    "parameters": "numbers",
    "thresholds": "numbers",
    "extremes": "numbers",
    "marks": "marks",
    "keep_recent": "int",
    "recent": "numbers",
    "records": "int",
    "record_steps": "int64s",
    "curve": "numbers",
    "workspace": "numbers",
}
DRAW_ARGUMENTS = {
    "columns": "int",
    "count": "int",
    "seeds": "int64s",
    "scales": "float64s",
    "spreads": "float64s",
    "fixed": "float64s",
    "parameters": "numbers",
}


# More working memory than this goes to the heap: a thread's stack may be as small as 512 KiB.
_STACK_BYTES = 64 * 1024
_FEW_VALUES, _MANY_VALUES = 64, 256


@dataclass(frozen=True)
class Shape:
    """What a kernel is compiled for.

    Attributes:
        layers: the number of neurons of each layer, inputs first.
        activations: a name for each layer but the first.
        bias: whether each layer but the first has biases.
        loss, optimizer: rows of their tables.
        samples: rows of the training data.
        dtype: "float64" or "float32".
        lanes: networks trained side by side by one instruction stream.
    """

    layers: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool
    loss: str
    optimizer: str
    samples: int
    dtype: str
    lanes: int

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        pairs = zip(self.layers[:-1], self.layers[1:], strict=True)
        return sum((n_in + self.bias) * n_out for n_in, n_out in pairs)


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


def mark_dtype(dtype: str) -> str:
    """Return the dtype of the steps that the measures mark: an integer of the same size."""
    return {"float64": "int64", "float32": "int32"}[dtype]


def workspace_size(shape: Shape) -> int:
    """Return how many numbers of working memory the kernel needs beyond its stack."""
    neurons = sum(shape.layers[1:])
    values = 2 * (shape.parameters + neurons)
    size = values * shape.lanes
    return size if size * int(shape.dtype[-2:]) // 8 > _STACK_BYTES else 0


def with_lanes(shape: Shape, register_bytes: int) -> Shape:
    """Return the shape with the number of lanes that suits it and a processor's registers.

    A step of a small network is one long chain of dependent operations; a value of several
    registers gives the processor as many chains to work on at once. A larger network has
    parallelism of its own, and its weights are better kept in the first-level cache.
    """
    itemsize = int(shape.dtype[-2:]) // 8
    values = 2 * (shape.parameters + sum(shape.layers[1:]))
    registers = 4 if values <= _FEW_VALUES else 2 if values <= _MANY_VALUES else 1
    return replace(shape, lanes=min(64, registers * register_bytes // itemsize))


def operations(shape: Shape) -> int:
    """Return about how many vector operations a step takes: additions, products, fused or not.

    What else there is (divisions, comparisons, bit patterns, loads) goes to other ports.
    """
    pairs = list(zip(shape.layers[:-1], shape.layers[1:], strict=True))
    products = sum(n_in * n_out for n_in, n_out in pairs)
    passed_back = sum(n_in * n_out for n_in, n_out in pairs[1:])
    activation = {"sigmoid": 11, "tanh": 23, "relu": 0, "identity": 0}
    activations = sum(
        n_out * (activation[name] + 2)
        for n_out, name in zip(shape.layers[1:], shape.activations, strict=True)
    )
    sample = 2 * products + passed_back + activations + 3 * shape.layers[-1]
    update = sum(shape.layers[1:]) if shape.samples == 1 else 2 * shape.parameters
    return shape.samples * sample + update + 3
