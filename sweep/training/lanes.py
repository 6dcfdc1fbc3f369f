"""The SIMD value: a vector of numbers, one element per lane, usable inside compiled functions.

One lane trains one network. A function written on lanes reads like the mathematics of a single
network, and LLVM turns every operation into vector instructions; nothing here moves data from one
lane to another, so what happens in a lane depends on that lane alone. A value may be wider than a
register: LLVM splits it into adjacent independent operations, which hides their latency.

Operations follow IEEE 754 to the letter: no fast-math flag, no contraction. Where a fused
multiply-add is meant, `fma` says so. Comparisons with a NaN are false, except `!=`.

Inside a compiled function: ``+ - * /``, unary ``-``, comparisons, ``fma``, ``sqrt``, ``select``,
``bits`` and ``number`` between a float and its bit pattern, ``+ - * & | ^ << >>`` on integers,
``any_lane``.
Python numbers mix freely with lanes and are repeated in every lane. This is the only module that
knows LLVM's instructions; `Lanes` makes the few functions that must know the width.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.core.extending import lower_builtin, lower_cast, models, register_model
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic as _intrinsic

F = TypeVar("F", bound=Callable[..., Any])

intrinsic: Callable[[Callable[..., Any]], Any] = _intrinsic
"""numba's decorator, with a type."""

# An intrinsic of a vector is named after its element type.
_LLVM_NAME = {"float64": "f64", "float32": "f32", "int64": "i64", "int32": "i32"}
_BITS_OF = {types.float64: types.int64, types.float32: types.int32}
_NUMBER_OF = {bits: number for number, bits in _BITS_OF.items()}


def inlined(function: F) -> F:
    """Compile `function` into each of its callers, without bounds checks or exceptions."""
    # Wrappers for Python callers are never called here, and cost a third of the time to compile.
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast("F", njit(forceinline=True, error_model="numpy", **options)(function))


class LanesType(types.Type):  # type: ignore[misc]
    """`width` numbers of one scalar type, held in registers."""

    def __init__(self, element: types.Type, width: int) -> None:
        self.element = element
        self.width = width
        super().__init__(name=f"Lanes({element}, {width})")

    def can_convert_from(self, typingctx: Any, other: types.Type) -> Conversion | None:
        """Accept a Python number, to be repeated in every lane."""
        return Conversion.safe if isinstance(other, types.Number) else None


class MaskType(types.Type):  # type: ignore[misc]
    """`width` truth values, the result of a comparison."""

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(name=f"Mask({width})")


class MemoryType(types.Type):  # type: ignore[misc]
    """The address of a row of lanes, indexed like a list."""

    def __init__(self, lanes: LanesType) -> None:
        self.lanes = lanes
        super().__init__(name=f"Memory({lanes})")


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: LanesType) -> None:
        element = manager.lookup(kind.element).get_value_type()
        super().__init__(manager, kind, ir.VectorType(element, kind.width))


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: MaskType) -> None:
        super().__init__(manager, kind, ir.VectorType(ir.IntType(1), kind.width))


@register_model(MemoryType)
class _MemoryModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: MemoryType) -> None:
        lanes = manager.lookup(kind.lanes).get_value_type()
        super().__init__(manager, kind, lanes.as_pointer())


def _splat(context: Any, builder: Any, origin: Any, target: LanesType, value: Any) -> Any:
    """Repeat one number in every lane."""
    scalar = context.cast(builder, value, origin, target.element)
    vector = ir.VectorType(scalar.type, target.width)
    if isinstance(scalar, ir.Constant):
        return ir.Constant(vector, [scalar.constant] * target.width)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, _index(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), target.width), [0] * target.width)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)


lower_cast(types.Number, LanesType)(_splat)


def _index(i: int) -> ir.Constant:
    return ir.Constant(ir.IntType(32), i)


