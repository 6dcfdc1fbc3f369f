"""Where training starts: Philox in plain Python, and the initial weights drawn from it.

Philox (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11) is given
for words of 32 bits, which is what draws weights, and of 64 bits, which is what NumPy has.
"""

from collections.abc import Iterator, Sequence

import mpmath

from .problem import Problem

MULTIPLIERS = {
    32: (0xD2511F53, 0xCD9E8D57),
    64: (0xD2E7470EE14C6C93, 0xCA5A826395121157),
}
KEY_STEPS = {
    32: (0x9E3779B9, 0xBB67AE85),
    64: (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B),
}
ROUNDS = 10

# Random123, kat_vectors, "philox4x32 10": counter, key, what comes out.
KNOWN_ANSWERS = (
    (
        (0x00000000, 0x00000000, 0x00000000, 0x00000000),
        (0x00000000, 0x00000000),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)


def philox(counter: Sequence[int], key: Sequence[int], bits: int = 32) -> tuple[int, ...]:
    """Philox4x32-10, or 4x64-10: four words from a counter of four and a key of two."""
    mask = (1 << bits) - 1
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        low, high = MULTIPLIERS[bits][0] * c0, MULTIPLIERS[bits][1] * c2
        c0, c1, c2, c3 = (high >> bits) ^ c1 ^ k0, high & mask, (low >> bits) ^ c3 ^ k1, low & mask
        k0, k1 = (k0 + KEY_STEPS[bits][0]) & mask, (k1 + KEY_STEPS[bits][1]) & mask
    return c0, c1, c2, c3


def uniform(seed: int, parameter: int) -> float:
    """u strictly between 0 and 1, a multiple of 2^-53: exact in float64."""
    w0, w1, _, _ = philox((parameter, 0, 0, 0), (seed & 0xFFFFFFFF, seed >> 32))
    return (((w0 << 32 | w1) >> 12) + 0.5) * 2.0**-52


def initial_parameters(
    problem: Problem, scheme: str, seed: int, scale: float = 1.0, digits: int = 40
) -> list[mpmath.mpf]:
    """What `scheme` draws from `seed`, in parameter order; biases are 0.

    Weight number p of all parameters, biases counted, is made from the uniform number of counter p:
    uniform from 2u - 1, normal from the u-quantile of the normal distribution.
    """
    context = mpmath.MPContext()
    context.dps = digits

    def draw(u: float, to: int, origin: int) -> mpmath.mpf:
        even = 2 * context.mpf(u) - 1
        match scheme:
            case "uniform":
                return even
            case "normal":
                return context.sqrt(2) * context.erfinv(even)
            case "xavier":
                return context.sqrt(context.mpf(6) / (origin + to)) * even
            case "he":
                return (
                    context.sqrt(context.mpf(2) / origin) * context.sqrt(2) * context.erfinv(even)
                )
        raise ValueError(scheme)

    def values() -> Iterator[mpmath.mpf]:
        parameter = 0
        for to, origin in problem.shapes:
            for _ in range(to * origin):
                yield context.mpf(scale) * draw(uniform(seed, parameter), to, origin)
                parameter += 1
            for _ in range(to * problem.bias):
                yield context.zero
                parameter += 1

    return list(values())
