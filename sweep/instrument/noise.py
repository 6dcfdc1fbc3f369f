"""How far a measurement can be trusted: what the machine did to work that is always the same."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from sweep.instrument.rounds import spread

_STAT = Path("/proc/stat")

MOST_SPREAD = 0.05
"""Of the calibration's seconds, between quartiles: above it, differences of a twentieth drown."""

LEAST_SHARE = 0.9
"""Of their processors that threads must have had: below it, others had them."""


@dataclass(frozen=True)
class Noise:
    """What was seen beside the turns.

    Attributes:
        spread: of a calibration that is always the same, between quartiles, over its median.
        share: of their processors, what the threads had: the median turn.
        stolen: of all processors' time, what the host gave to others; NaN if it does not tell.
        slowest_clock, fastest_clock: cycles a second, over the rounds.
    """

    spread: float
    share: float
    stolen: float
    slowest_clock: float
    fastest_clock: float

    @property
    def warning(self) -> str | None:
        """Why nothing should be concluded, in one line; None if the machine was quiet."""
        reasons = []
        if self.spread > MOST_SPREAD:
            reasons.append(
                f"work that is always the same took from round to round {self.spread:.0%} more or "
                f"less (at most {MOST_SPREAD:.0%} is quiet)"
            )
        if self.share < LEAST_SHARE:
            reasons.append(
                f"threads had {self.share:.0%} of their processors (at least {LEAST_SHARE:.0%})"
            )
        if not reasons:
            return None
        return f"the machine was too noisy to conclude: {'; '.join(reasons)}"

    def __str__(self) -> str:
        stolen = "" if np.isnan(self.stolen) else f", {self.stolen:.1%} taken by the host"
        return (
            f"clock {self.slowest_clock / 1e9:.2f} to {self.fastest_clock / 1e9:.2f} GHz, "
            f"noise {self.spread:.1%}, threads had {self.share:.0%} of their processors{stolen}"
        )


def noise(
    calibration: ArrayLike, shares: ArrayLike, clocks: ArrayLike, stolen: float = np.nan
) -> Noise:
    """Judge rounds by the calibration's seconds, the turns' shares of processors and the clock."""
    hertz = np.asarray(clocks, np.float64)
    share = float(np.median(np.asarray(shares, np.float64)))
    return Noise(spread(calibration), share, stolen, float(hertz.min()), float(hertz.max()))


def processor_times(stat: Path = _STAT) -> tuple[float, float]:
    """All processors' time so far and what of it the host took, in ticks; NaN where not told."""
    try:
        fields = stat.read_text().partition("\n")[0].split()
        ticks = [float(field) for field in fields[1:9]]
    except (OSError, ValueError):
        return np.nan, np.nan
    if fields[0] != "cpu" or len(ticks) < 8:
        return np.nan, np.nan
    return sum(ticks), ticks[7]


def stolen_between(before: tuple[float, float], after: tuple[float, float]) -> float:
    """The share of all processors' time that the host gave to others; NaN where not told."""
    total = after[0] - before[0]
    return (after[1] - before[1]) / total if total > 0 else np.nan
