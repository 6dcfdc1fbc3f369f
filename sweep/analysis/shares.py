"""The interval of a share of trials that ended in one way."""

from statistics import NormalDist

import numpy as np


def wilson(count: np.ndarray, total: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The score interval of a share, `count` of `total` independent trials; NaN of less than two.

    With p = count / total, n = total and z the normal quantile of (1 + level) / 2 its ends are
    (p + z²/2n ± z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n); it stays within 0 to 1 and has
    a width when all or none did. Wilson, "Probable inference, the law of succession, and
    statistical inference", Journal of the American Statistical Association 22 (1927).
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    n = np.where(total > 1, total, np.nan)
    p = count / n
    middle = p + z**2 / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    low, high = (middle - half) / scale, (middle + half) / scale
    # At the two ends the formula rounds to a last digit beside 0 and 1.
    return np.where(count == 0, 0.0 * n, low), np.where(count == total, 0.0 * n + 1, high)
