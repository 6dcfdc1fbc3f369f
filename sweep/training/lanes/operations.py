"""Arithmetic, comparisons and bit patterns on lanes: a table of names and LLVM instructions."""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.extending import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

from sweep.training.lanes.kinds import LanesType, MaskType

# An intrinsic of a vector is named after its element type.
_LLVM_NAME = {"float64": "f64", "float32": "f32", "int64": "i64", "int32": "i32"}
_BITS_OF = {types.float64: types.int64, types.float32: types.int32}
_NUMBER_OF = {bits: number for number, bits in _BITS_OF.items()}


def _operation(function: Any, result: Callable[..., Any], emit: Callable[..., Any]) -> None:
    """Teach the compiler `function` on lanes.

    `result(lanes)` is the type it returns, None if it does not take these lanes;
    `emit(builder, lanes, *values)` writes its instructions. Arguments that are Python numbers, or
    of one lane where others have more, are first repeated in every lane.
    """

    class Typing(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            found = [a for a in args if isinstance(a, LanesType)]
            allowed = (LanesType, MaskType, types.Number)
            if kws or not found or not all(isinstance(a, allowed) for a in args):
                return None
            widths = {a.width for a in args if isinstance(a, (LanesType, MaskType))}
            lanes = LanesType(found[0].element, max(widths))
            if any(a.element != lanes.element for a in found) or not widths <= {1, lanes.width}:
                return None
            mask = MaskType(lanes.width)
            wanted = [mask if isinstance(a, MaskType) else lanes for a in args]
            returned = result(lanes)
            return returned and signature(returned, *wanted)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = next(a for a in sig.args if isinstance(a, LanesType))
        return emit(builder, lanes, *args)

    infer_global(function)(Typing)
    for arity in (1, 2, 3):
        lower_builtin(function, *[LanesType] * arity)(lower)
    lower_builtin(function, MaskType, LanesType, LanesType)(lower)


def _same(lanes: LanesType) -> LanesType:
    return lanes


def _integers_only(lanes: LanesType) -> LanesType | None:
    return None if is_float(lanes) else lanes


def _mask(lanes: LanesType) -> MaskType:
    return MaskType(lanes.width)


def is_float(lanes: LanesType) -> bool:
    """Return whether the elements are floating-point numbers."""
    return isinstance(lanes.element, types.Float)


def _arithmetic(on_floats: str, on_integers: str) -> Callable[..., Any]:
    def emit(builder: Any, lanes: LanesType, a: Any, b: Any) -> Any:
        return getattr(builder, on_floats if is_float(lanes) else on_integers)(a, b)

    return emit


def _emit_negation(builder: Any, lanes: LanesType, x: Any) -> Any:
    return builder.fneg(x) if is_float(lanes) else builder.neg(x)


def _comparison(symbol: str) -> Callable[..., Any]:
    def emit(builder: Any, lanes: LanesType, a: Any, b: Any) -> Any:
        if not is_float(lanes):
            return builder.icmp_signed(symbol, a, b)
        compare = builder.fcmp_unordered if symbol == "!=" else builder.fcmp_ordered
        return compare(symbol, a, b)

    return emit


def llvm_intrinsic(name: str) -> Callable[..., Any]:
    """Return what emits a call of LLVM's function of this name on vectors."""

    def emit(builder: Any, lanes: LanesType, *values: Any) -> Any:
        vector = values[0].type
        full = f"llvm.{name}.v{lanes.width}{_LLVM_NAME[lanes.element.name]}"
        declared = builder.module.globals.get(full) or ir.Function(
            builder.module, ir.FunctionType(vector, [vector] * len(values)), full
        )
        return builder.call(declared, values)

    return emit


def fma(a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c, rounded once."""
    raise NotImplementedError


def sqrt(x: Any) -> Any:
    """Return the square root, correctly rounded."""
    raise NotImplementedError


def absolute(x: Any) -> Any:
    """Return x without its sign."""
    raise NotImplementedError


def select(mask: Any, a: Any, b: Any) -> Any:
    """Return `a` in the lanes where `mask` holds and `b` in the others."""
    raise NotImplementedError


def bits(x: Any) -> Any:
    """Return the bit pattern of floats as integers of the same size."""
    raise NotImplementedError


def number(i: Any) -> Any:
    """Return the floats whose bit pattern is `i`; the inverse of `bits`."""
    raise NotImplementedError


def high_word(i: Any) -> Any:
    """Return the upper half of each integer, shifted down without its sign."""
    raise NotImplementedError


def any_lane(mask: Any) -> Any:
    """Return whether the mask holds in any lane: for skipping work that no lane needs."""
    raise NotImplementedError


_ARITHMETIC = {
    operator.add: ("fadd", "add"),
    operator.sub: ("fsub", "sub"),
    operator.mul: ("fmul", "mul"),
    operator.truediv: ("fdiv", "sdiv"),
}
_ON_BITS = {
    operator.and_: "and_",
    operator.or_: "or_",
    operator.xor: "xor",
    operator.lshift: "shl",
    operator.rshift: "ashr",
}
_COMPARISONS = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}
for _function, (_floats, _integers) in _ARITHMETIC.items():
    _operation(_function, _same, _arithmetic(_floats, _integers))
for _function, _name in _ON_BITS.items():
    _operation(_function, _integers_only, _arithmetic("", _name))
for _function, _symbol in _COMPARISONS.items():
    _operation(_function, _mask, _comparison(_symbol))
_operation(operator.neg, _same, _emit_negation)
_operation(fma, _same, llvm_intrinsic("fma"))
_operation(sqrt, _same, llvm_intrinsic("sqrt"))
_operation(absolute, _same, llvm_intrinsic("fabs"))
_operation(select, _same, lambda builder, _, mask, a, b: builder.select(mask, a, b))


def _recast(table: dict[Any, Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def result(lanes: LanesType) -> LanesType:
        return LanesType(table[lanes.element], lanes.width)

    def emit(builder: Any, lanes: LanesType, x: Any) -> Any:
        kind = ir.DoubleType() if lanes.element == types.int64 else ir.FloatType()
        if is_float(lanes):
            kind = ir.IntType(lanes.element.bitwidth)
        return builder.bitcast(x, ir.VectorType(kind, lanes.width))

    return result, emit


_operation(bits, *_recast(_BITS_OF))
_operation(number, *_recast(_NUMBER_OF))


def _emit_high_word(builder: Any, lanes: LanesType, x: Any) -> Any:
    half = ir.Constant(x.type, [lanes.element.bitwidth // 2] * lanes.width)
    return builder.lshr(x, half)


_operation(high_word, _same, _emit_high_word)


def _mask_operation(function: Any, arity: int, emit: Callable[..., Any]) -> None:
    """Teach the compiler `function` on masks; `emit(builder, *values)` writes its instructions."""

    class Typing(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            if len(args) != arity or not all(isinstance(a, MaskType) for a in args):
                return None
            return signature(types.boolean if function is any_lane else args[0], *args)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(builder, *args)

    infer_global(function)(Typing)
    lower_builtin(function, *[MaskType] * arity)(lower)


def _emit_any_lane(builder: Any, mask: Any) -> Any:
    packed = builder.bitcast(mask, ir.IntType(mask.type.count))
    return builder.icmp_unsigned("!=", packed, ir.Constant(packed.type, 0))


_mask_operation(any_lane, 1, _emit_any_lane)
_mask_operation(operator.invert, 1, lambda builder, a: builder.not_(a))
_mask_operation(operator.and_, 2, lambda builder, a, b: builder.and_(a, b))
_mask_operation(operator.or_, 2, lambda builder, a, b: builder.or_(a, b))