def _operation(function: Any, result: Callable[..., Any], emit: Callable[..., Any]) -> None:
    """Teach the compiler `function` on lanes.

    `result(lanes)` is the type it returns; `emit(builder, lanes, *values)` writes its
    instructions. Arguments that are Python numbers are first repeated in every lane; a mask stays
    what it is.
    """

    class Typing(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            found = [a for a in args if isinstance(a, LanesType)]
            allowed = (LanesType, MaskType, types.Number)
            if kws or not found or not all(isinstance(a, allowed) for a in args):
                return None
            if any(a != found[0] for a in found):
                return None
            wanted = [a if isinstance(a, MaskType) else found[0] for a in args]
            return signature(result(found[0]), *wanted)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = next(a for a in sig.args if isinstance(a, LanesType))
        return emit(builder, lanes, *args)

    infer_global(function)(Typing)
    for arity in (1, 2, 3):
        lower_builtin(function, *[LanesType] * arity)(lower)
    lower_builtin(function, MaskType, LanesType, LanesType)(lower)


def _same(lanes: LanesType) -> LanesType:
    return lanes


def _mask(lanes: LanesType) -> MaskType:
    return MaskType(lanes.width)


def _is_float(lanes: LanesType) -> bool:
    return isinstance(lanes.element, types.Float)


def _arithmetic(on_floats: str, on_integers: str) -> Callable[..., Any]:
    def emit(builder: Any, lanes: LanesType, a: Any, b: Any) -> Any:
        return getattr(builder, on_floats if _is_float(lanes) else on_integers)(a, b)

    return emit


def _comparison(symbol: str) -> Callable[..., Any]:
    def emit(builder: Any, lanes: LanesType, a: Any, b: Any) -> Any:
        if not _is_float(lanes):
            return builder.icmp_signed(symbol, a, b)
        compare = builder.fcmp_unordered if symbol == "!=" else builder.fcmp_ordered
        return compare(symbol, a, b)

    return emit


def _llvm_intrinsic(name: str) -> Callable[..., Any]:
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
    operator.and_: ("and_", "and_"),
    operator.or_: ("or_", "or_"),
    operator.xor: ("xor", "xor"),
    operator.lshift: ("shl", "shl"),
    operator.rshift: ("ashr", "ashr"),
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
for _function, _symbol in _COMPARISONS.items():
    _operation(_function, _mask, _comparison(_symbol))
_operation(operator.neg, _same, lambda builder, _, x: builder.fneg(x))
_operation(fma, _same, _llvm_intrinsic("fma"))
_operation(sqrt, _same, _llvm_intrinsic("sqrt"))
_operation(select, _same, lambda builder, _, mask, a, b: builder.select(mask, a, b))


def _recast(table: dict[Any, Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def result(lanes: LanesType) -> LanesType:
        return LanesType(table[lanes.element], lanes.width)

    def emit(builder: Any, lanes: LanesType, x: Any) -> Any:
        kind = ir.DoubleType() if lanes.element == types.int64 else ir.FloatType()
        if _is_float(lanes):
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


def join(a: Any, b: Any) -> Any:
    """Return the lanes of `a` followed by those of `b`: twice the width, for longer strides."""
    raise NotImplementedError


def first_half(x: Any) -> Any:
    """Return the `a` of ``join(a, b)``."""
    raise NotImplementedError


def second_half(x: Any) -> Any:
    """Return the `b` of ``join(a, b)``."""
    raise NotImplementedError


def _twice(lanes: LanesType) -> LanesType:
    return LanesType(lanes.element, 2 * lanes.width)


def _half(lanes: LanesType) -> LanesType:
    return LanesType(lanes.element, lanes.width // 2)


def _shuffle(builder: Any, a: Any, b: Any, start: int, count: int) -> Any:
    picked = ir.Constant(ir.VectorType(ir.IntType(32), count), list(range(start, start + count)))
    return builder.shuffle_vector(a, b, picked)


_operation(join, _twice, lambda builder, x, a, b: _shuffle(builder, a, b, 0, 2 * x.width))
_operation(first_half, _half, lambda builder, x, a: _shuffle(builder, a, a, 0, x.width // 2))
_operation(
    second_half, _half, lambda builder, x, a: _shuffle(builder, a, a, x.width // 2, x.width // 2)
)


@infer_global(operator.getitem)
class _MemoryRead(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        if isinstance(args[0], MemoryType) and isinstance(args[1], types.Integer):
            return signature(args[0].lanes, args[0], types.intp)
        return None


@infer_global(operator.setitem)
class _MemoryWrite(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        if isinstance(args[0], MemoryType) and isinstance(args[1], types.Integer):
            return signature(types.void, args[0], types.intp, args[0].lanes)
        return None


def _lower_read(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.load(builder.gep(args[0], [args[1]]), align=_alignment(sig.args[0]))


def _lower_write(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    builder.store(args[2], builder.gep(args[0], [args[1]]), align=_alignment(sig.args[0]))
    return context.get_dummy_value()


lower_builtin(operator.getitem, MemoryType, types.intp)(_lower_read)
lower_builtin(operator.setitem, MemoryType, types.intp, LanesType)(_lower_write)


def _alignment(memory: MemoryType) -> int:
    return min(64, int(memory.lanes.element.bitwidth) // 8 * memory.lanes.width)


def polynomial(*coefficients: float) -> Any:
    """Return a compiled function of x for c0 + c1 x + c2 x^2 + ..., by Horner's rule with `fma`."""

    @intrinsic
    def horner(typingctx: Any, x: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            constants = [
                _splat(context, builder, types.float64, x, ir.Constant(ir.DoubleType(), c))
                for c in coefficients
            ]
            value = constants[-1]
            for constant in constants[-2::-1]:
                value = multiply_add(builder, x, value, args[0], constant)
            return value

        return signature(x, x), emit

    multiply_add = _llvm_intrinsic("fma")
    return horner


@dataclass(frozen=True)
class Lanes:
    """A shape of lanes, and the functions that depend on it, for use in compiled functions.

    Args:
        dtype: "float64" or "float32" (or "int64", "int32"), the type of each element.
        width: the number of lanes, a power of two from 1 to 64.
    """

    dtype: str
    width: int

    def __post_init__(self) -> None:
        if self.width not in (1, 2, 4, 8, 16, 32, 64):
            raise ValueError(f"lanes must be a power of two from 1 to 64, not {self.width}")

    @cached_property
    def type(self) -> LanesType:
        """The compiler's type of a value of this shape."""
        return LanesType(getattr(types, self.dtype), self.width)

    @cached_property
    def load(self) -> Any:
        """``load(pointer, i)``: the elements i, i+1, ... i+width-1 behind a scalar pointer."""
        lanes = self.type

        @intrinsic
        def load(typingctx: Any, pointer: Any, i: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                return builder.load(_vector_address(context, builder, lanes, args), align=align)

            align = lanes.element.bitwidth // 8
            return signature(lanes, pointer, types.intp), emit

        return load

    @cached_property
    def store(self) -> Any:
        """``store(pointer, i, x)``: write x to the elements i ... i+width-1."""
        lanes = self.type

        @intrinsic
        def store(typingctx: Any, pointer: Any, i: Any, x: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                address = _vector_address(context, builder, lanes, args[:2])
                builder.store(args[2], address, align=align)
                return context.get_dummy_value()

            align = lanes.element.bitwidth // 8
            return signature(types.void, pointer, types.intp, lanes), emit

        return store

    @cached_property
    def splat(self) -> Any:
        """``splat(x)``: the number x in every lane."""
        lanes = self.type

        @intrinsic
        def splat(typingctx: Any, x: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                return _splat(context, builder, sig.args[0], lanes, args[0])

            return signature(lanes, x), emit

        return splat

    @cached_property
    def convert(self) -> Any:
        """``convert(x)``: x of another dtype and the same width, rounded to nearest."""
        lanes = self.type

        @intrinsic
        def convert(typingctx: Any, x: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                return _convert(builder, sig.args[0], lanes, args[0])

            return signature(lanes, x), emit

        return convert

    def local(self, count: int) -> Any:
        """Return a function of no arguments that reserves `count` values on the stack.

        Small ones whose indices are known end up in registers.
        """
        lanes = self.type

        @intrinsic
        def local(typingctx: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                vector = context.get_value_type(lanes)
                with builder.goto_entry_block():
                    slot = builder.alloca(vector, size=max(count, 1))
                slot.align = _alignment(sig.return_type)
                return slot

            return signature(MemoryType(lanes)), emit

        return local

    @cached_property
    def memory(self) -> Any:
        """``memory(pointer, i)``: values behind a pointer, from the i-th element on.

        The caller sees to it that the address is a multiple of 64 bytes.
        """
        lanes = self.type

        @intrinsic
        def memory(typingctx: Any, pointer: Any, i: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                return _vector_address(context, builder, lanes, args)

            return signature(MemoryType(lanes), pointer, types.intp), emit

        return memory


def _vector_address(context: Any, builder: Any, lanes: LanesType, args: Any) -> Any:
    element = builder.gep(args[0], [args[1]])
    return builder.bitcast(element, context.get_value_type(lanes).as_pointer())


def _convert(builder: Any, origin: LanesType, target: LanesType, x: Any) -> Any:
    element = target.element
    scalar = {"float64": ir.DoubleType(), "float32": ir.FloatType()}.get(element.name)
    vector = ir.VectorType(scalar or ir.IntType(element.bitwidth), target.width)
    if x.type == vector:
        return x
    if _is_float(origin) and _is_float(target):
        wider = element.bitwidth > origin.element.bitwidth
        return builder.fpext(x, vector) if wider else builder.fptrunc(x, vector)
    if _is_float(target):
        return builder.sitofp(x, vector)
    wider = element.bitwidth > origin.element.bitwidth
    return builder.sext(x, vector) if wider else builder.trunc(x, vector)
