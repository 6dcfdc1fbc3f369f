"""Sums of products of lanes, a tile of them at a time: what matrices are multiplied with.

A loaded value should serve more than one multiply-add, so the sums of a tile of rows and columns
grow together in registers (Goto and van de Geijn, "Anatomy of high-performance matrix
multiplication", ACM TOMS 34, 2008). Each sum runs in the order of its index whatever the tile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core.typing.templates import signature

from sweep.training.lanes.kinds import LanesType, MemoryType, intrinsic, splat
from sweep.training.lanes.memory import alignment
from sweep.training.lanes.operations import llvm_intrinsic

_BYTE = ir.IntType(8).as_pointer()
_INDEX = ir.IntType(64)


class Matrix(NamedTuple):
    """An operand of a product: numbers by two indices, made in compiled code."""

    memory: Any  # or a pointer to scalars
    first: Any  # position of the first number
    outer: Any  # distance from one row, or of y one column, to the next
    inner: Any  # distance from one k, or of start and out one column, to the next


class _Operand(NamedTuple):
    """A matrix by addresses."""

    kind: Any  # Memory, or a pointer to scalars
    first: Any  # address, as bytes
    outer: Any  # bytes from one row, or column, to the next
    inner: Any  # bytes from one to the next along the other index

    def at(self, builder: Any, outer: Any, inner: Any = None) -> Any:
        """The address of one of them."""
        offset = builder.mul(outer, self.outer)
        if inner is not None:
            offset = builder.add(offset, builder.mul(inner, self.inner))
        return builder.gep(self.first, [offset])


def products(tiles: Mapping[int, Sequence[int]], abreast: int = 0) -> Any:
    """Return a compiled function that fills a matrix with sums of products.

    ``multiply(rows, columns, count, x, y, start, out)`` computes, for each row r and column c,

        out[r, c] = start[r, c] + sum over k < count of x[r, k] * y[c, k]

    in the order of k, each term by one `fma`; count is at least 1. Every operand is a `Matrix`;
    scalars behind a pointer, or values of one lane, are repeated in every lane of `out`.

    Args:
        tiles: the numbers of rows that are taken together, largest first, ending in 1; and for each
            of them the numbers of columns, likewise.
        abreast: if not 0, all values are of one lane, and so many columns, which lie next to each
            other in `y`, `start` and `out`, take one vector; those left over take halves of it.
    """
    sizes_of = {height: [abreast * n or n for n in tiles[height]] for height in tiles}
    for sizes in sizes_of.values():
        sizes += [abreast >> i for i in range(1, abreast.bit_length())]

    @intrinsic
    def multiply(
        typingctx: Any, rows: Any, columns: Any, count: Any, x: Any, y: Any, start: Any, out: Any
    ) -> Any:
        sizes = (types.intp, types.intp, types.intp)
        operands = [
            types.BaseTuple.from_types((kind[0], *sizes), Matrix) for kind in (x, y, start, out)
        ]

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            found = [
                _operand(context, builder, kind, arg)
                for kind, arg in zip(sig.args[3:], args[3:], strict=True)
            ]

            def tile(row: Any, height: int) -> None:
                _cover(
                    builder,
                    args[1],
                    sizes_of[height],
                    lambda column, width: _tile(
                        context,
                        builder,
                        args[2],
                        found,
                        (row, column),
                        (height, width),
                        min(width, abreast) or 1,
                    ),
                )

            _cover(builder, args[0], list(tiles), tile)
            return context.get_dummy_value()

        return signature(types.void, *sizes, *operands), emit

    return multiply


def covered(total: int, sizes: Sequence[int]) -> Iterator[int]:
    """Yield the sizes, largest first, that `products` covers so many rows or columns with.

    Not an odd one that would leave a single one alone: two and two are better than three and one.
    """
    at = 0
    for size in sizes:
        while at + size <= total and not (_leaves_one(size) and at + size + 1 == total):
            yield size
            at += size


def _leaves_one(size: int) -> bool:
    """Whether to look out for a single one that is left alone."""
    return size > 1 and size % 2 == 1


def _operand(context: Any, builder: Any, kind: Any, arg: Any) -> _Operand:
    memory, first, outer, inner = (builder.extract_value(arg, i) for i in range(4))
    element = kind[0].lanes.element if isinstance(kind[0], MemoryType) else kind[0].dtype
    width = kind[0].lanes.width if isinstance(kind[0], MemoryType) else 1
    size = ir.Constant(_INDEX, int(element.bitwidth) // 8 * width)
    start = builder.bitcast(memory, _BYTE)
    return _Operand(
        kind[0],
        builder.gep(start, [builder.mul(first, size)]),
        builder.mul(outer, size),
        builder.mul(inner, size),
    )


def _cover(
    builder: Any, total: Any, sizes: Sequence[int], body: Callable[[Any, int], None]
) -> None:
    """Run `body(position, size)` from 0 to `total`, with sizes as `covered` yields them."""
    with builder.goto_entry_block():
        slot = builder.alloca(_INDEX)
    builder.store(ir.Constant(_INDEX, 0), slot)
    for size in sizes:
        test, inside, after = (builder.append_basic_block(name) for name in ("fits", "tile", "on"))
        builder.branch(test)
        builder.position_at_end(test)
        position = builder.load(slot)
        end = builder.add(position, ir.Constant(_INDEX, size))
        fits = builder.icmp_signed("<=", end, total)
        if _leaves_one(size):
            alone = builder.icmp_signed("==", builder.add(end, ir.Constant(_INDEX, 1)), total)
            fits = builder.and_(fits, builder.not_(alone))
        builder.cbranch(fits, inside, after)
        builder.position_at_end(inside)
        body(position, size)
        builder.store(end, slot)
        builder.branch(test)
        builder.position_at_end(after)


def _tile(
    context: Any,
    builder: Any,
    count: Any,
    operands: Sequence[_Operand],
    corner: tuple[Any, Any],
    shape: tuple[int, int],
    abreast: int,
) -> None:
    """Emit the loop over k of one tile, its sums in registers, of so many columns each."""
    x, y, start, out = operands
    lanes = LanesType(out.kind.lanes.element, out.kind.lanes.width * abreast)
    places = [(r, c) for r in range(shape[0]) for c in range(shape[1] // abreast)]
    row, column = corner
    rows = [builder.add(row, ir.Constant(_INDEX, r)) for r in range(shape[0])]
    columns = [builder.add(column, ir.Constant(_INDEX, c)) for c in range(0, shape[1], abreast)]

    def load(kind: Any, address: Any, *, beside: bool) -> Any:
        return _load(context, builder, lanes, kind, address, repeated=not (beside and abreast > 1))

    first = [
        load(start.kind, start.at(builder, rows[r], columns[c]), beside=True) for r, c in places
    ]
    x_rows = [builder.sub(builder.mul(r, x.outer), builder.mul(row, x.outer)) for r in rows]
    y_columns = [
        builder.sub(builder.mul(c, y.outer), builder.mul(column, y.outer)) for c in columns
    ]
    before, loop, after = (
        builder.block,
        builder.append_basic_block("terms"),
        builder.append_basic_block("summed"),
    )
    x_first, y_first = x.at(builder, row), y.at(builder, column)
    builder.branch(loop)
    builder.position_at_end(loop)
    k, x_at, y_at = builder.phi(_INDEX), builder.phi(_BYTE), builder.phi(_BYTE)
    sums = [builder.phi(value.type) for value in first]
    xs = [load(x.kind, builder.gep(x_at, [offset]), beside=False) for offset in x_rows]
    ys = [load(y.kind, builder.gep(y_at, [offset]), beside=True) for offset in y_columns]
    multiply_add = llvm_intrinsic("fma")
    grown = [
        multiply_add(builder, lanes, xs[r], ys[c], total)
        for (r, c), total in zip(places, sums, strict=True)
    ]
    steps = [
        (k, ir.Constant(_INDEX, 0), builder.add(k, ir.Constant(_INDEX, 1))),
        (x_at, x_first, builder.gep(x_at, [x.inner])),
        (y_at, y_first, builder.gep(y_at, [y.inner])),
        *zip(sums, first, grown, strict=True),
    ]
    for phi, initial, following in steps:
        phi.add_incoming(initial, before)
        phi.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", steps[0][2], count), loop, after)
    builder.position_at_end(after)
    for (r, c), total in zip(places, grown, strict=True):
        place = builder.bitcast(out.at(builder, rows[r], columns[c]), total.type.as_pointer())
        builder.store(total, place, align=alignment(out.kind))


def _load(
    context: Any, builder: Any, lanes: LanesType, kind: Any, address: Any, *, repeated: bool
) -> Any:
    """A value of lanes; a number, or one of a single lane, is repeated in all if it has to be."""
    of_lanes = isinstance(kind, MemoryType)
    if not repeated or (of_lanes and kind.lanes.width == lanes.width):
        vector = context.get_value_type(lanes)
        return builder.load(builder.bitcast(address, vector.as_pointer()), align=alignment(kind))
    element = kind.lanes.element if of_lanes else kind.dtype
    scalar = context.get_value_type(element)
    value = builder.load(builder.bitcast(address, scalar.as_pointer()))
    return splat(context, builder, element, lanes, value)
