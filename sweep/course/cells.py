"""Expressions as formulas of a spreadsheet, and the names of its cells."""

from collections.abc import Callable

from sweep.course.expression import Expression, Node, Quantity, Series
from sweep.course.notation import Derivative, Notation
from sweep.course.writing import ADD, ATOM, DIVIDE, MULTIPLY, RAISE, SIGN, Language, Piece

_FUNCTIONS = ("exp", "ln", "sqrt", "tanh", "abs", "max", "min")
_GREEK = {
    "η": "eta",
    "μ": "momentum",
    "α": "alpha",
    "β": "beta",
    "ε": "epsilon",
    "λ": "decay",
    "c": "clip",
}


def cell_name(notation: Notation, quantity: Quantity) -> str:
    """The name of a given number's cell: W_5, since W5 is a cell of its own; I_1_s2 of sample 2.

    Raises:
        TypeError: the quantity is a derivative, which has a column and no name.
    """
    glyph = notation(quantity)
    if isinstance(glyph, Derivative):
        raise TypeError(f"{quantity}: has no name")
    parts = [_GREEK.get(glyph.base, glyph.base), *glyph.below.split(",")]
    parts += [f"s{glyph.above.strip('()')}"] * bool(glyph.above)
    return "_".join(part for part in parts if part)


class Cells(Language):
    """What stands behind the equals sign of a cell; `refer` says where a quantity is."""

    times = "*"

    def __init__(self, refer: Callable[[Quantity], str]) -> None:
        self.refer = refer

    def piece(self, tree: Expression) -> Piece:
        """Every term of a series: a spreadsheet knows no other sum that names its terms."""
        return self.sum(*tree.terms) if isinstance(tree, Series) else super().piece(tree)

    def quantity(self, quantity: Quantity) -> Piece:
        """A cell."""
        return Piece(self.refer(quantity))

    def number(self, value: float) -> Piece:
        """All its digits."""
        return Piece(repr(value).upper(), SIGN if value < 0 else ATOM)

    def sum(self, *terms: Expression) -> Piece:
        """Without spaces."""
        text = self.inside(terms[0], SIGN)
        for term in terms[1:]:
            less = isinstance(term, Node) and term.operation == "negative"
            inner = term.parts[0] if less and isinstance(term, Node) else term
            text += ("-" if less else "+") + self.inside(inner, DIVIDE)
        return Piece(text, ADD)

    def negative(self, inner: Expression) -> Piece:
        """With parentheses around all but a cell: spreadsheets read -x^2 as (-x)^2."""
        return Piece(f"-{self.inside(inner, ATOM)}", SIGN)

    def ratio(self, above: Expression, below: Expression) -> Piece:
        """With a slash."""
        return Piece(f"{self.inside(above, MULTIPLY)}/{self.inside(below, RAISE)}", DIVIDE)

    def power(self, base: Expression, exponent: Expression) -> Piece:
        """Behind a caret."""
        return Piece(f"{self.inside(base, ATOM)}^{self.inside(exponent, ATOM)}", RAISE)

    def pi(self) -> Piece:
        """The number."""
        return Piece("PI()")

    def choice(self, left: Expression, right: Expression, yes: Expression, no: Expression) -> Piece:
        """A condition."""
        test = f"{self.write(left)}>{self.write(right)}"
        return Piece(f"IF({test},{self.write(yes)},{self.write(no)})")

    def call(self, name: str, *parts: Expression) -> Piece:
        """A function of spreadsheets."""
        if name == "Phi":
            return Piece(f"0.5*ERFC(-{self.inside(parts[0], ATOM)}/SQRT(2))", MULTIPLY)
        if name == "phi":
            power = f"({self.inside(parts[0], ATOM)}^2)"
            return Piece(f"EXP(-{power}/2)/SQRT(2*PI())", DIVIDE)
        assert name in _FUNCTIONS, name
        return Piece(f"{name.upper()}({','.join(map(self.write, parts))})")


H = Quantity("difference")
LESS_H = Node("negative", (H,))
