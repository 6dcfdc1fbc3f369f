"""Functions made of constants: polynomials and tables."""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing.templates import signature

from sweep.training.lanes.kinds import index, intrinsic, splat
from sweep.training.lanes.operations import llvm_intrinsic
from sweep.training.processor import has_feature

TABLE = 16
"""How many values a table has."""


def polynomial(*coefficients: float) -> Any:
    """Return a compiled function of x for c0 + c1 x + c2 x^2 + ..., by Horner's rule with `fma`."""

    @intrinsic
    def horner(typingctx: Any, x: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            constants = [
                splat(context, builder, types.float64, x, ir.Constant(ir.DoubleType(), c))
                for c in coefficients
            ]
            value = constants[-1]
            for constant in constants[-2::-1]:
                value = multiply_add(builder, x, value, args[0], constant)
            return value

        return signature(x, x), emit

    multiply_add = llvm_intrinsic("fma")
    return horner


def table(*values: int) -> Any:
    """Return a compiled function of integer lanes i for ``values[i % 16]``, 16 integers.

    Processors that can pick from registers do; elsewhere each lane loads its own value.

    Raises:
        ValueError: there are not 16 values.
    """
    if len(values) != TABLE:
        raise ValueError(f"a table has {TABLE} values, not {len(values)}")

    @intrinsic
    def lookup(typingctx: Any, i: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            lanes = sig.args[0]
            for feature, bitwidth, size, pick in _PICKERS:
                fits = lanes.element.bitwidth == bitwidth and lanes.width >= size
                if fits and has_feature(feature):
                    return _by_registers(builder, values, args[0], size, pick)
            return _by_loads(builder, values, args[0])

        return signature(i, i), emit

    return lookup


def _by_registers(
    builder: Any, values: tuple[int, ...], i: Any, size: int, pick: Callable[..., Any]
) -> Any:
    """Take a register's worth of lanes at a time and put the results together again.

    Never less than a register: LLVM 22 narrows a permutation of which few lanes are used, and then
    picks wrong ones.
    """
    width = i.type.count
    found = []
    for start in range(0, width, size):
        lanes = list(range(start, start + size))
        found.append(pick(builder, values, _shuffled(builder, i, i, lanes)))
    while len(found) > 1:
        pairs = zip(found[::2], found[1::2], strict=True)
        found = [_shuffled(builder, a, b, list(range(2 * a.type.count))) for a, b in pairs]
    return found[0]


def _pick_16_of_64_bits(builder: Any, values: Sequence[int], i: Any) -> Any:
    low, high = _halves(values, 64)
    return _call(builder, "llvm.x86.avx512.vpermi2var.q.512", [low, i, high])


def _pick_16_of_32_bits(builder: Any, values: Sequence[int], i: Any) -> Any:
    table = ir.Constant(ir.VectorType(ir.IntType(32), TABLE), list(values))
    return _call(builder, "llvm.x86.avx512.permvar.si.512", [table, i])


def _pick_8_and_8_of_32_bits(builder: Any, values: Sequence[int], i: Any) -> Any:
    low, high = (_call(builder, "llvm.x86.avx2.permd", [half, i]) for half in _halves(values, 32))
    # The fourth bit goes where the sign is: what blends two registers looks at no other.
    to_sign, none = (ir.Constant(i.type, [value] * i.type.count) for value in (28, 0))
    return builder.select(builder.icmp_signed("<", builder.shl(i, to_sign), none), high, low)


def _pick_words_of_64_bits(builder: Any, values: Sequence[int], i: Any) -> Any:
    """The lower words of eight values, the upper ones, and both put together."""
    words = builder.bitcast(i, ir.VectorType(ir.IntType(32), 2 * i.type.count))
    words = _shuffled(builder, words, words, _TOGETHER)
    low, high = (
        _pick_8_and_8_of_32_bits(builder, [value >> shift & _WORD for value in values], words)
        for shift in (0, 32)
    )
    return builder.bitcast(_shuffled(builder, low, high, _APART), i.type)


# Of two registers' eight lower words, and of words back to values: the orders that take but one
# instruction, and one for each register.
_TOGETHER = [0, 2, 8, 10, 4, 6, 12, 14]
_APART = [0, 8, 1, 9, 4, 12, 5, 13, 2, 10, 3, 11, 6, 14, 7, 15]
_WORD = 0xFFFFFFFF


def _halves(values: Sequence[int], bitwidth: int) -> tuple[Any, Any]:
    """Return the table as two registers of eight."""
    half = ir.VectorType(ir.IntType(bitwidth), TABLE // 2)
    return ir.Constant(half, list(values[: TABLE // 2])), ir.Constant(
        half, list(values[TABLE // 2 :])
    )


# The feature needed, the size of an element in bits, lanes at a time and how it is done.
_PICKERS = (
    ("avx512f", 64, 8, _pick_16_of_64_bits),
    ("avx512f", 32, 16, _pick_16_of_32_bits),
    ("avx2", 64, 8, _pick_words_of_64_bits),
    ("avx2", 32, 8, _pick_8_and_8_of_32_bits),
)


def _by_loads(builder: Any, values: tuple[int, ...], i: Any) -> Any:
    element, width = i.type.element, i.type.count
    kind = ir.ArrayType(element, TABLE)
    data = ir.GlobalVariable(builder.module, kind, builder.module.get_unique_name("table"))
    data.initializer = ir.Constant(kind, list(values))
    data.global_constant, data.linkage = True, "private"
    i = builder.and_(i, ir.Constant(i.type, [TABLE - 1] * width))
    result, zero = ir.Constant(i.type, ir.Undefined), ir.Constant(element, 0)
    for lane in range(width):
        address = builder.gep(data, [zero, builder.extract_element(i, index(lane))])
        result = builder.insert_element(result, builder.load(address), index(lane))
    return result


def _call(builder: Any, name: str, values: list[Any]) -> Any:
    """Call a function of one register's type, declared where it is first needed."""
    register = values[0].type
    function = builder.module.globals.get(name) or ir.Function(
        builder.module, ir.FunctionType(register, [register] * len(values)), name
    )
    return builder.call(function, values)


def _shuffled(builder: Any, a: Any, b: Any, lanes: list[int]) -> Any:
    picked = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
    return builder.shuffle_vector(a, b, picked)
