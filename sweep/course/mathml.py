"""Expressions in MathML Core, which browsers show without any library."""

from html import escape

from sweep.course.expression import Expression, Series
from sweep.course.notation import Derivative, Symbol
from sweep.course.writing import ADD, ATOM, MULTIPLY, RAISE, SIGN, Language, Piece, digits_of

_FUNCTIONS = {"Phi": "Φ", "phi": "φ"}


def row(*parts: str) -> str:
    """Parts side by side, as one."""
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


def operator(sign: str) -> str:
    """A sign between parts."""
    return f"<mo>{escape(sign)}</mo>"


def word(text: str) -> str:
    """A word within a formula."""
    return f"<mtext>{escape(text)}</mtext>"


class MathML(Language):
    """What stands within <math>."""

    times = operator("·")

    def number(self, value: float) -> Piece:
        """Digits, and a power of ten."""
        mantissa, exponent = digits_of(value, self.digits)
        text = f"<mn>{mantissa.lstrip('−').replace('inf', '∞').replace('nan', 'NaN')}</mn>"
        if mantissa.startswith("−"):
            text = row(operator("−"), text)
        if exponent:
            raised = f"<mn>{exponent.replace('-', '−')}</mn>"
            power = f"<msup><mn>10</mn>{raised}</msup>"
            return Piece(row(text, operator("·"), power), MULTIPLY)
        return Piece(text, SIGN if mantissa.startswith("−") else ATOM)

    def symbol(self, symbol: Symbol) -> Piece:
        """A letter with what stands below and above it."""
        base, below, above = f"<mi>{symbol.base}</mi>", word(symbol.below), word(symbol.above)
        if symbol.below and symbol.above:
            return Piece(f"<msubsup>{base}{below}{above}</msubsup>", RAISE)
        if symbol.above:
            return Piece(f"<msup>{base}{above}</msup>", RAISE)
        return Piece(f"<msub>{base}{below}</msub>" if symbol.below else base)

    def derivative(self, glyph: Derivative) -> Piece:
        """A quotient of differentials."""
        text = _quotient(self.symbol(glyph.top).text, self.symbol(glyph.bottom).text)
        if glyph.of:
            text = f"<msup>{self.grouped(text)}{word(glyph.of)}</msup>"
        if glyph.through:
            text = f"<msub>{self.grouped(text)}{self.symbol(glyph.through).text}</msub>"
        return Piece(text, MULTIPLY)

    def partial(self, above: Expression, below: Expression) -> Piece:
        """A quotient of differentials, of expressions."""
        return Piece(_quotient(self.inside(above, ATOM), self.inside(below, ATOM)), MULTIPLY)

    def ratio(self, above: Expression, below: Expression) -> Piece:
        """A fraction."""
        return Piece(f"<mfrac>{self._row(above)}{self._row(below)}</mfrac>", RAISE)

    def power(self, base: Expression, exponent: Expression) -> Piece:
        """Raised."""
        return Piece(f"<msup>{row(self.inside(base, ATOM))}{self._row(exponent)}</msup>", RAISE)

    def exp(self, exponent: Expression) -> Piece:
        """A power of e."""
        return Piece(f"<msup><mi>e</mi>{self._row(exponent)}</msup>", RAISE)

    def sqrt(self, inner: Expression) -> Piece:
        """Under a root."""
        return Piece(f"<msqrt>{self.write(inner)}</msqrt>")

    def abs(self, inner: Expression) -> Piece:
        """Between bars."""
        return Piece(row(operator("|"), self.write(inner), operator("|")))

    def choice(self, left: Expression, right: Expression, yes: Expression, no: Expression) -> Piece:
        """In words."""
        test = self.write(left) + operator(">") + self.write(right)
        parts = (self.write(yes), word(" if "), test, word(", else "), self.write(no))
        return Piece(self.grouped("".join(parts)))

    def pi(self) -> Piece:
        """The number."""
        return Piece("<mi>π</mi>")

    def dots(self) -> Piece:
        """What is left out."""
        return Piece("<mi>⋯</mi>")

    def sign(self, sign: str) -> str:
        """A plus or minus."""
        return operator(sign)

    def grouped(self, text: str) -> str:
        """In parentheses."""
        return row(operator("("), text, operator(")"))

    def series(self, series: Series) -> Piece:
        """With a sigma."""
        first = row(f"<mi>{series.letter}</mi>", operator("="), "<mn>1</mn>")
        bounds = f"<munderover>{operator('∑')}{first}<mn>{series.count}</mn></munderover>"
        return Piece(bounds + self.inside(series.term(series.letter), MULTIPLY), ADD)

    def call(self, name: str, *parts: Expression) -> Piece:
        """A function's name and what it is applied to."""
        inner = operator(",").join(self.write(part) for part in parts)
        return Piece(row(f"<mi>{_FUNCTIONS.get(name, name)}</mi>", self.grouped(inner)))

    def _row(self, tree: Expression) -> str:
        return f"<mrow>{self.write(tree)}</mrow>"


def _quotient(top: str, bottom: str) -> str:
    d = "<mi>∂</mi>"
    return f"<mfrac><mrow>{d}{top}</mrow><mrow>{d}{bottom}</mrow></mfrac>"
