"""How fast a kernel could be at most: a roof for each thing that it needs.

The roofline of Williams, Waterman and Patterson ("Roofline: an insightful visual performance model
for multicore architectures", CACM 52, 2009), with a roof for multiply-adds, one for divisions, one
for loads from the first cache and one for what comes from further away. A kernel that did only one
of them, and all of it without a gap, would reach its roof.
"""

from collections.abc import Collection, Mapping

from sweep.instrument.ceilings import DIVISIONS, MEMORY, MULTIPLY_ADDS
from sweep.instrument.operations import Counts


def needs(counts: Counts, ceilings: Collection[str], caches: Mapping[str, int]) -> dict[str, float]:
    """What a step of one network needs of each ceiling: operations, or numbers moved.

    Args:
        counts: what a step takes.
        ceilings: the names of those that are measured.
        caches: the bytes of each level of cache, nearest first, by its name.
    """
    needed = {
        MULTIPLY_ADDS: counts.on_multiply_add_ports,
        DIVISIONS: counts.divisions,
        "L1": counts.loads,
    }
    fitting = (name for name in caches if name in ceilings and counts.footprint <= caches[name])
    home = next(fitting, MEMORY)
    if home != "L1":
        needed[home] = counts.streamed
    return {name: need for name, need in needed.items() if need > 0}


def nearest(needed: Mapping[str, float], rates: Mapping[str, float]) -> str:
    """The name of the lowest roof: of the ceiling that is so many times what is needed of it."""
    return min(needed, key=lambda name: rates[name] / needed[name])
