"""From columns to rows: what is abreast for one sum, and next to each other for another."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing.templates import signature

from sweep.training.lanes.kinds import called, intrinsic
from sweep.training.lanes.memory import Lanes, alignment, vector_address


def transposing(lanes: Lanes) -> Any:
    """Return a compiled ``transpose(rows, columns, x, first, step, out, to, out_step)``.

    out[to + c * out_step + r] = x[first + r * step + c], elements of memories of one lane, or of
    `x` behind a pointer; squares of as many rows as there are lanes are turned in registers.
    """
    width, one = lanes.width, Lanes(lanes.dtype, 1)
    load_one, store_one = one.load, one.store
    turned = _make_turned(lanes)

    @called
    def transpose(
        rows: Any, columns: Any, x: Any, first: Any, step: Any, out: Any, to: Any, out_step: Any
    ) -> None:
        whole_rows, whole_columns = rows - rows % width, columns - columns % width
        for r in range(0, whole_rows, width):
            for c in range(0, whole_columns, width):
                turned(x, first + r * step + c, step, out, to + c * out_step + r, out_step)
        for r in range(rows):
            for c in range(whole_columns if r < whole_rows else 0, columns):
                store_one(out, to + c * out_step + r, load_one(x, first + r * step + c))

    return transpose


def _make_turned(lanes: Lanes) -> Any:
    kind, width = lanes.type, lanes.width

    @intrinsic
    def turned(
        typingctx: Any, x: Any, first: Any, step: Any, out: Any, to: Any, out_step: Any
    ) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            def address(place: Any, row: int) -> Any:
                memory, start, step = place
                at = builder.add(start, builder.mul(step, ir.Constant(step.type, row)))
                return vector_address(context, builder, kind, (memory, at))

            rows = [
                builder.load(address(args[:3], row), align=alignment(x)) for row in range(width)
            ]
            for row, column in enumerate(_transposed(builder, rows)):
                builder.store(column, address(args[3:], row), align=alignment(out))
            return context.get_dummy_value()

        return signature(types.void, x, *[types.intp] * 2, out, *[types.intp] * 2), emit

    return turned


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Return the columns of a square of vectors: parts of 1, 2, 4 ... lanes change places."""
    width = part = len(rows)
    while part > 1:
        part //= 2
        picked = [
            [lane if not lane & part else width + lane - part for lane in range(width)],
            [lane + part if not lane & part else width + lane for lane in range(width)],
        ]
        upper, lower = (
            ir.Constant(ir.VectorType(ir.IntType(32), width), lanes) for lanes in picked
        )
        found = list(rows)
        for row in range(width):
            if not row & part:
                pair = rows[row], rows[row + part]
                found[row] = builder.shuffle_vector(*pair, upper)
                found[row + part] = builder.shuffle_vector(*pair, lower)
        rows = found
    return rows
