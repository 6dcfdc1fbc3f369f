"""A document on a terminal, as wide as that is and in its colours."""

from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Words

from sweep.course.document import Document, Equation, Line, Paragraph, Table
from sweep.course.expression import Expression
from sweep.course.writing import Text

WIDTH = 100
_INDENT = (0, 0, 0, 3)
_LINE = 84  # characters beyond which an equation takes a line for each of its sides


def terminal(document: Document) -> Group:
    """The document for rich to print."""
    page = _Terminal(Text(document.notation, document.digits))
    parts: list[RenderableType] = [Words(document.title, "bold")]
    for section in document.sections:
        parts += [Words(""), page.line(section.title, "bold underline")]
        parts += [page.block(block) for block in section.body]
    return Group(*parts)


def plain(document: Document) -> str:
    """The document as text for a file, `WIDTH` wide and without colours."""
    target = StringIO()
    Console(file=target, width=WIDTH, color_system=None, highlight=False).print(terminal(document))
    return "\n".join(line.rstrip() for line in target.getvalue().splitlines()) + "\n"


class _Terminal:
    def __init__(self, language: Text) -> None:
        self.language = language

    def line(self, line: Line, style: str = "") -> Words:
        words = Words(style=style)
        for part in line:
            words.append_text(self.cell(part))
        return words

    def cell(self, part: str | Expression) -> Words:
        if isinstance(part, str):
            return Words("".join(c if c.isprintable() else " " for c in part))
        return Words(self.language.write(part), "cyan")

    def block(self, block: Paragraph | Equation | Table) -> RenderableType:
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
        sides = [Words(self.language.write(side)) for side in equation.sides]
        if equation.value is not None:
            sides[-1].stylize("bold green")
        if left.cell_len + sum(side.cell_len + 3 for side in sides) <= _LINE:
            return Words(" = ").join([left, *sides])
        grid = Grid(box=None, padding=(0, 1, 0, 0), show_header=False)
        grid.add_column(no_wrap=True)
        for at, side in enumerate(sides):
            grid.add_row(Words() if at else left, "=", side)
        return grid
