"""A derivation as sections of sentences, equations and tables, and how these look.

As text for terminals, as Markdown with LaTeX, as one HTML file with MathML that needs no network.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Words

from sweep.course.expression import Expression
from sweep.course.languages import Language, Latex, MathML, Text, operator, spelled
from sweep.course.symbols import Notation

WIDTH = 100
_LINE, _LONG = 84, 76
"""Characters beyond which an equation takes a line a side: on terminals, in files."""
_INDENT = (0, 0, 0, 3)
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~])")

Cell = str | Expression
Line = tuple[Cell, ...]
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

    headings: Line
    rows: tuple[Line, ...]


Block = Paragraph | Equation | Table


@dataclass(frozen=True)
class Section:
    """A titled part."""

    title: Line
    body: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """The whole, with how its quantities are called and how many digits its numbers have."""

    title: str
    sections: tuple[Section, ...]
    notation: Notation
    digits: int


def terminal(document: Document, encoding: str = "utf-8") -> Group:
    """The document for rich to print, as wide as the terminal is and in its colours.

    Signs that the `encoding` lacks are spelled.
    """
    page = _Terminal(Text(document.notation, document.digits), encoding)
    parts: list[RenderableType] = [page.line((document.title,), "bold")]
    for section in document.sections:
        parts += [Words(""), page.line(section.title, "bold underline")]
        parts += map(page.block, section.body)
    return Group(*parts)


def plain(document: Document) -> str:
    """The document as text for a file, `WIDTH` wide and without colours."""
    target = StringIO()
    Console(file=target, width=WIDTH, color_system=None, highlight=False).print(terminal(document))
    return "\n".join(line.rstrip() for line in target.getvalue().splitlines()) + "\n"


def markdown(document: Document, picture: str = "") -> str:
    """The document as Markdown, its formulas between dollar signs; `picture` is a file to show."""
    page = _Markdown(Latex(document.notation, document.digits))
    parts = [f"# {_marked(document.title)}"]
    parts += [f"![The network]({picture})"] if picture else []
    for section in document.sections:
        parts.append(f"## {page.line(section.title)}")
        parts += map(page.block, section.body)
    return "\n\n".join(parts) + "\n"


def html(document: Document, picture: str = "") -> str:
    """The document as a page of its own; `picture` is an <svg> element to show."""
    page = _HTML(MathML(document.notation, document.digits))
    title = escape(document.title)
    parts = [f"<h1>{title}</h1>"]
    parts += [f"<figure>{picture}</figure>"] if picture else []
    for section in document.sections:
        parts.append(f"<h2>{page.line(section.title)}</h2>")
        parts += map(page.block, section.body)
    return _PAGE.format(title=title, style=_STYLE, body="\n".join(parts))


@dataclass(frozen=True)
class _Terminal:
    language: Text
    encoding: str

    def words(self, text: str, style: str = "") -> Words:
        return Words(spelled(text, self.encoding), style)

    def line(self, line: Line, style: str = "") -> Words:
        return Words("", style).join([Words("", style), *map(self.cell, line)])

    def cell(self, part: Cell) -> Words:
        if isinstance(part, str):
            return self.words("".join(c if c.isprintable() else " " for c in part))
        return self.words(self.language.write(part), "cyan")

    def block(self, block: Block) -> RenderableType:
        match block:
            case Paragraph(line):
                return self.line(line)
            case Equation():
                return Padding(self.equation(block), _INDENT)
        grid = Grid(box=None, padding=(0, 2, 0, 0), show_header=any(block.headings))
        for heading in block.headings:
            grid.add_column(self.cell(heading))
        for row in block.rows:
            grid.add_row(*map(self.cell, row))
        return Padding(grid, _INDENT)

    def equation(self, equation: Equation) -> RenderableType:
        left = self.cell(equation.left)
        sides = [self.words(self.language.write(side)) for side in equation.sides]
        if equation.value is not None:
            sides[-1].stylize("bold green")
        if left.cell_len + sum(side.cell_len + 3 for side in sides) <= _LINE:
            return Words(" = ").join([left, *sides])
        grid = Grid(box=None, padding=(0, 1, 0, 0), show_header=False)
        grid.add_column(no_wrap=True)
        for at, side in enumerate(sides):
            grid.add_row(Words() if at else left, "=", side)
        return grid


def _fits(equation: Equation, language: Language) -> bool:
    """Whether an equation fits into one line of a page."""
    text = Text(language.name, language.digits)
    sides = (equation.left, *equation.sides)
    return len(" = ".join(map(text.write, sides))) <= _LONG


@dataclass(frozen=True)
class _Markdown:
    latex: Latex

    def line(self, line: Line) -> str:
        return "".join(map(self.cell, line))

    def cell(self, part: Cell) -> str:
        return _marked(part) if isinstance(part, str) else f"${self.latex.write(part)}$"

    def block(self, block: Block) -> str:
        match block:
            case Paragraph(line):
                return self.line(line)
            case Equation():
                return self.equation(block)
        rows = [list(map(self.cell, row)) for row in (block.headings, *block.rows)]
        rows.insert(1, ["---"] * len(block.headings))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def equation(self, equation: Equation) -> str:
        left, *sides = map(self.latex.write, (equation.left, *equation.sides))
        if _fits(equation, self.latex):
            return f"$$\n{' = '.join((left, *sides))}\n$$"
        lines = " \\\\\n".join(f"&= {side}" for side in sides)
        return f"$$\n\\begin{{aligned}}\n{left} {lines}\n\\end{{aligned}}\n$$"


def _marked(text: str) -> str:
    """Text that is no markup."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text))


