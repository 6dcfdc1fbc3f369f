"""A derivation as sections of sentences, equations and tables, and how these look.

As text for terminals, as Markdown with LaTeX, as one HTML file with MathML that needs no network.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from io import StringIO

from jinja2 import Template
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Words

from sweep.course.expression import Expression
from sweep.course.languages import Language, Latex, MathML, Text, operator
from sweep.course.symbols import Notation

WIDTH = 100
_LINE, _LONG = 84, 76
"""Characters beyond which an equation takes a line a side: on terminals, in files."""
_INDENT = (0, 0, 0, 3)
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~])")

Cell = str | Expression
Line = tuple[Cell, ...]
"""Words with formulas among them: a heading, or a sentence or more."""


@dataclass(frozen=True)
class Equation:
    """left = one form = another = the last `filled` with numbers = value.

    The last two are there if the one says more than the other, and that is known at this point.
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
class Table:
    """Rows under headings; every cell is words or a formula."""

    headings: Line
    rows: tuple[Line, ...]


Block = Line | Equation | Table
"""A paragraph, or what stands alone."""


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


def terminal(document: Document, spelled: Callable[[str], str] = str) -> Group:
    """The document for rich to print, as wide as the terminal is and in its colours.

    `spelled` gives a text in signs that the terminal has.
    """
    page = _Terminal(Text(document.notation, document.digits), spelled)
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
    shown = [f"![The network]({picture})"] * bool(picture)
    parts = _Markdown(Latex(document.notation, document.digits)).parts(document, shown)
    return "\n\n".join(parts) + "\n"


def html(document: Document, picture: str = "") -> str:
    """The document as a page of its own; `picture` is an <svg> element to show."""
    shown = [f"<figure>{picture}</figure>"] * bool(picture)
    parts = _HTML(MathML(document.notation, document.digits)).parts(document, shown)
    page = Template(files("sweep.course").joinpath("page.html").read_text(encoding="utf-8"))
    return str(page.render(title=escape(document.title), body="\n".join(parts))) + "\n"


@dataclass(frozen=True)
class _Terminal:
    language: Text
    spelled: Callable[[str], str]

    def words(self, text: str, style: str = "") -> Words:
        return Words(self.spelled(text), style)

    def line(self, line: Line, style: str = "") -> Words:
        return Words("", style).join([Words("", style), *map(self.cell, line)])

    def cell(self, part: Cell) -> Words:
        if isinstance(part, str):
            return self.words("".join(c if c.isprintable() else " " for c in part))
        return self.words(self.language.write(part), "cyan")

    def block(self, block: Block) -> RenderableType:
        match block:
            case tuple():
                return self.line(block)
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


@dataclass(frozen=True)
class _Page(ABC):
    """A file: parts one after another, each as its markup has it."""

    language: Language

    def parts(self, document: Document, picture: Sequence[str]) -> Iterator[str]:
        yield self.heading(1, (document.title,))
        yield from picture
        for section in document.sections:
            yield self.heading(2, section.title)
            yield from map(self.block, section.body)

    def line(self, line: Line) -> str:
        return "".join(map(self.cell, line))

    def sides(self, equation: Equation) -> tuple[list[str], bool]:
        """What an equation's sides are, and whether they fit into one line of the page."""
        sides = (equation.left, *equation.sides)
        text = Text(self.language.name, self.language.digits)
        fits = len(" = ".join(map(text.write, sides))) <= _LONG
        return list(map(self.language.write, sides)), fits

    @abstractmethod
    def heading(self, level: int, line: Line) -> str: ...

    @abstractmethod
    def cell(self, part: Cell) -> str: ...

    @abstractmethod
    def block(self, block: Block) -> str: ...


class _Markdown(_Page):
    def heading(self, level: int, line: Line) -> str:
        return f"{'#' * level} {self.line(line)}"

    def cell(self, part: Cell) -> str:
        if isinstance(part, str):
            return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", part))
        return f"${self.language.write(part)}$"

    def block(self, block: Block) -> str:
        match block:
            case tuple():
                return self.line(block)
            case Equation():
                sides, fits = self.sides(block)
                if fits:
                    return f"$$\n{' = '.join(sides)}\n$$"
                left, *others = sides
                lines = " \\\\\n".join(f"&= {side}" for side in others)
                return f"$$\n\\begin{{aligned}}\n{left} {lines}\n\\end{{aligned}}\n$$"
        rows = [list(map(self.cell, row)) for row in (block.headings, *block.rows)]
        rows.insert(1, ["---"] * len(block.headings))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)


class _HTML(_Page):
    def heading(self, level: int, line: Line) -> str:
        return f"<h{level}>{self.line(line)}</h{level}>"

    def cell(self, part: Cell) -> str:
        if isinstance(part, str):
            return escape(part)
        return f"<math><mrow>{self.language.write(part)}</mrow></math>"

    def block(self, block: Block) -> str:
        match block:
            case tuple():
                return f"<p>{self.line(block)}</p>"
            case Equation():
                inner = self.equation(block)
                return f'<div class="equation"><math displaystyle="true">{inner}</math></div>'
        rows = _rows("td", (map(self.cell, row) for row in block.rows), "tr")
        return f"<table>{_rows('th', [map(self.cell, block.headings)], 'tr')}{rows}</table>"

    def equation(self, equation: Equation) -> str:
        equals, (sides, fits) = operator("="), self.sides(equation)
        if fits:
            return f"<mrow>{equals.join(sides)}</mrow>"
        lines = (("" if at else sides[0], equals, side) for at, side in enumerate(sides[1:]))
        return f"<mtable>{_rows('mtd', lines, 'mtr')}</mtable>"


def _rows(cell: str, rows: Iterable[Iterable[str]], row: str) -> str:
    """Rows of cells, each in elements of these names."""
    lines = ("".join(f"<{cell}>{one}</{cell}>" for one in line) for line in rows)
    return "".join(f"<{row}>{line}</{row}>" for line in lines)
