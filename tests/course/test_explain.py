"""The derivation: its sets, its equations, and what each language makes of them."""

import re
from collections.abc import Iterator
from functools import cache
from io import StringIO
from xml.etree import ElementTree

import numpy as np
import pytest
from markdown_it import MarkdownIt
from matplotlib.mathtext import MathTextParser
from rich.console import Console

from sweep.cli.terminal import use_what_it_has
from sweep.course.diagram import draw_network, svg
from sweep.course.document import Document, Equation, html, markdown, plain, terminal
from sweep.course.explain import FEW, SHOWN, explain
from sweep.course.expression import Node, Number, Quantity, compute
from sweep.course.languages import Latex, Text
from sweep.course.snapshot import Snapshot, snapshot_of
from sweep.errors import RequestError

from . import studies

names = pytest.mark.parametrize("name", list(studies.SNAPSHOTS))


@cache
def snapshot(name: str) -> Snapshot:
    return studies.SNAPSHOTS[name]()


@cache
def document(name: str) -> Document:
    return explain(snapshot(name))


def equations(found: Document) -> Iterator[Equation]:
    for section in found.sections:
        yield from (block for block in section.body if isinstance(block, Equation))


def titles(found: Document) -> list[str]:
    text = Text(found.notation, found.digits)
    return [
        "".join(part if isinstance(part, str) else text.write(part) for part in section.title)
        for section in found.sections
    ]


def test_the_sets_of_the_course() -> None:
    assert titles(document("course")) == [
        "What is given",
        "1. The way forward",
        "2. ∂E_T/∂W5 by the chain rule",
        "3. ∂E_T/∂W5 … ∂E_T/∂W8 together",
        "4. ∂E_T/∂W1 … ∂E_T/∂W4 by the chain rule",
        "5. ∂E1/∂A_H1 and ∂E2/∂A_H1",
        "6. ∂E1/∂A_H2 and ∂E2/∂A_H2",
        "7. ∂E_T/∂A_H1 and ∂E_T/∂A_H2",
        "8. ∂E_T/∂W1 … ∂E_T/∂W4",
        "9. The update",
    ]


WORKED = """\
h1 = W1 · I1 + W2 · I2 = 0.15 · 0.05 + 0.2 · 0.1 = 0.0275
A_H1 = 1/(1 + e^(−h1)) = 1/(1 + e^(−0.0275)) = 0.506874567
W5 acts through o1 alone, and so on E1 alone; E2 is constant in it.
∂E_T/∂W5 = ∂(E1 + E2)/∂W5 = ∂E1/∂W5 + 0 = ∂E1/∂A_O1 · ∂A_O1/∂o1 · ∂o1/∂W5
∂E1/∂A_O1 = A_O1 − T1 = 0.606477732 − 0.01 = 0.596477732
= (A_O1 − T1) · A_O1 · (1 − A_O1) · A_H1
∂E_T/∂W1 = ∂E_T/∂A_H1 · ∂A_H1/∂h1 · ∂h1/∂W1
∂E_T/∂A_H1 = ∂E1/∂A_H1 + ∂E2/∂A_H1 = 0.0569427449 + (−0.041879444) = 0.0150633009
W5⁺ = W5 − η · ∂E_T/∂W5 = 0.4 − 0.5 · 0.0721570729 = 0.363921464
With them the loss goes from 0.242519857 to 0.235495378.
"""


def test_what_a_student_reads() -> None:
    """Numbers of a calculation by hand, in the terminal's form."""
    found = plain(explain(snapshot_of(studies.course("lr_graphs"), ["learning_rate=0.5"])))
    for line in WORKED.splitlines():
        assert line in found


@names
def test_every_equation_holds(name: str) -> None:
    """In the forms that can be computed: to some ulp of the largest term (gelu_tanh cancels)."""
    numbers, checked = snapshot(name).numbers, 0
    for equation in equations(document(name)):
        if equation.value is None or not isinstance(equation.value, Number):
            continue
        for form in (*equation.forms, *([equation.filled] if equation.filled else [])):
            if _shown_only(form):
                continue
            checked += 1
            found = np.squeeze(compute(form, numbers.__getitem__))
            tolerance = 1e-13 if snapshot(name).group.training.dtype == "float64" else 1e-6
            np.testing.assert_allclose(
                found, equation.value.value, rtol=tolerance, atol=1e-14, err_msg=str(equation.left)
            )
    assert checked > 40


def _shown_only(tree: object) -> bool:
    if isinstance(tree, Node):
        return tree.operation in ("partial", "dots") or any(map(_shown_only, tree.parts))
    return False


@names
def test_the_update_is_told(name: str) -> None:
    """Of every parameter in a small network, and not after the last step."""
    lefts = [equation.left for equation in equations(document(name))]
    updated = {
        q for q in lefts if isinstance(q, Quantity) and q.kind in ("next_weight", "next_bias")
    }
    parameters = snapshot(name).definitions.all_parameters
    if len(parameters) <= SHOWN:
        assert updated == {Quantity(f"next_{p.kind}", p.layer, p.to, p.origin) for p in parameters}
    else:
        assert len(updated) == (0 if name == "last" else FEW)


def formulas(page: str) -> set[str]:
    """What stands between dollar signs, line by line, with every number the same one."""
    blocks = re.findall(r"\$\$\n(.*?)\n\$\$", page, re.DOTALL)
    rest = re.sub(r"\$\$\n.*?\n\$\$", "", page, flags=re.DOTALL).replace(r"\$", "")
    lines = [line for block in blocks for line in block.splitlines()]
    lines = [line.removesuffix(r" \\").replace("&=", "=") for line in lines]
    lines += re.findall(r"\$([^$\n]+)\$", rest)
    return {re.sub(r"\d+", "1", line) for line in lines if "{aligned}" not in line}


