"""C: `mlp.c`, compiled for the network and the machine, its exp from libmvec, OpenMP threads."""

import ctypes
import subprocess
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.arithmetic import loss_scale
from benchmarks.peers import Train
from sweep.instrument.networks import Case

SOURCE = Path(__file__).with_name("mlp.c")
# gcc halves the vectors on its own account on some processors with 512-bit ones; they pay here.
FLAGS = ("-Ofast", "-march=native", "-mprefer-vector-width=512", "-fopenmp", "-fPIC")
TYPES = {
    "float64": {"REAL": "double", "EXP": "exp", "TANH": "tanh"},
    "float32": {"REAL": "float", "EXP": "expf", "TANH": "tanhf"},
}
_MOST_PARAMETERS = 400
NAMES = {"tanh": "tangent"}


def build(case: Case, dtype: str, threads: int, batch: int) -> Train:
    """Compile the network in blocks of `batch`, a multiple of the vector length.

    Raises:
        FileNotFoundError: there is no gcc.
        NotImplementedError: the network is not small.
        subprocess.CalledProcessError: it failed.
    """
    if case.n_parameters > _MOST_PARAMETERS:
        raise NotImplementedError("the C peer writes every neuron out, which suits few")
    with TemporaryDirectory() as directory:
        library = ctypes.CDLL(str(compile_network(case, dtype, batch, Path(directory))))
    library.omp_set_num_threads(threads)
    inputs, targets = (np.array(rows, dtype) for rows in (case.inputs, case.targets))

    def train(initial: np.ndarray) -> np.ndarray:
        n = len(initial)
        padded = np.pad(initial, ((0, -n % batch), (0, 0)), "edge") if n % batch else initial
        losses = np.empty(len(padded), dtype)
        arrays = (
            array.ctypes.data_as(ctypes.c_void_p) for array in (inputs, targets, padded, losses)
        )
        library.train(
            ctypes.c_long(len(padded)), ctypes.c_long(case.steps),
            ctypes.c_double(case.learning_rate), *arrays,
        )  # fmt: skip
        return losses[:n]

    return train


def compile_network(case: Case, dtype: str, block: int, directory: Path) -> Path:
    """The shared library of this network."""
    library = directory / "mlp.so"
    macros = [f"-D{name}={value}" for name, value in definitions(case, dtype, block).items()]
    compiled = directory / "mlp.o"
    subprocess.run(["gcc", *FLAGS, *macros, "-c", SOURCE, "-o", compiled], check=True)
    # Linked apart: with -Ofast, loading it would make the whole process flush subnormals to zero.
    subprocess.run(
        ["gcc", "-shared", "-fopenmp", compiled, "-o", library, "-lmvec", "-lm"], check=True
    )
    return library


def definitions(case: Case, dtype: str, block: int) -> dict[str, str | int | float]:
    """What `mlp.c` wants to know."""
    layers = _layers(case)
    forward = " ".join(f"L({layer})" for layer in layers)
    backward = [f"S({layer}) D({layer}) C({layer})" for layer in reversed(layers[1:])]
    return TYPES[dtype] | {
        "BLOCK": block,
        "SAMPLES": len(case.inputs),
        "INPUTS": case.layers[0],
        "OUTPUTS": case.layers[-1],
        "NEURONS": sum(case.layers[1:]),
        "PARAMETERS": case.n_parameters,
        "BIAS": int(case.bias),
        "SCALE": loss_scale(case),
        "FORWARD(L)": forward,
        "BACKWARD(S,D,C)": " ".join([*backward, f"S({layers[0]}) C({layers[0]})"]),
    }


def _layers(case: Case) -> list[str]:
    """Each layer as `mlp.c` takes it: from, to, weights, in, stride, slot, out, activation."""
    weights = accumulate(((before + case.bias) * to for to, before in case.shapes), initial=0)
    outputs = list(accumulate(case.layers[1:], initial=0))
    inputs = ["x, 1, 0", *(f"a + ROW({row}), BLOCK, 1" for row in outputs)]
    return [
        f"{before}, {to}, {weight}, {source}, {output}, {NAMES.get(activation, activation)}"
        for (to, before), weight, source, output, activation in zip(
            case.shapes, weights, inputs, outputs, case.activations, strict=False
        )
    ]
