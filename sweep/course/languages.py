"""Expressions written down: one writer, and a table of forms for each language."""

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import ClassVar, NamedTuple

from sweep.course.expression import WRITTEN_OUT, Expression, Node, Number, Quantity, Series
from sweep.course.symbols import Glyph, Symbol

# How tightly a piece of writing holds together; what is looser than its place wants parentheses.
ADD, SIGN, DIVIDE, MULTIPLY, RAISE, ATOM = range(6)

SUPERSCRIPTS = str.maketrans("-0123456789+()", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁽⁾")


class Piece(NamedTuple):
    """Something written, and how tightly it holds together."""

    text: str
    holds: int = ATOM


class Form(NamedTuple):
    """How an operation is written: $0 and so on stand for its parts.

    Attributes:
        text: with those.
        holds: how tightly the whole holds together.
        wants: how tightly each part must; parts beyond stand as they are.
    """

    text: str
    holds: int = ATOM
    wants: tuple[int, ...] = ()


Name = Callable[[Quantity], Glyph]
"""How quantities are called."""


class Language:
    """Writes expressions; each language states its forms.

    `name` gives the glyph of a quantity, and numbers have so many significant `digits`.
    """

    plus, minus, times, comma = " + ", " − ", " · ", ", "
    forms: ClassVar[Mapping[str, Form]] = {}
    """Of operations, of a "series" (letter, count, term), of a "call" (name, arguments), of what
    is "grouped", and of a derivative "of" and "through" something."""
    functions: ClassVar[Mapping[str, str]] = {}
    """Names of functions that are not written as they are called."""

    def __init__(self, name: Name, digits: int) -> None:
        self.name, self.digits = name, digits

    def write(self, tree: Expression) -> str:
        """The whole expression."""
        return self.piece(tree).text

    def piece(self, tree: Expression) -> Piece:
        """The expression as a piece of a larger one."""
        match tree:
            case Quantity():
                return self._quantity(tree)
            case Number(value):
                return self._number(value)
            case Series() if tree.count <= WRITTEN_OUT:
                return self.piece(tree.written_out)
            case Series():
                term = self._inside(tree.term(tree.letter), MULTIPLY)
                return Piece(self._filled("series", tree.letter, str(tree.count), term), ADD)
            case Node("sum", parts):
                return self._sum(parts)
            case Node(operation, parts):
                return self._operation(operation, parts)
        raise TypeError(f"{tree}: is no formula")

    def _operation(self, name: str, parts: tuple[Expression, ...]) -> Piece:
        """An operation in its form, or as a function of that name."""
        if name == "product":
            return Piece(self.times.join(self._inside(p, MULTIPLY) for p in parts), MULTIPLY)
        if name in self.forms:
            _, holds, wants = self.forms[name]
            wants += (ADD,) * (len(parts) - len(wants))
            return Piece(self._filled(name, *map(self._inside, parts, wants)), holds)
        inner = self.comma.join(map(self.write, parts))
        return Piece(self._filled("call", self.functions.get(name, name), inner))

    def _filled(self, form: str, *parts: str) -> str:
        """What is already written, in a form."""
        return re.sub(r"\$(\d)", lambda found: parts[int(found[1])], self.forms[form].text)

    def _inside(self, tree: Expression, least: int) -> str:
        """The expression, in parentheses if it holds together less than its place wants."""
        text, holds = self.piece(tree)
        return text if holds >= least else self._filled("grouped", text)

    def _sum(self, terms: tuple[Expression, ...]) -> Piece:
        text = self._inside(terms[0], SIGN)
        for term in terms[1:]:
            match term:
                case Node("negative", (inner,)):
                    text += self.minus + self._inside(inner, DIVIDE)
                case _:
                    text += self.plus + self._inside(term, DIVIDE)
        return Piece(text, ADD)

    def _quantity(self, quantity: Quantity) -> Piece:
        glyph = self.name(quantity)
        if isinstance(glyph, Symbol):
            return self._symbol(glyph)
        top, bottom = (self._symbol(one).text for one in (glyph.top, glyph.bottom))
        text = self._filled("partial", top, bottom)
        if glyph.of:
            text = self._filled("of", text, self._raised(glyph.of))
        if glyph.through:
            text = self._filled("through", text, self._symbol(glyph.through).text)
        return Piece(text, MULTIPLY)

    def _number(self, value: float) -> Piece:
        """Digits, and a power of ten."""
        mantissa, _, exponent = f"{value:.{self.digits}g}".partition("e")
        text, holds = self._mantissa(mantissa), ATOM
        if exponent:
            text, holds = self._filled("ten", text, self._raised(str(int(exponent)))), MULTIPLY
        return Piece(text, SIGN if mantissa.startswith("-") else holds)

    def _mantissa(self, text: str) -> str:
        """Digits with a sign; inf and nan."""
        return text.replace("-", "−")

    def _raised(self, text: str) -> str:
        return text

    def _symbol(self, symbol: Symbol) -> Piece:
        """A letter with what stands below and above it."""
        raise NotImplementedError


class Text(Language):
    """For terminals and headings: W5 · A_H1, ∂E1/∂A_O1, e^(−h1)."""

    forms: ClassVar = {
        "grouped": Form("($0)"),
        "call": Form("$0($1)"),
        "ten": Form("$0·10$1"),
        "of": Form("$0$1"),
        "through": Form("$0 via $1"),
        "series": Form("Σ[$0 = 1 … $1] $2"),
        "partial": Form("∂$0/∂$1", MULTIPLY, (ATOM, ATOM)),
        "negative": Form("−$0", SIGN, (DIVIDE,)),
        "ratio": Form("$0/$1", DIVIDE, (MULTIPLY, RAISE)),
        "power": Form("$0^$1", RAISE, (ATOM, ATOM)),
        "exp": Form("e^$0", RAISE, (ATOM,)),
        "abs": Form("|$0|"),
        "choice": Form("($2 if $0 > $1, else $3)"),
        "pi": Form("π"),
        "dots": Form("…"),
    }
    functions: ClassVar = {"Phi": "Φ", "phi": "φ", "sqrt": "√"}

    def _operation(self, name: str, parts: tuple[Expression, ...]) -> Piece:
        """Whole numbers as exponents are small and raised."""
        if name == "power" and (exponent := self.write(parts[1])).isdigit():
            return Piece(self._inside(parts[0], ATOM) + self._raised(exponent), RAISE)
        return super()._operation(name, parts)

    def _raised(self, text: str) -> str:
        return text.translate(SUPERSCRIPTS)

    def _symbol(self, symbol: Symbol) -> Piece:
        """W5, A_H1, w2_1_3: as columns of results are called."""
        joint = "_" if symbol.below[:1].isalpha() else ""
        below = symbol.below.replace(",", "_")
        text = f"{symbol.base}{joint}{below}{self._raised(symbol.above)}"
        return Piece(text, RAISE if symbol.above else ATOM)


class Latex(Language):
    """What stands between dollar signs, of what every renderer of formulas in Markdown knows."""

    minus, times, comma = " - ", r" \cdot ", r",\ "
    forms: ClassVar = {
        "grouped": Form(r"\left($0\right)"),
        "call": Form(r"$0\left($1\right)"),
        "ten": Form(r"$0 \cdot 10^{$1}"),
        "of": Form(r"\left($0\right)^{$1}"),
        "through": Form(r"\left.$0\right\vert_{$1}"),  # a _ behind ")" may mean emphasis
        "series": Form(r"\sum_{$0=1}^{$1} $2"),
        "partial": Form(r"\frac{\partial $0}{\partial $1}", MULTIPLY, (ATOM, ATOM)),
        "negative": Form("-$0", SIGN, (DIVIDE,)),
        "ratio": Form(r"\frac{$0}{$1}", RAISE),
        "power": Form("$0^{$1}", RAISE, (ATOM,)),
        "exp": Form("e^{$0}", RAISE),
        "sqrt": Form(r"\sqrt{$0}"),
        "abs": Form(r"\left|$0\right|"),
        "choice": Form(r"\left($2\ \mathrm{if}\ $0 > $1,\ \mathrm{else}\ $3\right)"),
        "pi": Form(r"\pi"),
        "dots": Form(r"\cdots"),
    }
    functions: ClassVar = {name: rf"\{name}" for name in ("ln", "tanh", "max", "min", "Phi")} | {
        "phi": r"\varphi"
    }
    letters: ClassVar = {
        "α": r"\alpha", "β": r"\beta", "ε": r"\varepsilon", "η": r"\eta", "κ": r"\kappa",
        "λ": r"\lambda", "μ": r"\mu",
    }  # fmt: skip

    def _mantissa(self, text: str) -> str:
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")

    def _symbol(self, symbol: Symbol) -> Piece:
        text = self.letters.get(symbol.base, symbol.base)
        text += f"_{{{symbol.below}}}" if symbol.below else ""
        text += f"^{{{symbol.above}}}" if symbol.above else ""
        return Piece(text, RAISE if symbol.above else ATOM)


def row(*parts: str) -> str:
    """Parts side by side in MathML, as one."""
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


def operator(sign: str) -> str:
    """A sign between parts in MathML."""
    return f"<mo>{escape(sign)}</mo>"


_OPEN, _CLOSE = operator("("), operator(")")


class MathML(Language):
    """What stands within <math>, of MathML Core, which browsers show without any library."""

    plus, minus = (f" {operator(sign)} " for sign in "+−")
    times, comma = operator("·"), operator(",")
    forms: ClassVar = {
        "grouped": Form(row(_OPEN, "$0", _CLOSE)),
        "call": Form(row("<mi>$0</mi>", row(_OPEN, "$1", _CLOSE))),
        "ten": Form(row("$0", operator("·"), "<msup><mn>10</mn>$1</msup>")),
        "of": Form(f"<msup>{row(_OPEN, '$0', _CLOSE)}$1</msup>"),
        "through": Form(f"<msub>{row(_OPEN, '$0', _CLOSE)}$1</msub>"),
        "series": Form(
            f"<munderover>{operator('∑')}{row('<mi>$0</mi>', operator('='), '<mn>1</mn>')}"
            "<mn>$1</mn></munderover>$2"
        ),
        "partial": Form(
            "<mfrac><mrow><mi>∂</mi>$0</mrow><mrow><mi>∂</mi>$1</mrow></mfrac>",
            MULTIPLY, (ATOM, ATOM),
        ),
        "negative": Form(operator("−") + "$0", SIGN, (DIVIDE,)),
        "ratio": Form("<mfrac><mrow>$0</mrow><mrow>$1</mrow></mfrac>", RAISE),
        "power": Form("<msup>$0<mrow>$1</mrow></msup>", RAISE, (ATOM,)),
        "exp": Form("<msup><mi>e</mi><mrow>$0</mrow></msup>", RAISE),
        "sqrt": Form("<msqrt>$0</msqrt>"),
        "abs": Form(row(operator("|"), "$0", operator("|"))),
        "choice": Form(
            row(
                _OPEN, "$2", "<mtext> if </mtext>", "$0", operator(">"), "$1",
                "<mtext>, else </mtext>", "$3", _CLOSE,
            )
        ),
        "pi": Form("<mi>π</mi>"),
        "dots": Form("<mi>⋯</mi>"),
    }  # fmt: skip
    functions: ClassVar = {"Phi": "Φ", "phi": "φ"}

    def _mantissa(self, text: str) -> str:
        digits = text.lstrip("-").replace("inf", "∞").replace("nan", "NaN")
        parts = [operator("−")] * text.startswith("-")
        return row(*parts, f"<mn>{digits}</mn>")

    def _raised(self, text: str) -> str:
        kind = "mn" if text.lstrip("-").isdigit() else "mtext"
        return f"<{kind}>{escape(text.replace('-', '−'))}</{kind}>"

    def _symbol(self, symbol: Symbol) -> Piece:
        base = f"<mi>{symbol.base}</mi>"
        below, above = (f"<mtext>{escape(text)}</mtext>" for text in (symbol.below, symbol.above))
        if symbol.below and symbol.above:
            return Piece(f"<msubsup>{base}{below}{above}</msubsup>", RAISE)
        if symbol.above:
            return Piece(f"<msup>{base}{above}</msup>", RAISE)
        return Piece(f"<msub>{base}{below}</msub>" if symbol.below else base)


class Cells(Language):
    """What stands behind the equals sign of a cell; `refer` says where a quantity is."""

    plus, minus, times, comma = "+", "-", "*", ","
    forms: ClassVar = {
        "grouped": Form("($0)"),
        "call": Form("$0($1)"),
        "negative": Form("-$0", SIGN, (ATOM,)),  # spreadsheets read -x^2 as (-x)^2
        "ratio": Form("$0/$1", DIVIDE, (MULTIPLY, RAISE)),
        "power": Form("$0^$1", RAISE, (ATOM, ATOM)),
        "choice": Form("IF($0>$1,$2,$3)"),
        "pi": Form("PI()"),
        "Phi": Form("0.5*ERFC(-$0/SQRT(2))", MULTIPLY, (ATOM,)),
        "phi": Form("EXP(-($0^2)/2)/SQRT(2*PI())", DIVIDE, (ATOM,)),
    }
    functions: ClassVar = {
        name: name.upper() for name in ("exp", "ln", "sqrt", "tanh", "abs", "max", "min")
    }

    def __init__(self, refer: Callable[[Quantity], str]) -> None:
        self.refer = refer

    def piece(self, tree: Expression) -> Piece:
        """Every term of a series: a spreadsheet knows no other sum that names its terms."""
        return super().piece(tree.written_out if isinstance(tree, Series) else tree)

    def _quantity(self, quantity: Quantity) -> Piece:
        return Piece(self.refer(quantity))

    def _number(self, value: float) -> Piece:
        return Piece(repr(value).upper(), SIGN if value < 0 else ATOM)
