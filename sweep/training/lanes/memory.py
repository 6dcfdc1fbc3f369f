"""Where lanes live: rows of memory, the shape that reads and writes them, and gathering.

Of places that differ from lane to lane each element is loaded on its own. An instruction that
gathers a whole register is made of the same loads inside the processor, is no faster on most, and
on many is slowed further by what their makers do against leaks of data; LLVM itself replaces it by
single loads for those.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.extending import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

from sweep.training.lanes.kinds import LanesType, MemoryType, NamedType, index, intrinsic, splat
from sweep.training.lanes.operations import is_float


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
    return builder.load(builder.gep(args[0], [args[1]]), align=alignment(sig.args[0]))


def _lower_write(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    builder.store(args[2], builder.gep(args[0], [args[1]]), align=alignment(sig.args[0]))
    return context.get_dummy_value()


lower_builtin(operator.getitem, MemoryType, types.intp)(_lower_read)
lower_builtin(operator.setitem, MemoryType, types.intp, LanesType)(_lower_write)


def alignment(memory: MemoryType | types.CPointer) -> int:
    """Return that of what one index reads, in bytes."""
    if isinstance(memory, MemoryType):
        return min(64, int(memory.lanes.element.bitwidth) // 8 * memory.lanes.width)
    return int(memory.dtype.bitwidth) // 8


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
        """``load(memory, i)``: the elements i, i+1, ... i+width-1 behind a scalar pointer.

        Or, of a memory of narrower lanes, its values i, i+1, ... side by side as one.
        """
        lanes = self.type

        @intrinsic
        def load(typingctx: Any, memory: Any, i: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                place = vector_address(context, builder, lanes, args)
                return builder.load(place, align=alignment(memory))

            return signature(lanes, memory, types.intp), emit

        return load

    @cached_property
    def store(self) -> Any:
        """``store(memory, i, x)``: write x to the elements i ... i+width-1; or values, likewise."""
        lanes = self.type

        @intrinsic
        def store(typingctx: Any, memory: Any, i: Any, x: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                place = vector_address(context, builder, lanes, args[:2])
                builder.store(args[2], place, align=alignment(memory))
                return context.get_dummy_value()

            return signature(types.void, memory, types.intp, lanes), emit

        return store

    @cached_property
    def splat(self) -> Any:
        """``splat(x)``: the number x in every lane."""
        lanes = self.type

        @intrinsic
        def repeat(typingctx: Any, x: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                return splat(context, builder, sig.args[0], lanes, args[0])

            return signature(lanes, x), emit

        return repeat

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
        """Return a function of no arguments that reserves `count` values on the caller's stack.

        Small ones whose indices are known end up in registers. They are gone when the caller
        returns, even where it is compiled into its own caller: they must not be handed back.
        """
        lanes = self.type

        @intrinsic
        def local(typingctx: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                return _on_stack(context, builder, lanes, count)

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
                return vector_address(context, builder, lanes, args)

            return signature(MemoryType(lanes), pointer, types.intp), emit

        return memory


@dataclass(frozen=True)
class Part:
    """Room for values of lanes: how many, and which one behind a pointer is the first.

    With no place behind the pointer they are on the stack.
    """

    lanes: Lanes
    count: int
    at: int | None = None


def memories(parts: Any) -> Any:
    """Return a function of a pointer for the memories of a named tuple of parts, by their names.

    Those on the stack are gone when the caller returns, as those of `Lanes.local`.
    """
    kinds = {name: MemoryType(part.lanes.type) for name, part in parts._asdict().items()}
    named = NamedType(type(parts).__name__, kinds)

    @intrinsic
    def memories(typingctx: Any, pointer: Any) -> Any:
        def memory(context: Any, builder: Any, part: Part, pointer: Any) -> Any:
            if part.at is None:
                return _on_stack(context, builder, part.lanes.type, part.count)
            first = ir.Constant(ir.IntType(64), part.at * part.lanes.width)
            return vector_address(context, builder, part.lanes.type, (pointer, first))

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            made = cgutils.create_struct_proxy(named)(context, builder)
            for name, part in parts._asdict().items():
                setattr(made, name, memory(context, builder, part, args[0]))
            return made._getvalue()

        return signature(named, pointer), emit

    return memories


def _on_stack(context: Any, builder: Any, lanes: LanesType, count: int) -> Any:
    with builder.goto_entry_block():
        slot = builder.alloca(context.get_value_type(lanes), size=max(count, 1))
    slot.align = alignment(MemoryType(lanes))
    return slot


def vector_address(context: Any, builder: Any, lanes: LanesType, args: Any) -> Any:
    """Return that of a value of lanes, from a pointer and the position of its first element."""
    element = builder.gep(args[0], [args[1]])
    return builder.bitcast(element, context.get_value_type(lanes).as_pointer())


def _convert(builder: Any, origin: LanesType, target: LanesType, x: Any) -> Any:
    element = target.element
    scalar = {"float64": ir.DoubleType(), "float32": ir.FloatType()}.get(element.name)
    vector = ir.VectorType(scalar or ir.IntType(element.bitwidth), target.width)
    if x.type == vector:
        return x
    if is_float(origin) and is_float(target):
        wider = element.bitwidth > origin.element.bitwidth
        return builder.fpext(x, vector) if wider else builder.fptrunc(x, vector)
    if is_float(origin):
        raise NotImplementedError("lanes: floats have no conversion to integers")
    if is_float(target):
        return builder.sitofp(x, vector)
    wider = element.bitwidth > origin.element.bitwidth
    return builder.sext(x, vector) if wider else builder.trunc(x, vector)


Address = Callable[[int, Any], Any]  # of a lane's element, from the lane's number and its index


@intrinsic
def gather(typingctx: Any, pointer: Any, i: Any, places: Any) -> Any:
    """``gather(pointer, i, places)``: lane k has the element i + places[k] behind a pointer.

    `places` are integers of either size, of any sign.
    """
    _need_integers(places)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        base = builder.gep(args[0], [args[1]])
        vector = context.get_value_type(sig.return_type)
        return _load_each(builder, vector, args[2], lambda lane, at: builder.gep(base, [at]))

    return signature(LanesType(pointer.dtype, places.width), pointer, types.intp, places), emit


@intrinsic
def gather_rows(typingctx: Any, memory: Any, rows: Any) -> Any:
    """``gather_rows(memory, rows)``: lane k has its own element of row rows[k] of a memory."""
    _need_rows(memory, rows)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = context.get_value_type(sig.return_type)
        return _load_each(builder, vector, args[1], _columns(builder, args[0], vector))

    return signature(memory.lanes, memory, rows), emit


@intrinsic
def scatter_rows(typingctx: Any, memory: Any, rows: Any, x: Any) -> Any:
    """``scatter_rows(memory, rows, x)``: lane k of x goes to its own element of row rows[k]."""
    _need_rows(memory, rows)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _columns(builder, args[0], args[2].type)
        for lane in range(args[2].type.count):
            place = address(lane, builder.extract_element(args[1], index(lane)))
            builder.store(builder.extract_element(args[2], index(lane)), place)
        return context.get_dummy_value()

    return signature(types.void, memory, rows, memory.lanes), emit


def _need_integers(places: Any) -> None:
    if not isinstance(places, LanesType) or not isinstance(places.element, types.Integer):
        raise TypingError(f"lanes: places are integers in lanes, not {places}")


def _need_rows(memory: Any, rows: Any) -> None:
    _need_integers(rows)
    if not isinstance(memory, MemoryType) or memory.lanes.width != rows.width:
        raise TypingError(f"lanes: rows for {rows.width} lanes of a memory, not {memory}")


def _columns(builder: Any, memory: Any, vector: Any) -> Address:
    """Return the address of a lane's element of a row: a row is an array of as many elements."""
    row = ir.ArrayType(vector.element, vector.count)
    base = builder.bitcast(memory, row.as_pointer())
    return lambda lane, at: builder.gep(base, [at, index(lane)])


def _load_each(builder: Any, vector: Any, places: Any, address: Address) -> Any:
    result = ir.Constant(vector, ir.Undefined)
    for lane in range(vector.count):
        place = address(lane, builder.extract_element(places, index(lane)))
        result = builder.insert_element(result, builder.load(place), index(lane))
    return result


@intrinsic
def single(typingctx: Any, memory: Any) -> Any:
    """``single(memory)``: the same memory, each element a value of one lane."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(sig.return_type))

    return signature(MemoryType(LanesType(memory.lanes.element, 1)), memory), emit


@intrinsic
def first_lane(typingctx: Any, x: Any) -> Any:
    """``first_lane(x)``: its number, for places in memory."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.extract_element(args[0], index(0))

    return signature(x.element, x), emit
