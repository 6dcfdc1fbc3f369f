"""Reading and writing at places that differ from lane to lane.

Each lane's element is loaded on its own. An instruction that gathers a whole register is made of
the same loads inside the processor, is no faster on most, and on many is slowed further by what
their makers do against leaks of data; LLVM itself replaces it by single loads for those.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.core.typing.templates import signature

from sweep.training.lanes.kinds import LanesType, MemoryType, index, intrinsic

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
