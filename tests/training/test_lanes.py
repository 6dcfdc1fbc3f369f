"""Every operation on lanes against NumPy, to the bit, but where IEEE 754 leaves a NaN's bits open.

Sums, products, quotients and roots are correctly rounded in both; `fma`, which NumPy lacks, is
compared with exact rational arithmetic rounded once. Each table of operations is a plain function
that both read: the compiler on lanes, NumPy on whole arrays.
"""

import ast
import inspect
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from sweep.training.lanes import (
    Lanes,
    any_lane,
    bits,
    fma,
    high_word,
    number,
    polynomial,
    select,
    sqrt,
    table,
)

from .arrays import Array, aligned, bits_of
from .compiled import apply, compiled
from .exact import fused_arrays

_check = pytest.mark.check
WIDTHS = [8, *(pytest.param(width, marks=_check) for width in (1, 2, 64))]
FLOATS = ["float64", "float32"]
INTEGERS = ["int64", "int32"]
widths = pytest.mark.parametrize("width", WIDTHS)
floats = pytest.mark.parametrize("dtype", FLOATS)
integers = pytest.mark.parametrize("dtype", INTEGERS)


def arithmetic(a: Any, b: Any, c: Any) -> Any:
    return (
        a + b,
        a - b,
        a * b,
        a / b,
        -a,
        a * b + c,  # rounded twice: nothing is contracted
        a + 0.1,
        0.1 - a,
        3 * a,
        1.0 / a,
    )


def comparisons(a: Any, b: Any, c: Any) -> Any:
    return (
        a < b,
        a <= b,
        a > b,
        a >= b,
        a == b,
        a != b,
        a < 1,
        a == 0.0,
        ~(a < b),
        (a < b) & (b < c),
        (a < b) | (b < c),
    )


def on_integers(a: Any, b: Any, c: Any) -> Any:
    return (
        a + b,
        a - b,
        a * b,
        a & b,
        a | b,
        a ^ c,
        a << (b & 31),
        a >> (b & 31),
        a >> 5,
        7 - a,
        a & 255,
    )


def expressions(function: Callable[..., Any]) -> list[str]:
    """The source of each expression that the function returns, to name what failed."""
    (found,) = (n for n in ast.walk(ast.parse(inspect.getsource(function))) if _is_return(n))
    return [ast.unparse(element) for element in found.value.elts]


def _is_return(node: ast.AST) -> bool:
    return isinstance(node, ast.Return)


def assert_same(found: Sequence[Array], expected: Sequence[Array], names: Sequence[str]) -> None:
    for row, wanted, name in zip(found, expected, names, strict=False):
        np.testing.assert_array_equal(bits_of(row), bits_of(wanted), name)
    assert len(expected) == len(names) > 0


@cache
def numbers(dtype: str) -> Array:
    """(3, n): all triples of where the format has edges, and of random bit patterns."""
    limits, unsigned = np.finfo(dtype), f"u{np.dtype(dtype).itemsize}"
    special = [0.0, limits.smallest_subnormal, limits.smallest_normal, 1 - limits.epsneg, 1.0]
    special += [1 + limits.eps, 1 / 3, limits.max, np.inf]
    signalling = (np.array([np.inf], dtype).view(unsigned) + 1).astype(unsigned).view(dtype)
    edges = np.concatenate([special, np.negative(special), [np.nan]]).astype(dtype)
    triples = list(product(np.append(edges, signalling), repeat=3))
    generator = np.random.default_rng(1)
    random = generator.integers(0, 2**limits.bits, (1000, 3), unsigned, endpoint=False).view(dtype)
    near = generator.uniform(1, 2, (1000, 3)).astype(dtype)
    near[:, 2] = -near[:, 0] * near[:, 1]  # cancels all but the product's rounding error
    return _columns(np.concatenate([np.array(triples, dtype), random, near]))


@cache
def whole_numbers(dtype: str) -> Array:
    """(3, n) likewise of integers."""
    limits = np.iinfo(dtype)
    triples = list(product([0, 1, -1, 31, limits.max, limits.min], repeat=3))
    generator = np.random.default_rng(2)
    random = generator.integers(limits.min, limits.max, (1000, 3), dtype, endpoint=True)
    return _columns(np.concatenate([np.array(triples, dtype), random]))


