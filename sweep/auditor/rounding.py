"""How exact the numbers of a column are: what rounding may have done to them."""

import numpy as np

MOST_DIGITS = 15
"""A column with numbers of more digits than this is not rounded."""

FEWEST_DECIMALS, FEWEST_DIGITS = 2, 4
"""Nobody rounds results to fewer."""

LOOKED_AT = 200
"""How many numbers of a column tell its digits."""


def constant(values: np.ndarray) -> bool:
    """Whether all the numbers of a column are one, but for the noise of typing and filling down."""
    known = values[np.isfinite(values)]
    return len(known) == 0 or bool(np.ptp(known) <= 1e-12 * np.abs(known[0]))


def digits_of(values: np.ndarray) -> tuple[int, int]:
    """Return the most decimals and the most significant digits that numbers of a column have."""
    decimals = significant = 0
    for value in values[np.isfinite(values)][:LOOKED_AT]:
        mantissa, _, exponent = np.format_float_scientific(value).partition("e")
        kept = len(mantissa.lstrip("-").replace(".", "").rstrip("0"))
        significant = max(significant, kept)
        decimals = max(decimals, kept - 1 - int(exponent))
    return decimals, significant


def noise_of(values: np.ndarray) -> np.ndarray:
    """Return how far a column's numbers may be from what they were before rounding, float64.

    Rounded to d decimals, they are within 10^-d / 2; to s digits, within |value| 10^(1 - s) / 2:
    the larger of both is returned. The first row, which may be typed, does not tell how many.
    """
    decimals, significant = digits_of(values[1:] if len(values) > 1 else values)
    noise = np.zeros(len(values))
    if significant <= MOST_DIGITS and decimals >= FEWEST_DECIMALS:
        noise += 0.5 * 10.0**-decimals
        if significant >= FEWEST_DIGITS:
            size = np.where(np.isfinite(values), np.abs(values), 0.0)
            noise = np.maximum(noise, 0.5 * 10.0 ** (1 - significant) * size)
    return noise
