"""A document as Markdown with LaTeX, and as one HTML file with MathML that needs no network."""

import re
from html import escape

from sweep.course.document import Document, Equation, Line, Paragraph, Table
from sweep.course.expression import Expression
from sweep.course.latex import Latex
from sweep.course.mathml import MathML, operator
from sweep.course.writing import Language, Text

_LONG = 76  # characters as text beyond which an equation takes a line for each of its sides
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~])")

_EQUATION = '<div class="equation"><math displaystyle="true">{}</math></div>'

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


def markdown(document: Document, picture: str = "") -> str:
    """The document as Markdown, its formulas between dollar signs; `picture` is a file to show."""
    page = _Markdown(Latex(document.notation, document.digits))
    parts = [f"# {_marked(document.title)}"]
    parts += [f"![The network]({picture})"] if picture else []
    for section in document.sections:
        parts.append(f"## {page.line(section.title)}")
        parts += [page.block(block) for block in section.body]
    return "\n\n".join(parts) + "\n"


class _Markdown:
    def __init__(self, latex: Latex) -> None:
        self.latex = latex

    def line(self, line: Line) -> str:
        return "".join(map(self.cell, line))

    def cell(self, part: str | Expression) -> str:
        return _marked(part) if isinstance(part, str) else f"${self.latex.write(part)}$"

    def block(self, block: Paragraph | Equation | Table) -> str:
        match block:
            case Paragraph(line):
                return self.line(line)
            case Equation():
                return self.equation(block)
        rows = [block.headings, ("---",) * len(block.headings), *block.rows]
        cells = [[c if c == "---" else self.cell(c) for c in row] for row in rows]
        return "\n".join(f"| {' | '.join(row)} |" for row in cells)

    def equation(self, equation: Equation) -> str:
        left, *sides = map(self.latex.write, (equation.left, *equation.sides))
        if _fits(equation, self.latex):
            return f"$$\n{' = '.join((left, *sides))}\n$$"
        lines = " \\\\\n".join(f"&= {side}" for side in sides)
        return f"$$\n\\begin{{aligned}}\n{left} {lines}\n\\end{{aligned}}\n$$"


def _fits(equation: Equation, language: Language) -> bool:
    """Whether an equation fits into one line."""
    text = Text(language.name, language.digits)
    sides = (equation.left, *equation.sides)
    return len(" = ".join(map(text.write, sides))) <= _LONG


def _marked(text: str) -> str:
    """Text that is no markup."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text))


def html(document: Document, picture: str = "") -> str:
    """The document as a page of its own; `picture` is an <svg> element to show."""
    page = _HTML(MathML(document.notation, document.digits))
    title = escape(document.title)
    parts = [f"<h1>{title}</h1>"]
    parts += [f"<figure>{picture}</figure>"] if picture else []
    for section in document.sections:
        parts.append(f"<h2>{page.line(section.title)}</h2>")
        parts += [page.block(block) for block in section.body]
    space = "http://www.w3.org/1999/xhtml"
    head = f'<meta charset="utf-8"/>\n<title>{title}</title>\n<style>{_STYLE}</style>'
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en" xmlns="{space}">\n<head>\n{head}\n</head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


class _HTML:
    def __init__(self, mathml: MathML) -> None:
        self.mathml = mathml

    def line(self, line: Line) -> str:
        return "".join(map(self.cell, line))

    def cell(self, part: str | Expression) -> str:
        return escape(part) if isinstance(part, str) else self.formula(part)

    def formula(self, tree: Expression) -> str:
        return f"<math><mrow>{self.mathml.write(tree)}</mrow></math>"

    def block(self, block: Paragraph | Equation | Table) -> str:
        match block:
            case Paragraph(line):
                return f"<p>{self.line(line)}</p>"
            case Equation():
                return self.equation(block)
        head = "".join(f"<th>{self.cell(c)}</th>" for c in block.headings)
        rows = ("".join(f"<td>{self.cell(c)}</td>" for c in row) for row in block.rows)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><tr>{head}</tr>{body}</table>"

    def equation(self, equation: Equation) -> str:
        first, rows = self.mathml.write(equation.left), []
        if _fits(equation, self.mathml):
            sides = operator("=").join(map(self.mathml.write, equation.sides))
            whole = f"<mrow>{first}{operator('=')}{sides}</mrow>"
            return _EQUATION.format(whole)
        for at, side in enumerate(equation.sides):
            cells = ("" if at else first, operator("="), self.mathml.write(side))
            rows.append("".join(f"<mtd>{cell}</mtd>" for cell in cells))
        body = "".join(f"<mtr>{row}</mtr>" for row in rows)
        return (
            f'<div class="equation"><math displaystyle="true"><mtable>{body}</mtable></math></div>'
        )