@dataclass(frozen=True)
class _HTML:
    mathml: MathML

    def line(self, line: Line) -> str:
        return "".join(map(self.cell, line))

    def cell(self, part: Cell) -> str:
        if isinstance(part, str):
            return escape(part)
        return f"<math><mrow>{self.mathml.write(part)}</mrow></math>"

    def block(self, block: Block) -> str:
        match block:
            case Paragraph(line):
                return f"<p>{self.line(line)}</p>"
            case Equation():
                inner = self.equation(block)
                return f'<div class="equation"><math displaystyle="true">{inner}</math></div>'
        rows = _rows("td", (map(self.cell, row) for row in block.rows), "tr")
        return f"<table>{_rows('th', [map(self.cell, block.headings)], 'tr')}{rows}</table>"

    def equation(self, equation: Equation) -> str:
        equals = operator("=")
        first, *sides = map(self.mathml.write, (equation.left, *equation.sides))
        if _fits(equation, self.mathml):
            return f"<mrow>{first}{equals}{equals.join(sides)}</mrow>"
        lines = (("" if at else first, equals, side) for at, side in enumerate(sides))
        return f"<mtable>{_rows('mtd', lines, 'mtr')}</mtable>"


def _rows(cell: str, rows: Iterable[Iterable[str]], row: str) -> str:
    """Rows of cells, each in elements of these names."""
    lines = ("".join(f"<{cell}>{one}</{cell}>" for one in line) for line in rows)
    return "".join(f"<{row}>{line}</{row}>" for line in lines)


_PAGE = """\
<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="generator" content="sweep explain"/>
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2328; max-width: 60rem;
  margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.3; }
h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #d5d9de; }
table { border-collapse: collapse; margin: .8rem 0; }
td, th { padding: .2rem .9rem .2rem 0; text-align: left; font-weight: normal; }
th { color: #59636e; border-bottom: 1px solid #d5d9de; }
.equation { margin: .4rem 0 .4rem 1.5rem; padding: .15rem 0; overflow: auto hidden; }
math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", math; }
mtable, mfrac { math-style: normal; }
mtd { text-align: left; padding: .25em .15em; }
figure { margin: 1.5rem 0; }
figure svg { max-width: 100%; height: auto; }
@media print { h2 { break-after: avoid; } .equation { break-inside: avoid; } }
"""
