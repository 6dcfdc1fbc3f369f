"""Where lanes live: rows of memory, and the shape that reads and writes them."""

import operator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.extending import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

from sweep.training.lanes.kinds import LanesType, MemoryType, NamedType, intrinsic, splat
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
    return builder.load(builder.gep(args[0], [args[1]]), align=_alignment(sig.args[0]))


def _lower_write(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    builder.store(args[2], builder.gep(args[0], [args[1]]), align=_alignment(sig.args[0]))
    return context.get_dummy_value()


lower_builtin(operator.getitem, MemoryType, types.intp)(_lower_read)
lower_builtin(operator.setitem, MemoryType, types.intp, LanesType)(_lower_write)


def _alignment(memory: MemoryType) -> int:
    return min(64, int(memory.lanes.element.bitwidth) // 8 * memory.lanes.width)


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
    def read(self) -> Any:
        """``read(memory, i)``: the values i, i+1, ... of narrower lanes, side by side as one."""
        lanes = self.type

        @intrinsic
        def read(typingctx: Any, memory: Any, i: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                place = _vector_address(context, builder, lanes, args)
                return builder.load(place, align=_alignment(memory))

            return signature(lanes, memory, types.intp), emit

        return read

    @cached_property
    def write(self) -> Any:
        """``write(memory, i, x)``: x to the values i, i+1, ... of narrower lanes."""
        lanes = self.type

        @intrinsic
        def write(typingctx: Any, memory: Any, i: Any, x: Any) -> Any:
            def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
                place = _vector_address(context, builder, lanes, args[:2])
                builder.store(args[2], place, align=_alignment(memory))
                return context.get_dummy_value()

            return signature(types.void, memory, types.intp, lanes), emit

        return write

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
            return _vector_address(context, builder, part.lanes.type, (pointer, first))

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
    slot.align = _alignment(MemoryType(lanes))
    return slot


def _vector_address(context: Any, builder: Any, lanes: LanesType, args: Any) -> Any:
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
