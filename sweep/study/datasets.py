"""The samples a network is trained on."""

from dataclasses import dataclass, field

import numpy as np

from sweep.study.identity import array_digest


@dataclass(frozen=True, eq=False)
class Data:
    """What goes in and what should come out.

    `inputs` is (samples, layers[0]) and `targets` (samples, layers[-1]), both float64, finite and
    read-only. `digest` is the SHA-256 of both arrays' shapes and bytes.
    """

    inputs: np.ndarray
    targets: np.ndarray
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", array_digest(self.inputs, self.targets))
