"""The SIMD value: a vector of numbers, one element per lane, usable inside compiled functions.

One lane trains one network, or has one sample of it. A function written on lanes reads like the
mathematics of a single network, and LLVM turns every operation into vector instructions; only
`transposing` moves data from one lane to another, and nothing that lanes compute does: what happens
in a lane depends on that lane alone. A value may be wider than a register: LLVM splits it into
adjacent independent operations, which hides their latency. A value of one lane goes with wider ones
and is repeated in their lanes.

Operations follow IEEE 754 to the letter: no fast-math flag, no contraction. Where a fused
multiply-add is meant, `fma` says so. Comparisons with a NaN are false, except `!=`.

Inside a compiled function: ``+ - * /``, unary ``-``, comparisons, ``fma``, ``sqrt``, ``select``,
``bits`` and ``number`` between a float and its bit pattern, ``+ - * & | ^ << >>`` on integers,
``any_lane``, ``first_lane``, ``gather``, ``gather_rows``, ``scatter_rows``.
Python numbers mix freely with lanes and are repeated in every lane. This is the only package that
knows LLVM's instructions; `Lanes` makes the few functions that must know the width.
"""

from sweep.training.lanes.constants import polynomial, table
from sweep.training.lanes.kinds import (
    LanesType,
    MaskType,
    MemoryType,
    NamedType,
    apart,
    called,
    inlined,
)
from sweep.training.lanes.memory import (
    Lanes,
    Part,
    first_lane,
    gather,
    gather_rows,
    memories,
    scatter_rows,
    single,
)
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
from sweep.training.lanes.transposing import transposing

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
    "apart",
    "bits",
    "called",
    "covered",
    "first_lane",
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
    "single",
    "sqrt",
    "table",
    "transposing",
]
