"""The SIMD value: a vector of numbers, one element per lane, usable inside compiled functions.

One lane trains one network. A function written on lanes reads like the mathematics of a single
network, and LLVM turns every operation into vector instructions; nothing here moves data from one
lane to another, so what happens in a lane depends on that lane alone. A value may be wider than a
register: LLVM splits it into adjacent independent operations, which hides their latency.

Operations follow IEEE 754 to the letter: no fast-math flag, no contraction. Where a fused
multiply-add is meant, `fma` says so. Comparisons with a NaN are false, except `!=`.

Inside a compiled function: ``+ - * /``, unary ``-``, comparisons, ``fma``, ``sqrt``, ``select``,
``bits`` and ``number`` between a float and its bit pattern, ``+ - * & | ^ << >>`` on integers,
``any_lane``, ``gather``, ``gather_rows``, ``scatter_rows``.
Python numbers mix freely with lanes and are repeated in every lane. This is the only package that
knows LLVM's instructions; `Lanes` makes the few functions that must know the width.
"""

from sweep.training.lanes.constants import polynomial, table
from sweep.training.lanes.kinds import LanesType, MaskType, MemoryType, NamedType, called, inlined
from sweep.training.lanes.memory import Lanes, Part, gather, gather_rows, memories, scatter_rows
from sweep.training.lanes.operations import (
    absolute,
    any_lane,
    bits,
    fma,
    high_word,
    number,
    select,
    sqrt,
)
from sweep.training.lanes.products import Matrix, covered, products

__all__ = [
    "Lanes",
    "LanesType",
    "MaskType",
    "Matrix",
    "MemoryType",
    "NamedType",
    "Part",
    "absolute",
    "any_lane",
    "bits",
    "called",
    "covered",
    "fma",
    "gather",
    "gather_rows",
    "high_word",
    "inlined",
    "memories",
    "number",
    "polynomial",
    "products",
    "scatter_rows",
    "select",
    "sqrt",
    "table",
]
