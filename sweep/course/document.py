"""A derivation as a document: sections of sentences, equations and tables, in no language yet."""

from dataclasses import dataclass

from sweep.course.expression import Expression
from sweep.course.notation import Notation

Line = tuple[str | Expression, ...]
"""Words with formulas among them."""


@dataclass(frozen=True)
class Equation:
    """left = one form = another = the last with numbers in it = value.

    Attributes:
        left: what it is about.
        forms: in symbols.
        filled: the last form with numbers, if it says more than the value.
        value: what it comes to, if that is known at this point.
    """

    left: Expression
    forms: tuple[Expression, ...] = ()
    filled: Expression | None = None
    value: Expression | None = None

    @property
    def sides(self) -> tuple[Expression, ...]:
        """All that is equal to `left`, in order."""
        ends = (self.filled, self.value)
        return (*self.forms, *(end for end in ends if end is not None))


@dataclass(frozen=True)
class Paragraph:
    """A sentence or more."""

    line: Line


@dataclass(frozen=True)
class Table:
    """Rows under headings; every cell is words or a formula."""

    headings: tuple[str | Expression, ...]
    rows: tuple[tuple[str | Expression, ...], ...]


@dataclass(frozen=True)
class Section:
    """A titled part."""

    title: Line
    body: tuple[Paragraph | Equation | Table, ...]


@dataclass(frozen=True)
class Document:
    """The whole, with how its quantities are called and how many digits its numbers have."""

    title: str
    sections: tuple[Section, ...]
    notation: Notation
    digits: int
