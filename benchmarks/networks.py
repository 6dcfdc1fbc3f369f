"""All networks that the benchmarks train: those of `sweep bench`, edges, and wide ones."""

from sweep.instrument import networks
from sweep.instrument.networks import regression

MAIN = list(networks.NETWORKS.values())

# Up to 128 wide and 5 deep, on 128 rows: each at the edge of something.
FAMILY = [
    regression((128, 1), "", "identity", 200, name="128-1"),  # one output, nothing else
    regression((1, 1, 1, 1, 1, 1), "tanh", "tanh", 200),  # nothing to multiply
    regression((8, 8, 8, 8, 8, 1), "tanh", "identity", 100),  # narrow and deep
    regression((7, 13, 5, 3), "relu", "identity", 200),  # odd sizes: no tile fits
    regression((32, 32, 1), "relu", "identity", 100),
    regression((1, 128, 1), "tanh", "identity", 100),  # outer products alone
    regression((128, 1, 128), "sigmoid", "sigmoid", 50),  # a bottleneck
    regression((128, 128), "", "sigmoid", 20),  # one layer: no pass back
    regression((33, 65, 17, 9), "relu", "identity", 50),
    regression((100, 50, 10), "sigmoid", "sigmoid", 50),
    regression((128, 64, 32, 16, 8, 1), "relu", "identity", 20),  # a funnel
    regression((2, 128, 128, 2), "tanh", "identity", 20),
    regression((64, 64, 64, 64, 10), "relu", "identity", 20),
    regression((128, 128, 128, 128, 128, 10), "relu", "identity", 10),
    regression((128, 128, 128, 128, 128, 128), "relu", "identity", 10, bias=False),  # the largest
]

# As wide as images are, on 256 rows: what libraries multiply best.
WIDE = [
    regression((256, 256, 10), "relu", "identity", 10, samples=256),
    regression((784, 128, 10), "relu", "identity", 10, samples=256),
]

NETWORKS = {case.name: case for case in [*MAIN, *FAMILY, *WIDE]}
