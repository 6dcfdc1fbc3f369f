"""Expressions in LaTeX, of what every renderer of formulas in Markdown knows."""

from sweep.course.expression import Expression, Series
from sweep.course.notation import Derivative, Symbol
from sweep.course.writing import ADD, ATOM, MULTIPLY, RAISE, SIGN, Language, Piece, digits_of

_GREEK = {
    "α": r"\alpha",
    "β": r"\beta",
    "ε": r"\varepsilon",
    "η": r"\eta",
    "κ": r"\kappa",
    "λ": r"\lambda",
    "μ": r"\mu",
}
_FUNCTIONS = {
    "ln": r"\ln",
    "tanh": r"\tanh",
    "max": r"\max",
    "min": r"\min",
    "Phi": r"\Phi",
    "phi": r"\varphi",
}


class Latex(Language):
    """What stands between dollar signs."""

    times = r" \cdot "

    def number(self, value: float) -> Piece:
        """Digits, and a power of ten."""
        mantissa, exponent = digits_of(value, self.digits)
        text = mantissa.replace("−", "-").replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")
        if exponent:
            return Piece(f"{text} \\cdot 10^{{{exponent}}}", MULTIPLY)
        return Piece(text, SIGN if text.startswith("-") else ATOM)

    def symbol(self, symbol: Symbol) -> Piece:
        """A letter with what stands below and above it."""
        text = _GREEK.get(symbol.base, symbol.base)
        text += f"_{{{symbol.below}}}" if symbol.below else ""
        text += f"^{{{symbol.above}}}" if symbol.above else ""
        return Piece(text, RAISE if symbol.above else ATOM)

    def derivative(self, glyph: Derivative) -> Piece:
        """A quotient of differentials."""
        top, bottom = self.symbol(glyph.top).text, self.symbol(glyph.bottom).text
        text = f"\\frac{{\\partial {top}}}{{\\partial {bottom}}}"
        if glyph.of:
            text = f"{self.grouped(text)}^{{{glyph.of}}}"
        if glyph.through:
            # A letter before the underscore: else Markdown could take it for emphasis.
            text = f"\\left.{text}\\right\\vert_{{{self.symbol(glyph.through).text}}}"
        return Piece(text, MULTIPLY)

    def partial(self, above: Expression, below: Expression) -> Piece:
        """A quotient of differentials, of expressions."""
        top, bottom = self.inside(above, ATOM), self.inside(below, ATOM)
        return Piece(f"\\frac{{\\partial {top}}}{{\\partial {bottom}}}", MULTIPLY)

    def ratio(self, above: Expression, below: Expression) -> Piece:
        """A fraction."""
        return Piece(f"\\frac{{{self.write(above)}}}{{{self.write(below)}}}", RAISE)

    def power(self, base: Expression, exponent: Expression) -> Piece:
        """Raised."""
        return Piece(f"{self.inside(base, ATOM)}^{{{self.write(exponent)}}}", RAISE)

    def exp(self, exponent: Expression) -> Piece:
        """A power of e."""
        return Piece(f"e^{{{self.write(exponent)}}}", RAISE)

    def sqrt(self, inner: Expression) -> Piece:
        """Under a root."""
        return Piece(f"\\sqrt{{{self.write(inner)}}}")

    def abs(self, inner: Expression) -> Piece:
        """Between bars."""
        return Piece(f"\\left|{self.write(inner)}\\right|")

    def choice(self, left: Expression, right: Expression, yes: Expression, no: Expression) -> Piece:
        """In words."""
        test = f"{self.write(left)} > {self.write(right)}"
        words = r"{}\ \mathrm{{if}}\ {},\ \mathrm{{else}}\ {}"
        return Piece(self.grouped(words.format(self.write(yes), test, self.write(no))))

    def pi(self) -> Piece:
        """The number."""
        return Piece(r"\pi")

    def dots(self) -> Piece:
        """What is left out."""
        return Piece(r"\cdots")

    def sign(self, sign: str) -> str:
        """A plus or minus."""
        return sign.replace("−", "-")

    def grouped(self, text: str) -> str:
        """In parentheses as high as what they enclose."""
        return f"\\left({text}\\right)"

    def series(self, series: Series) -> Piece:
        """With a sigma."""
        term = self.inside(series.term(series.letter), MULTIPLY)
        bounds = f"_{{{series.letter}=1}}^{{{series.count}}}"
        return Piece(f"\\sum{bounds} {term}", ADD)

    def call(self, name: str, *parts: Expression) -> Piece:
        """A function's name and what it is applied to."""
        inner = r",\ ".join(self.write(part) for part in parts)
        return Piece(f"{_FUNCTIONS[name]}{self.grouped(inner)}")