@pytest.mark.quick("course", "adamw", "scheduled", "softmax", "wide")
@names
def test_latex_parses(name: str) -> None:
    parser, found = MathTextParser("path"), formulas(markdown(document(name)))
    assert len(found) > 15
    for formula in found:
        parser.parse(f"${formula}$")


def test_the_parser_refuses_what_is_no_latex() -> None:
    with pytest.raises(ValueError, match="ParseSyntaxException"):
        MathTextParser("path").parse(r"$\frac{\partial E}{$")


@names
def test_markdown_renders(name: str) -> None:
    """Sections and tables are there, and no formula is taken for emphasis, a link or a list."""
    found, page = document(name), markdown(document(name), "network.png")
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    kinds = [token.type for token in tokens]
    assert kinds.count("heading_open") == 1 + len(found.sections)
    rules = re.findall(r"^\|(?: --- \|)+$", page, re.MULTILINE)
    assert kinds.count("table_open") == len(rules)
    assert not {"bullet_list_open", "code_block", "fence", "html_block", "hr"} & set(kinds)
    inner = {child.type for token in tokens for child in token.children or ()}
    assert inner <= {"text", "softbreak", "image", "hardbreak"}
    paragraphs = [token.content for token in tokens if token.type == "inline"]
    assert sum(text.startswith("$$") for text in paragraphs) == len(list(equations(found)))
    assert all(text.endswith("$$") for text in paragraphs if text.startswith("$$"))


@pytest.mark.quick("course", "wide")
@pytest.mark.parametrize("name", ["course", "adam", "softmax", "wide"])
def test_html_is_whole_and_needs_no_network(name: str) -> None:
    page = html(document(name), svg(draw_network(snapshot(name))))
    root = ElementTree.fromstring(page.partition("\n")[2])
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert {"math", "mfrac", "msub", "svg", "table"} <= tags
    assert "script" not in tags
    attributes = [pair for element in root.iter() for pair in element.attrib.items()]
    links = [value for key, value in attributes if key.rpartition("}")[2] in ("href", "src")]
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)


def test_a_small_negative_factor_stands_in_parentheses() -> None:
    product = Number(0.5) * Number(-4.7e-5)
    name = snapshot("course").notation
    assert Text(name, 9).write(product) == "0.5 · (−4.7·10⁻⁵)"
    assert Latex(name, 9).write(product) == r"0.5 \cdot \left(-4.7 \cdot 10^{-5}\right)"


def test_a_title_is_text_in_every_language() -> None:
    found = document("softmax")
    assert "=1+1 <b>[two]</b> *samples* $a_b$" in plain(found)
    assert r"# =1+1 \<b\>\[two\]\</b\> \*samples\* \$a\_b\$: the derivation" in markdown(found)
    assert "<h1>=1+1 &lt;b&gt;[two]&lt;/b&gt; *samples* $a_b$: the" in html(found)


def test_a_terminal_is_not_commanded() -> None:
    text = plain(document("adam"))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert max(map(len, text.splitlines())) <= 100


def test_another_sample_is_written_out() -> None:
    first, second = (plain(explain(snapshot("logits"), sample)) for sample in (1, 2))
    assert "I1⁽²⁾" in second
    assert "I1⁽²⁾" not in first
    with pytest.raises(RequestError, match="sees samples 1 to 2"):
        explain(snapshot("logits"), 3)


def test_a_wide_network_is_told_by_indices() -> None:
    text = plain(document("wide"))
    assert "(Σ[i = 1 … 12] w1_1_i · I_i⁽¹⁾) + b1_1" in text
    assert "The other 18 likewise." in text
    assert len(text.splitlines()) < 400


def test_tables_say_where_rows_are_left_out() -> None:
    """Of 20 neurons 12 are shown, the last one behind the gap."""
    lines = [line.split() for line in plain(document("wide")).splitlines()]
    at = lines.index(["…", "8", "more", "…"])
    assert (lines[at - 1][0], lines[at + 1][0]) == ("z1_11⁽¹⁾", "z1_20⁽¹⁾")
    assert "| … 8 more … |  |" in markdown(document("wide"))
    assert "The other 19 neurons of the layer likewise." in plain(document("wide"))


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("course", "learning_rate = 0.5, step 3"),
        ("biases", "η = 0.5, step 0"),
        ("momentum", "η = 0.1, step 5, values of sample 1 and gradients of all 2"),
        ("wide", "learning_rate = 0.01, step 2, values of sample 1 and gradients of all 9"),
    ],
)
def test_a_diagram_names_its_trial_and_step(name: str, note: str) -> None:
    figure = draw_network(snapshot(name))
    texts = [*figure.texts, *(axes.title for axes in figure.axes)]
    assert note in [" ".join(text.get_text().split()) for text in texts]


@names
@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
def test_a_derivation_is_spelled_where_signs_lack(name: str, encoding: str) -> None:
    """Nothing of it is a question mark, and columns stay under each other."""
    use_what_it_has()
    target = StringIO()
    console = Console(file=target, width=100, color_system=None, highlight=False)
    console.print(terminal(document(name), lambda s: s.encode(encoding, "sweep").decode(encoding)))
    text = target.getvalue()
    assert text.encode(encoding).decode(encoding) == text
    assert "?" not in text
    assert "dE_T/dW1" in text or "dE_T/dw2_1_1" in text
