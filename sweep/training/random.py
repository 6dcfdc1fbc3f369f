"""Initial weights drawn on lanes, from a generator that is a pure function of seed and position.

Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11,
2011): parameter p of the network with seed s is made from the block with counter (p, 0, 0, 0) and
key (low word of s, high word of s), whatever its neighbours. The first two words w0, w1 give

    u = ((w0 2^32 + w1) >> 12) + 1/2) 2^-52,   strictly between 0 and 1, and exact.

A uniform draw is 2 u - 1, a normal one the inverse of the normal distribution function at u by
Wichura's algorithm AS 241 (Applied Statistics 37, 1988), within 4 ulp.
"""

from collections.abc import Callable
from typing import Any

from sweep.training.elementary import elementary
from sweep.training.lanes import Lanes, fma, high_word, inlined, polynomial, select, sqrt
from sweep.training.specification import Draw

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
WORD = 0xFFFFFFFF
_ROUNDS = 10

# Wichura's coefficients: numerator and denominator for the middle, the tails and the far tails.
# fmt: off
_MIDDLE = (
    (
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
        1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
        3.3430575583588128105e4, 2.5090809287301226727e3,
    ),
    (
        1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
        2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
_TAIL = (
    (
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
        3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
        2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ),
    (
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
_FAR_TAIL = (
    (
        6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
        2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
        2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ),
    (
        1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)
# fmt: on


@inlined
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Return the four 32-bit words of one Philox4x32-10 block, each in a 64-bit lane."""
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = high_word(p1) ^ c1 ^ k0, p1 & WORD, high_word(p0) ^ c3 ^ k1, p0 & WORD
        k0, k1 = (k0 + _WEYL[0]) & WORD, (k1 + _WEYL[1]) & WORD
    return c0, c1, c2, c3


def _make_normal() -> Any:
    log = elementary("float64").log
    middle, middle_below = polynomial(*_MIDDLE[0]), polynomial(*_MIDDLE[1])
    tail, tail_below = polynomial(*_TAIL[0]), polynomial(*_TAIL[1])
    far, far_below = polynomial(*_FAR_TAIL[0]), polynomial(*_FAR_TAIL[1])

    @inlined
    def normal(u: Any) -> Any:
        """The standard normal quantile of u, 0 < u < 1."""
        q = u - 0.5
        near = fma(-q, q, 0.180625)
        central = q * (middle(near) / middle_below(near))
        r = sqrt(-log(select(q < 0.0, u, 1.0 - u)))
        outer = select(
            r > 5.0,
            far(r - 5.0) / far_below(r - 5.0),
            tail(r - 1.6) / tail_below(r - 1.6),
        )
        outer = select(q < 0.0, -outer, outer)
        return select(near < 0.0, outer, central)

    return normal


@inlined
def _uniform(u: Any) -> Any:
    return fma(u, 2.0, -1.0)


def make_draw(draw: Draw) -> Callable[..., None]:
    """Return the function of `DrawArguments` that draws the initial parameters of many networks."""
    numbers, integers, result = (
        Lanes(dtype, draw.lanes) for dtype in ("float64", "int64", draw.dtype)
    )
    load, load_integer, store = numbers.load, integers.load, result.store
    convert, round_to, splat, splat_integer = (
        numbers.convert, result.convert, numbers.splat, integers.splat,
    )  # fmt: skip
    transform, width = _uniform if draw.distribution == "uniform" else _make_normal(), draw.lanes

    def draw_block(given: Any) -> None:
        for block in range(0, given.columns, width):
            seed, scale = load_integer(given.seeds, block), load(given.scales, block)
            k0, k1 = seed & WORD, high_word(seed)
            zero = splat_integer(0)
            for p in range(given.rows):
                w0, w1, _, _ = philox(splat_integer(p), zero, zero, zero, k0, k1)
                mantissa = (w0 << 20) | (w1 >> 12)
                u = (convert(mantissa) + 0.5) * (0.5**52)
                value = (scale * splat(given.spreads[p])) * transform(u) + splat(given.fixed[p])
                store(given.parameters, p * given.columns + block, round_to(value))

    return draw_block
