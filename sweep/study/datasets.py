"""The samples a network is trained on."""

from dataclasses import dataclass, field
from functools import cached_property

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

    @cached_property
    def parts(self) -> tuple[str, str]:
        """The digests of the inputs and of the targets alone."""
        return array_digest(self.inputs), array_digest(self.targets)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", array_digest(self.inputs, self.targets))
