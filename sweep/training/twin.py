"""A twin of each trial, close beside it: how fast the two part is the Lyapunov exponent.

The twin starts `DISPLACEMENT` away along a fixed direction, takes every step that the trial takes,
and is then brought back to that distance along the line between them, what the optimizer keeps
likewise. The exponent is the mean of ln(distance / DISPLACEMENT) over steps (Benettin, Galgani and
Strelcyn, Physical Review A 14, 1976; distances are of parameters alone).
"""

from typing import Any

from sweep.training.elementary import elementary
from sweep.training.lanes import Lanes, fma, inlined, select, sqrt
from sweep.training.specification import DISPLACEMENT, STRETCH, Shape


def make_twin(  # noqa: C901 - loops over rows
    shape: Shape, set_rates: Any, pass_batch: Any, update: Any
) -> tuple[Any, Any, Any]:
    """Return `begin`, `follow` and `end`, to be called in compiled code.

    They put a block's twins into the memories `twin`, take the step with them that `net` has just
    taken, adding to the sum of logarithms, and write them back. Without that sum they do nothing.
    """
    lanes, log = Lanes(shape.dtype, shape.lanes), elementary(shape.dtype).log
    load, store, splat = lanes.load, lanes.store, lanes.splat
    count, kept, depth = shape.network.parameters, shape.kept, len(shape.network.pairs)
    settings, drifts = len(shape.settings), depth * shape.drifting
    distance = DISPLACEMENT[shape.dtype]
    row = shape.sums.index(STRETCH) if STRETCH in shape.sums else 0
    nearest = distance * 2.0 ** (-52 if shape.dtype == "float64" else -23)

    @inlined
    def nothing(*args: Any) -> None:
        pass

    if STRETCH not in shape.sums:
        return nothing, nothing, nothing

    @inlined
    def begin(given: Any, net: Any, twin: Any, block: Any) -> None:
        for p in range(count):
            twin.w[p], twin.g[p] = load(given.twin, p * given.columns + block), splat(0.0)
        for p in range(kept):
            twin.k[p] = load(given.twin, (count + p) * given.columns + block)
        for i in range(2 * depth):
            twin.rates[i] = net.rates[i]
        for i in range(depth):
            twin.m[i] = net.m[i]
        for i in range(drifts):
            twin.d[i] = net.d[i]
        for i in range(settings):
            twin.h[i] = net.h[i]

    @inlined
    def follow(
        given: Any, net: Any, twin: Any, block: Any, step: Any, seeds: Any, active: Any, known: Any
    ) -> None:
        set_rates(given, twin, step)
        none = splat(0.0)
        _, _, slope_scale = pass_batch(given, twin, step, seeds, active, known, none, none)
        update(twin, slope_scale)
        squares = splat(0.0)
        for p in range(count):
            apart = twin.w[p] - net.w[p]
            squares = fma(apart, apart, squares)
        apart = sqrt(squares)
        met = apart < nearest  # rounding has made them one: the twin starts anew
        apart = select(met, nearest, apart)
        factor = distance / apart
        for p in range(count):
            moved = select(met, given.displacement[p], (twin.w[p] - net.w[p]) * factor)
            twin.w[p] = net.w[p] + moved
        for p in range(kept):
            twin.k[p] = fma(twin.k[p] - net.k[p], factor, net.k[p])
        if step >= given.twin_from:
            total = load(given.sums, row * given.columns + block)
            more = total + log(apart * (1.0 / distance))
            store(given.sums, row * given.columns + block, select(active, more, total))

    @inlined
    def end(given: Any, twin: Any, block: Any) -> None:
        for p in range(count):
            store(given.twin, p * given.columns + block, twin.w[p])
        for p in range(kept):
            store(given.twin, (count + p) * given.columns + block, twin.k[p])

    return begin, follow, end
