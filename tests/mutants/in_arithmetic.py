"""Mistakes in the elementary functions and in the operations on lanes."""

from .mutant import Mutant

ELEMENTARY = (
    Mutant(
        "elementary/exponential.py",
        "select(x < low, low, select(x > high, high, x))",
        "select(x > high, high, x)",
        "exp is not clamped below",
        ("elementary/test_accuracy.py", "elementary/test_limits.py"),
    ),
    Mutant(
        "elementary/exponential.py",
        "p = fma(r, factor(r), rest(k))",
        "p = r * factor(r)",
        "exp forgets what rounding took from its table",
        ("elementary/test_accuracy.py", "elementary/test_limits.py"),
    ),
    Mutant(
        "elementary/formats.py",
        "0.28571428738335386",
        "0.28571428783335386",
        "two digits of a coefficient of log changed places",
        ("elementary/test_accuracy.py", "elementary/test_limits.py"),
    ),
    Mutant(
        "elementary/logarithm.py",
        "exponent = select(small, exponent - mantissa, exponent)",
        "exponent = select(small, exponent - (mantissa - 1), exponent)",
        "log of a subnormal number has the exponent off by one",
        ("elementary/test_accuracy.py", "elementary/test_limits.py"),
    ),
    Mutant(
        "elementary/logarithm.py",
        'return select(x >= 0.0, y, x + float("nan"))',
        'return select(x < 0.0, x + float("nan"), y)',
        "log of NaN is a number",
        ("elementary/test_accuracy.py", "elementary/test_limits.py"),
    ),
    Mutant(
        "elementary/logarithm.py",
        "t, r = reduce(select(size > far, far, size))",
        "t, r = reduce(size)",
        "softplus is not clamped",
        ("test_activations.py::test_far_out",),
    ),
    Mutant(
        "elementary/exponential.py",
        "return number(bits(h / (h + twice)) | (bits(x) & sign))",
        "return select(x < 0.0, -(h / (h + twice)), h / (h + twice))",
        "tanh of -0 is +0",
        ("test_activations.py::test_the_sign_of_zero_stays",),
    ),
    Mutant(
        "elementary/exponential.py",
        "p = fma(r, slope, fma(tail(r), r * r, error(bits(t))))",
        "p = fma(r, slope, tail(r) * (r * r))",
        "exp(x) - 1 forgets what rounding took from its table",
        ("elementary/test_accuracy.py", "elementary/test_limits.py"),
    ),
    Mutant(
        "elementary/gates.py",
        "return select(x < -far, -0.0, x * s), fma(near * s, rest, s)",
        "return x * s, fma(near * s, rest, s)",
        "silu of -infinity is no zero",
        ("test_activations.py::test_infinities",),
    ),
    Mutant(
        "elementary/gates.py",
        "rise = fma(square, 3.0 * cubic, linear)",
        "rise = fma(square, cubic, linear)",
        "gelu_tanh has the slope of another cubic",
        ("test_activations.py::test_values_and_slopes",),
    ),
    Mutant(
        "elementary/gates.py",
        "e = rebuild(t, r + fma(a, a, -square))",
        "e = rebuild(t, r)",
        "gelu forgets the rounding of a square",
        ("test_activations.py::test_gelu_far_below_zero",),
    ),
    Mutant(
        "elementary/exponential.py",
        "return t, fma(k, -low, fma(k, -high, x))",
        "return t, fma(k, -(high + low), x)",
        "ln 2 is subtracted in one part",
        ("elementary/test_accuracy.py", "elementary/test_limits.py"),
    ),
)
LANES = (
    Mutant(
        "lanes/operations.py",
        'builder.fcmp_unordered if symbol == "!=" else builder.fcmp_ordered',
        "builder.fcmp_ordered",
        "a NaN does not differ from itself",
        ("test_lanes.py::test_comparisons",),
    ),
    Mutant(
        "lanes/operations.py",
        "return builder.lshr(x, half)",
        "return builder.ashr(x, half)",
        "the upper half of a word keeps the sign",
        ("test_lanes.py::test_high_word_is_the_upper_half_without_its_sign",),
    ),
    Mutant(
        "lanes/memory.py",
        "return builder.sext(x, vector) if wider else builder.trunc(x, vector)",
        "return builder.zext(x, vector) if wider else builder.trunc(x, vector)",
        "a negative integer grows positive",
        ("test_lanes.py::test_convert_rounds_to_nearest",),
    ),
    Mutant(
        "lanes/constants.py",
        "for constant in constants[-2::-1]:\n                value = multiply_add("
        "builder, x, value, args[0], constant)",
        "for constant in constants[-2::-1]:\n                value = builder.fadd("
        "builder.fmul(value, args[0]), constant)",
        "a polynomial rounds twice a term",
        ("test_lanes.py::test_polynomial_is_horners_rule_with_fma",),
    ),
    Mutant(
        "lanes/memory.py",
        "base = builder.gep(args[0], [args[1]])",
        "base = args[0]",
        "what lanes gather ignores the offset",
        ("test_gathering.py",),
    ),
    Mutant(
        "lanes/products.py",
        'fits = builder.icmp_signed("<=", end, total)',
        'fits = builder.icmp_signed("<", end, total)',
        "the last tile of a product is left out",
        ("test_products.py",),
    ),
)
