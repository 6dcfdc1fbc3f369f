"""Which samples each step sees."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Batch:
    """The samples of each step.

    `size` is how many a step takes, None for all of them. Which ones, says `order`:

    - shuffle: those of a random permutation, one after the other; a new one every epoch, whose
      last batch is smaller if `size` does not divide the samples
    - replacement: `size` draws each step
    - table: `table`, read-only int64 of (rows, size), has a row a step, used over and over

    The first two are functions of a seed, see `LaneInputs.batch_seeds`.
    """

    size: int | None = None
    order: str = "shuffle"
    table: np.ndarray | None = None

    @property
    def seeded(self) -> bool:
        """Whether the samples of a step depend on a seed."""
        return self.size is not None and self.table is None