def _columns(rows: Array) -> Array:
    return np.ascontiguousarray(rows[: len(rows) // 64 * 64].T)


@widths
@floats
def test_arithmetic(dtype: str, width: int) -> None:
    values = numbers(dtype)
    with np.errstate(all="ignore"):
        expected = arithmetic(*values)
    found = apply(arithmetic, Lanes(dtype, width), values)
    assert_same(found, expected, expressions(arithmetic))


@widths
@pytest.mark.parametrize("dtype", FLOATS + INTEGERS)
def test_comparisons(dtype: str, width: int) -> None:
    values, lanes = (numbers if dtype in FLOATS else whole_numbers)(dtype), Lanes(dtype, width)
    with np.errstate(invalid="ignore"):
        expected = [mask.astype(dtype) for mask in comparisons(*values)]
    splat = lanes.splat
    found = apply(comparisons, lanes, values, lambda mask: select(mask, splat(1), splat(0)))
    assert_same(found, expected, expressions(comparisons))


@widths
@integers
def test_integer_arithmetic_wraps_around(dtype: str, width: int) -> None:
    values = whole_numbers(dtype)
    found = apply(on_integers, Lanes(dtype, width), values)
    assert_same(found, on_integers(*values), expressions(on_integers))


@cache
def fused_numbers(dtype: str) -> Array:
    return fused_arrays(*numbers(dtype))


@widths
@floats
def test_fused_multiply_add_rounds_once(dtype: str, width: int) -> None:
    found = apply(lambda a, b, c: (fma(a, b, c), a), Lanes(dtype, width), numbers(dtype))
    assert_same(found, [fused_numbers(dtype)], ["fma(a, b, c)"])


@widths
@floats
def test_square_root_is_rounded_correctly(dtype: str, width: int) -> None:
    values = numbers(dtype)
    with np.errstate(invalid="ignore"):
        expected = np.sqrt(values[0])
    found = apply(lambda a, b, c: (sqrt(a), a), Lanes(dtype, width), values)
    assert_same(found, [expected], ["sqrt(a)"])


@floats
def test_polynomial_is_horners_rule_with_fma(dtype: str) -> None:
    horner = polynomial(0.1, -2.0, 1 / 3, 4.0)
    values = np.ascontiguousarray(numbers(dtype)[:, -1024:])
    (x, _, _), constants = values, np.array([0.1, -2.0, 1 / 3, 4.0], dtype)
    expected = np.full_like(x, constants[3])
    for constant in constants[2::-1]:
        expected = fused_arrays(x, expected, np.full_like(x, constant))
    found = apply(lambda a, b, c: (horner(a), a), Lanes(dtype, 8), values)
    assert_same(found, [expected], ["polynomial"])


@widths
@floats
def test_select_and_copies_keep_every_bit(dtype: str, width: int) -> None:
    """Payloads of NaNs included: these operations compute nothing."""
    lanes, (a, b, c) = Lanes(dtype, width), numbers(dtype)
    unsigned = f"u{a.itemsize}"

    def copies(a: Any, b: Any, c: Any) -> Any:
        return select(a < b, b, c), number(bits(a)), number(bits(a) ^ bits(b))

    with np.errstate(invalid="ignore"):
        chosen = np.where(a < b, b, c)
    exclusive = (a.view(unsigned) ^ b.view(unsigned)).view(dtype)
    found = apply(copies, lanes, numbers(dtype))
    for row, expected in zip(found, [chosen, a, exclusive], strict=False):
        np.testing.assert_array_equal(row.view(unsigned), expected.view(unsigned))


@pytest.mark.quick("*-1", "*-8", "*-64")
@pytest.mark.parametrize("width", [1, 2, 4, 8, 16, 64])
@integers
def test_table_looks_up_by_the_low_bits(dtype: str, width: int) -> None:
    """Wide and narrow: processors have instructions for a register's worth of lanes."""
    limits, generator = np.iinfo(dtype), np.random.default_rng(10)
    entries = generator.integers(limits.min, limits.max, 16, dtype, endpoint=True)
    lookup, values = table(*entries.tolist()), whole_numbers(dtype)
    found = apply(lambda a, b, c: (lookup(a), a), Lanes(dtype, width), values)
    assert_same(found, [entries[values[0] & 15]], ["table"])


@pytest.mark.parametrize("count", [0, 1, 15, 17])
def test_tables_of_other_sizes_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"16 values, not {count}"):
        table(*range(count))


@widths
@integers
def test_high_word_is_the_upper_half_without_its_sign(dtype: str, width: int) -> None:
    values = whole_numbers(dtype)
    half, unsigned = 4 * values.itemsize, f"u{values.itemsize}"
    found = apply(lambda a, b, c: (high_word(a), a), Lanes(dtype, width), values)
    assert_same(found, [(values[0].view(unsigned) >> half).view(dtype)], ["high_word(a)"])


@widths
@floats
def test_any_lane_sees_each_lane(dtype: str, width: int) -> None:
    load = Lanes(dtype, width).load

    def loop(n: Any, x: Any, out: Any) -> None:
        for i in range(n):
            out[i] = 2 if any_lane(load(x, i * width) > 0.0) else 1

    one_each = np.concatenate([np.zeros((1, width)), np.eye(width), np.ones((1, width))])
    one_each = np.concatenate([one_each, -one_each, np.full((1, width), np.nan)]).astype(dtype)
    out = np.zeros(len(one_each), np.int64)
    compiled(loop, dtype, "int64")(len(out), one_each, out)
    np.testing.assert_array_equal(out == 2, (one_each > 0).any(axis=1))


@widths
@pytest.mark.parametrize(
    ("origin", "target"),
    [
        ("float64", "float64"),
        ("float64", "float32"),
        ("float32", "float64"),
        ("int64", "float64"),
        ("int64", "float32"),
        ("int32", "float64"),
        ("int32", "int64"),
        ("int64", "int32"),
    ],
)
def test_convert_rounds_to_nearest(origin: str, target: str, width: int) -> None:
    load, store = Lanes(origin, width).load, Lanes(target, width).store
    convert = Lanes(target, width).convert

    def loop(n: Any, x: Any, out: Any) -> None:
        for i in range(0, n, width):
            store(out, i, convert(load(x, i)))

    x = np.ascontiguousarray((numbers if origin in FLOATS else whole_numbers)(origin)[0])
    out = np.empty(len(x), target)
    compiled(loop, origin, target)(len(x), x, out)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        np.testing.assert_array_equal(bits_of(out), bits_of(x.astype(target)))


@widths
@floats
def test_splat_repeats_run_time_numbers_and_constants(dtype: str, width: int) -> None:
    lanes = Lanes(dtype, width)
    store, splat, load = lanes.store, lanes.splat, lanes.load

    def loop(n: Any, x: Any, out: Any) -> None:
        store(out, 0, splat(x[0]))
        store(out, width, splat(0.1))
        store(out, 2 * width, splat(n))
        store(out, 3 * width, splat(7))
        store(out, 4 * width, load(x, 0) + x[1])
        store(out, 5 * width, n * load(x, 0))

    x = np.array([np.pi, 1e-3, *[2.5] * width], "float64").astype(dtype)
    out = np.empty((6, width), dtype)
    compiled(loop, dtype, dtype)(9, x, out)
    some = x[:width]
    expected = np.broadcast_to(np.array([[x[0]], [0.1], [9], [7]], dtype), (4, width))
    np.testing.assert_array_equal(out[:4], expected)
    np.testing.assert_array_equal(out[4:], [some + x[1], 9 * some])


@widths
@pytest.mark.parametrize("dtype", FLOATS + INTEGERS)
def test_memory_and_local_are_read_back_as_written(dtype: str, width: int) -> None:
    """The rows are written in one order and read in another, at indices known when running."""
    lanes, rows = Lanes(dtype, width), 5
    load, store, memory, local = lanes.load, lanes.store, lanes.memory, lanes.local(rows)

    def loop(n: Any, x: Any, room: Any, out: Any) -> None:
        inside, outside = local(), memory(room, 0)
        for row in range(n):
            inside[row] = load(x, row * width)
            outside[n - 1 - row] = load(x, row * width)
        for row in range(n):
            store(out, row * width, inside[n - 1 - row])
            store(out, (n + row) * width, outside[row])

    x = np.arange(rows * width).reshape(rows, width).astype(dtype)
    room, out = aligned(np.zeros(rows * width), dtype), np.empty((2, rows, width), dtype)
    compiled(loop, dtype, dtype, dtype)(rows, x, room, out)
    np.testing.assert_array_equal(out, [x[::-1], x[::-1]])
    np.testing.assert_array_equal(room.reshape(rows, width), x[::-1])


@widths
@floats
def test_load_and_store_need_no_alignment(dtype: str, width: int) -> None:
    lanes = Lanes(dtype, width)
    load, store = lanes.load, lanes.store
    x, out = aligned(np.arange(width + 4), dtype), aligned(np.zeros(width + 4), dtype)
    compiled(lambda n, x, out: store(out, n, load(x, n + 1)), dtype, dtype)(2, x, out)
    np.testing.assert_array_equal(out, [0, 0, *x[3 : 3 + width], 0, 0])


@pytest.mark.parametrize("width", [-1, 0, 3, 12, 63, 65, 128])
def test_other_widths_are_refused(width: int) -> None:
    with pytest.raises(ValueError, match=f"power of two from 1 to 64, not {width}"):
        Lanes("float64", width)


@floats
def test_one_lane_goes_with_many(dtype: str) -> None:
    """It is repeated, and so is what is known of it."""
    one, many = Lanes(dtype, 1), Lanes(dtype, 8)
    load_one, load, store, memory = one.load, many.load, many.store, many.memory

    def mix(n: Any, x: Any, out: Any) -> None:
        alone, eight, room = load_one(x, 0), load(x, 1), memory(out, 0)
        store(out, 0, fma(alone, eight, 1.0) - alone)
        store(out, 8, select(alone < 0.0, eight, alone))
        store(out, 16, select(eight > alone, alone, eight))
        room[3] = alone

    x = np.random.default_rng(5).normal(size=9).astype(dtype)
    x[0] = -abs(x[0])
    out = aligned(np.zeros(32), dtype)
    compiled(mix, dtype, dtype)(0, x, out)
    alone, eight = np.full(8, x[0]), x[1:]
    fused = fused_arrays(alone, eight, np.ones(8, dtype))
    expected = [fused - alone, eight, np.where(eight > alone, alone, eight), alone]
    np.testing.assert_array_equal(out, np.concatenate(expected))
