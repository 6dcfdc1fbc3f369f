"""Expressions written down: what all languages share, and plain text."""

from collections.abc import Callable
from typing import NamedTuple

from sweep.course.expression import WRITTEN_OUT, Expression, Node, Number, Quantity, Series
from sweep.course.notation import Derivative, Glyph, Symbol

# How tightly a piece of writing holds together; what is looser than its place wants parentheses.
ADD, SIGN, DIVIDE, MULTIPLY, RAISE, ATOM = range(6)

SUPERSCRIPTS = str.maketrans("-0123456789+()", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁽⁾")


class Piece(NamedTuple):
    """Something written, and how tightly it holds together."""

    text: str
    holds: int = ATOM


Name = Callable[[Quantity], Glyph]
"""How quantities are called."""


def digits_of(value: float, digits: int) -> tuple[str, str]:
    """A number as people write it: its digits, and the exponent of ten behind them, if any."""
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return mantissa.replace("-", "−"), str(int(exponent)) if exponent else ""


class Language:
    """Writes expressions; each language says how its pieces look.

    `name` gives the glyph of a quantity, and numbers have so many significant `digits`.
    """

    times = " · "

    def __init__(self, name: Name, digits: int) -> None:
        self.name, self.digits = name, digits

    def write(self, tree: Expression) -> str:
        """The whole expression."""
        return self.piece(tree).text

    def piece(self, tree: Expression) -> Piece:
        """The expression as a piece of a larger one."""
        match tree:
            case Quantity():
                return self.quantity(tree)
            case Number(value):
                return self.number(value)
            case Series() if tree.count <= WRITTEN_OUT:
                return self.sum(*tree.terms)
            case Series():
                return self.series(tree)
            case Node(operation, parts):
                known = getattr(self, operation, None)
                return known(*parts) if known else self.call(operation, *parts)

    def inside(self, tree: Expression, least: int) -> str:
        """The expression, in parentheses if it holds together less than its place wants."""
        text, holds = self.piece(tree)
        return text if holds >= least else self.grouped(text)

    def quantity(self, quantity: Quantity) -> Piece:
        """The glyph of a quantity."""
        glyph = self.name(quantity)
        if isinstance(glyph, Symbol):
            return self.symbol(glyph)
        return self.derivative(glyph)

    def sum(self, *terms: Expression) -> Piece:
        """One term after the other."""
        text = self.inside(terms[0], SIGN)
        for term in terms[1:]:
            less = isinstance(term, Node) and term.operation == "negative"
            inner = term.parts[0] if less else term  # type: ignore[union-attr]
            text += f" {self.sign('−' if less else '+')} {self.inside(inner, DIVIDE)}"
        return Piece(text, ADD)

    def product(self, *factors: Expression) -> Piece:
        """One factor after the other."""
        return Piece(self.times.join(self.inside(f, MULTIPLY) for f in factors), MULTIPLY)

    def negative(self, inner: Expression) -> Piece:
        """Minus something."""
        return Piece(f"{self.sign('−')}{self.inside(inner, DIVIDE)}", SIGN)

    def pi(self) -> Piece:
        """The number."""
        return Piece("π")

    def sign(self, sign: str) -> str:
        """A plus or minus."""
        return sign

    def grouped(self, text: str) -> str:
        """In parentheses."""
        return f"({text})"

    def number(self, value: float) -> Piece:
        """A number."""
        raise NotImplementedError

    def symbol(self, symbol: Symbol) -> Piece:
        """A letter with what stands below and above it."""
        raise NotImplementedError

    def derivative(self, glyph: Derivative) -> Piece:
        """A quotient of differentials."""
        raise NotImplementedError

    def series(self, series: Series) -> Piece:
        """With a sigma."""
        raise NotImplementedError

    def call(self, name: str, *parts: Expression) -> Piece:
        """A function and what it is applied to."""
        raise NotImplementedError


class Text(Language):
    """For terminals and headings: W5 · A_H1, ∂E1/∂A_O1, e^(−h1)."""

    def number(self, value: float) -> Piece:
        """Digits, and a power of ten."""
        mantissa, exponent = digits_of(value, self.digits)
        if exponent:
            return Piece(f"{mantissa}·10{exponent.translate(SUPERSCRIPTS)}", MULTIPLY)
        return Piece(mantissa, SIGN if mantissa.startswith("−") else ATOM)

    def symbol(self, symbol: Symbol) -> Piece:
        """W5, A_H1, w2_1_3: as columns of results are called."""
        joint = "_" if symbol.below[:1].isalpha() else ""
        below = symbol.below.replace(",", "_")
        text = f"{symbol.base}{joint}{below}{symbol.above.translate(SUPERSCRIPTS)}"
        return Piece(text, RAISE if symbol.above else ATOM)

    def derivative(self, glyph: Derivative) -> Piece:
        """A quotient of differentials."""
        top, bottom = self.symbol(glyph.top).text, self.symbol(glyph.bottom).text
        text = f"∂{top}/∂{bottom}{glyph.of.translate(SUPERSCRIPTS)}"
        if glyph.through:
            text += f" via {self.symbol(glyph.through).text}"
        return Piece(text, MULTIPLY)

    def partial(self, above: Expression, below: Expression) -> Piece:
        """A quotient of differentials, of expressions."""
        return Piece(f"∂{self.inside(above, ATOM)}/∂{self.inside(below, ATOM)}", MULTIPLY)

    def ratio(self, above: Expression, below: Expression) -> Piece:
        """With a slash."""
        return Piece(f"{self.inside(above, MULTIPLY)}/{self.inside(below, RAISE)}", DIVIDE)

    def power(self, base: Expression, exponent: Expression) -> Piece:
        """Whole numbers small and raised, others behind a caret."""
        raised = self.inside(exponent, ATOM)
        if raised.isdigit():
            return Piece(self.inside(base, ATOM) + raised.translate(SUPERSCRIPTS), RAISE)
        return Piece(f"{self.inside(base, ATOM)}^{raised}", RAISE)

    def exp(self, exponent: Expression) -> Piece:
        """A power of e."""
        return Piece(f"e^{self.inside(exponent, ATOM)}", RAISE)

    def abs(self, inner: Expression) -> Piece:
        """Between bars."""
        return Piece(f"|{self.write(inner)}|")

    def choice(self, left: Expression, right: Expression, yes: Expression, no: Expression) -> Piece:
        """In words."""
        test = f"{self.write(left)} > {self.write(right)}"
        return Piece(f"({self.write(yes)} if {test}, else {self.write(no)})")

    def dots(self) -> Piece:
        """What is left out."""
        return Piece("…")

    def series(self, series: Series) -> Piece:
        """With a sigma: its bounds in brackets."""
        term = self.inside(series.term(series.letter), MULTIPLY)
        return Piece(f"Σ[{series.letter} = 1 … {series.count}] {term}", ADD)

    def call(self, name: str, *parts: Expression) -> Piece:
        """A function's name and what it is applied to."""
        names = {"Phi": "Φ", "phi": "φ", "sqrt": "√"}
        inner = ", ".join(self.write(part) for part in parts)
        return Piece(f"{names.get(name, name)}({inner})")
