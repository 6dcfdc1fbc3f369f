"""Small networks for what benchmarks do."""

from dataclasses import replace

from benchmarks.networks import NETWORKS
from sweep.instrument.networks import Case

COURSE = replace(NETWORKS["2-2-2"], steps=60)
# What the course leaves out: biases, several samples, other activations, the other loss.
OTHER = Case(
    name="3-4-2",
    layers=(3, 4, 2),
    activations=("tanh", "relu"),
    bias=True,
    loss="mean_squared_error",
    inputs=((0.3, -1.2, 0.7), (-0.4, 0.9, 0.1)),
    targets=((0.2, 0.7), (0.9, 0.1)),
    learning_rate=0.1,
    steps=20,
)
DEEP = replace(
    OTHER,
    name="3-2-1-2-1-2",
    layers=(3, 2, 1, 2, 1, 2),
    activations=("tanh", "sigmoid", "tanh", "relu", "identity"),
)
ONE_LAYER = replace(OTHER, name="3-2", layers=(3, 2), activations=("sigmoid",), bias=False)
# What every peer but those of one network can express.
REGRESSION = replace(
    OTHER, name="3-4-3-2", layers=(3, 4, 3, 2), activations=("tanh", "tanh", "identity")
)
