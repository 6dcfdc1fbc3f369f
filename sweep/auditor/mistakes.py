"""The known mistakes: how each changes a right formula, and what to tell who made it.

A row of `MISTAKES` turns a right formula into all the wrong ones that it leads to. What a column
computes is compared with each: on random states if its formula can be read, else on its values.
The rows of `PATTERNS` are seen in how a column's cells differ from each other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sweep.auditor.changing import (
    Changed,
    another_weight,
    factor_missing,
    half_missing,
    other_constant,
    other_curve,
    other_gradient,
    other_rate,
    other_unit,
    row_off,
    sign,
    square_missing,
    sums_taken,
    term_missing,
    updated,
    weights_swapped,
)
from sweep.auditor.formulas import Tree


@dataclass(frozen=True)
class Mistake:
    """A kind of mistake: its name, one sentence for a student, and the formulas it leads to."""

    name: str
    sentence: str
    changes: Callable[[Tree, str], Iterable[Changed]]
    undoes_itself: bool = False
    """Whether the same change, made again, leads back: then it can repair any way of writing."""


MISTAKES: tuple[Mistake, ...] = (
    Mistake("h in place of a_h", "The sum h stands where its sigmoid belongs.", sums_taken("h")),
    Mistake("o in place of a_o", "The sum o stands where its sigmoid belongs.", sums_taken("o")),
    Mistake(
        "weights swapped",
        "Two weights stand in each other's place.",
        weights_swapped,
        undoes_itself=True,
    ),
    Mistake(
        "the other unit's value",
        "The value of the layer's other unit is used, such as a_h1 for a_h2.",
        other_unit,
        undoes_itself=True,
    ),
    Mistake(
        "another weight",
        "A weight is used that belongs elsewhere.",
        another_weight,
        undoes_itself=True,
    ),
    Mistake(
        "the other input or target",
        "An input or target is used that belongs elsewhere, such as i1 for i2.",
        other_constant,
        undoes_itself=True,
    ),
    Mistake("a missing 1/2", "The error is half the square: E = 1/2 (t - a)^2.", half_missing),
    Mistake("a missing square", "The error is half the square: E = 1/2 (t - a)^2.", square_missing),
    Mistake(
        "a sign",
        "A plus stands for a minus, or a difference is the wrong way round.",
        sign,
        undoes_itself=True,
    ),
    Mistake("a missing factor", "The chain rule multiplies; a factor is missing.", factor_missing),
    Mistake("a missing term", "A sum lacks one of its terms.", term_missing),
    Mistake(
        "another weight's gradient",
        "The update takes the gradient of another weight.",
        other_gradient,
        undoes_itself=True,
    ),
    Mistake(
        "already updated weights",
        "All gradients are taken at the old weights; here some weights are the new ones.",
        updated,
    ),
    Mistake(
        "the rate from the wrong cell",
        "The update multiplies by a cell that is not the learning rate.",
        other_rate,
    ),
    Mistake("a row off", "A cell of the row above or below is used.", row_off),
    Mistake("not the sigmoid", "The activation is a = 1 / (1 + EXP(-x)).", other_curve),
)  # fmt: skip
"""The likelier first: where two explain a column, the first is named."""


@dataclass(frozen=True)
class Pattern:
    """A mistake that shows in how a column's cells differ from each other."""

    name: str
    sentence: str


CONSTANT = Pattern(
    "a constant over the formula", "A number was typed or pasted where the formula belongs."
)
NOT_COPIED = Pattern(
    "the first row's formula not copied down",
    "The first row is right; the rows below do not compute their own.",
)
PINNED = Pattern(
    "pinned to the first row", "A $ keeps a reference in one row; each row needs its own."
)
COUNTED = Pattern(
    "a constant that changes", "An input, target or rate must be the same in each row."
)
ROUNDED = Pattern("rounded on the way", "ROUND in a formula makes every later number inexact.")
E_ROUNDED = Pattern("e rounded", "A typed 2.718... is not e; use EXP.")
ERROR = Pattern("an error value", "The cell shows an error instead of a number.")
TEXT = Pattern("text in place of a number", "The cell holds text, which is not computed with.")
EMPTY = Pattern("an empty cell", "The cell is empty.")
UNKNOWN = Pattern("not one of the known mistakes", "Compare the formula with the right one.")

PATTERNS = (
    CONSTANT, NOT_COPIED, PINNED, COUNTED, ROUNDED, E_ROUNDED, ERROR, TEXT, EMPTY, UNKNOWN,
)  # fmt: skip
