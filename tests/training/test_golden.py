"""Bits that must not move: a digest for each row of the kernel's tables.

A change that moves one raises `NUMERICS`, writes the new digests here and says so in CHANGELOG.md:
results on people's disks are found by that number.
"""

import pytest

from sweep.study import ACTIVATIONS, LOSSES, NUMERICS, OPTIMIZERS, SCHEMES
from sweep.training.trainer import train

from .digests import digest, mixed_trials
from .groups import every_trial

SAMPLES = "data={ inputs=[[0.05, 0.1], [-0.5, 0.8]], targets=[[0.01, 0.99], [0.6, 0.2]] }"
BIAS = "network.bias=true"
SQUARED = "network.loss='mean_squared_error'"

# The dtype, what differs from the worked example, and the digest with numerics 1.
GOLDEN = [
    ("float64", [], "90a58329a71904cab1b8fff12ebb91da913e5cda7143c61d3c6d579172aa156c"),
    ("float32", [], "56f364c0d64a862bfaa7eafb8dd36a101e5088cea9a9e0e3759c62c034c96680"),
    (
        "float64",
        ["initial={scheme='uniform'}", BIAS],
        "c0005b316e0a94471101b7d857af7b31f05ad14db6305f7e746761461609d489",
    ),
    (
        "float64",
        ["initial={scheme='xavier'}", "network.activation='tanh'", SAMPLES],
        "3db4ac492eaaa62daf9258d59b26f36f8cc7dac9d74dd64bf721adc3bbdb5158",
    ),
    (
        "float64",
        ["initial={scheme='he'}", "network.activation='relu'", SAMPLES, BIAS],
        "203982fe621e3aace4cd89a415d72f66a65f0712628bf88e0a6b1c9323a43a8c",
    ),
    (
        "float64",
        ["initial={scheme='normal'}", "network.activation='identity'", SQUARED, SAMPLES],
        "dab990e0e217bbf761a157d3076baa76b81351350e352f0ae282483ce9e009f9",
    ),
]


@pytest.mark.parametrize(("dtype", "edits", "golden"), GOLDEN)
def test_bits_stay_what_they_are(dtype: str, edits: list[str], golden: str) -> None:
    study = mixed_trials(dtype, *edits)
    assert digest(train(study, every_trial(study))) == golden
    assert NUMERICS == 1


def test_every_row_of_the_tables_is_guarded() -> None:
    defaults = "sigmoid half_squared_error sgd"
    guarded = " ".join([defaults, *(edit for _, edits, _ in GOLDEN for edit in edits)])
    rows = [*ACTIVATIONS, *SCHEMES, *LOSSES, *OPTIMIZERS]
    assert [row for row in rows if row not in guarded] == []
