"""Formulas as trees: read from a cell's text with Excel's precedence, and computed with NumPy.

Only what is listed in `OPERATORS` and `FUNCTIONS` is ever computed: arithmetic. A formula that
asks for anything else (a macro, a link, a web request) is text that nobody runs.

References are kept relative to their own cell, as in Excel's R1C1 notation, so that a formula
that was filled down a column is one tree.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import repeat
from typing import Any

import numpy as np
from openpyxl.utils import column_index_from_string

REFERENCE = re.compile(
    r"""("(?:[^"]|"")*"|'(?:[^']|'')*'!?)                            # text, or a sheet's name
      |(?<![\w.$\\])(\$?)([A-Z]{1,3})(\$?)([1-9]\d{0,6})(?![\w.(!])  # a cell""",
    re.VERBOSE | re.IGNORECASE,
)
TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<text>"(?:[^"]|"")*")
    | (?P<cell>(?:(?:'(?:[^']|'')*'|[\w.]+)!)?@(?:\$?-?\d+),(?:\$?-?\d+)@)
    | (?P<name>[^\W\d][\w.]*(?:!\w+)?)
    | (?P<operator><=|>=|<>|[-+*/^&=<>%(),;:])
    | (?P<strange>\S{1,20})
    )""",
    re.VERBOSE,
)
DEEPEST, LONGEST, MOST_TOKENS = 100, 2000, 400
"""How deep a formula may be, its brackets and operators inside another, and how many characters
and words it may have: it is walked through by functions that call themselves."""


class FormulaError(Exception):
    """A formula that asks for more than arithmetic, or that nobody can read."""


@dataclass(frozen=True)
class Number:
    """A number or a text, as typed."""

    value: float | str


@dataclass(frozen=True)
class Place:
    """A row or column: how far away, or, if `pinned`, which one, from 1."""

    pinned: bool
    at: int

    def seen_from(self, here: int) -> int:
        """Return the row or column, from 1, that a cell in row or column `here` means."""
        return self.at if self.pinned else here + self.at


@dataclass(frozen=True)
class Cell:
    """A reference to one cell; `sheet` is None for its own."""

    sheet: str | None
    row: Place
    column: Place


@dataclass(frozen=True)
class Area:
    """A rectangle of cells."""

    first: Cell
    last: Cell


@dataclass(frozen=True)
class Name:
    """A named cell, or a symbol of the exercise."""

    name: str


@dataclass(frozen=True)
class Call:
    """A function, or an operator such as "+", of its arguments."""

    function: str
    arguments: tuple["Tree", ...]


Tree = Number | Cell | Area | Name | Call


def relative(text: str, row: int, column: int) -> str:
    """Return a formula's text with its references relative to the cell that holds it."""

    def rewritten(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        across = column_index_from_string(match[3].upper())
        down = int(match[5])
        place = f"${down}" if match[4] else down - row
        return f"@{place},{f'${across}' if match[2] else across - column}@"

    return REFERENCE.sub(rewritten, text)


@lru_cache(maxsize=20_000)
def parse(text: str) -> Tree:
    """Return the tree of a formula in relative form, without its "=".

    Raises:
        FormulaError: it is too long or too deep, or not a formula.
    """
    if len(text) > LONGEST:
        raise FormulaError(f"a formula of {len(text):,} characters")
    return _Reader(text).whole()


BINDING = {**dict.fromkeys(("=", "<>", "<", ">", "<=", ">="), 1), "&": 2,
           "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}  # fmt: skip
"""How tightly operators bind. All go from left to right; Excel's signs bind tighter than they."""


class _Reader:
    """The tokens of one formula, read from left to right."""

    def __init__(self, text: str) -> None:
        found = TOKEN.finditer(text)
        self.tokens = [(str(one.lastgroup), one[str(one.lastgroup)]) for one in found]
        self.at = self.depth = 0
        if len(self.tokens) > MOST_TOKENS:
            raise FormulaError(f"a formula of {len(self.tokens)} parts")
        self.tokens.append(("end", ""))

    def whole(self) -> Tree:
        tree = self._level(0)
        kind, text = self.tokens[self.at]
        if kind != "end":
            raise FormulaError(f"`{text}`")
        return tree

    def _next(self, wanted: Container[str]) -> str:
        """Take the next token if it is one of the operators wanted, else return ""."""
        kind, text = self.tokens[self.at]
        if kind != "operator" or text not in wanted:
            return ""
        self.at += 1
        return text

    def _level(self, least: int) -> Tree:
        """What operators that bind tighter than `least` hold together."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise FormulaError(f"more than {DEEPEST} brackets inside another")
        tree = self._signed()
        while operator := self._next([one for one, binds in BINDING.items() if binds > least]):
            tree = Call(operator, (tree, self._level(BINDING[operator])))
        self.depth -= 1
        return tree

    def _signed(self) -> Tree:
        if sign := self._next("-+"):
            inner = self._level(max(BINDING.values()))
            return Call("negative", (inner,)) if sign == "-" else inner
        tree = self._atom()
        while self._next(":"):
            last = self._atom()
            if not (isinstance(tree, Cell) and isinstance(last, Cell)):
                raise FormulaError("`:`")
            tree = Area(tree, last)
        while self._next("%"):
            tree = Call("/", (tree, Number(100.0)))
        return tree

    def _atom(self) -> Tree:
        if self._next("("):
            (tree,) = self._inside("")
            return tree
        kind, text = self.tokens[self.at]
        self.at += 1
        match kind:
            case "number":
                return Number(float(text))
            case "text":
                return Number(text[1:-1].replace('""', '"'))
            case "cell":
                sheet, _, place = text.rpartition("!")
                if sheet.startswith("'"):
                    sheet = sheet[1:-1].replace("''", "'")
                row, column = (
                    Place(part.startswith("$"), int(part.removeprefix("$")))
                    for part in place.strip("@").split(",")
                )
                return Cell(sheet or None, row, column)
            case "name" if self._next("("):
                inside = () if self._next(")") else self._inside(",;")
                name = text.upper().removeprefix("_XLFN.")
                return _let(*inside) if name == "LET" and inside else Call(name, inside)
            case "name":
                return Name(text)
        raise FormulaError(f"`{text}`" if text else "a formula that breaks off")

    def _inside(self, between: str) -> tuple[Tree, ...]:
        """What stands up to the bracket that closes: one part, or several with signs between."""
        found = [self._level(0)]
        while self._next(between):
            found.append(self._level(0))
        if not self._next(")"):
            raise FormulaError("a bracket that is not closed")
        return tuple(found)


def _let(*parts: Tree) -> Tree:
    """What LET stands for: its last part, with values in place of names."""
    known: dict[Tree, Tree] = {}
    for name, value in zip(parts[:-1:2], parts[1:-1:2], strict=False):
        known[name] = replace(value, lambda part: known.get(part, part))
    return replace(parts[-1], lambda part: known.get(part, part))


Value = Any
"""A float64, an array of them, or for an area a list of rows of these."""

Look = Callable[[Any], Value]
"""Gives the value of a cell, an area (a list of rows) or a name."""


def flat(values: Iterable[Value]) -> list[Value]:
    """Return the values of arguments, areas taken apart."""
    found: list[Value] = []
    for value in values:
        found += flat(value) if isinstance(value, list) else [value]
    return found


def _each(function: Callable[..., Value]) -> Callable[..., Value]:
    """Make a function of numbers one of areas too, number by number."""

    def mapped(*values: Value) -> Value:
        length = {len(value) for value in values if isinstance(value, list)}
        if not length:
            return function(*values)
        if len(length) != 1:
            raise FormulaError("areas of different sizes")
        lists = (v if isinstance(v, list) else repeat(v, *length) for v in values)
        return [mapped(*parts) for parts in zip(*lists, strict=True)]

    return mapped


def _all(function: Callable[[Value, Value], Value], *start: float) -> Callable[..., Value]:
    """Make a function of two numbers one of all numbers of its arguments."""
    return lambda *values: reduce(function, flat(values), *start)


_times, _total = _each(np.multiply), _all(np.add, 0.0)


def _matrix_product(one: Value, other: Value) -> Value:
    columns = [list(column) for column in zip(*other, strict=True)]
    return [[_total(_times(row, column)) for column in columns] for row in one]


def _cut(value: Value, digits: Value = 0.0, more: float = 0.0) -> Value:
    factor = np.power(10.0, digits)
    return np.sign(value) * np.floor(np.abs(value) * factor + more) / factor


OPERATORS: dict[str, Callable[..., Value]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power,
    "negative": np.negative, "=": np.equal, "<>": np.not_equal, "<": np.less, ">": np.greater,
    "<=": np.less_equal, ">=": np.greater_equal,
}  # fmt: skip

NUMERIC: dict[str, Callable[..., Value]] = {
    "EXP": np.exp, "POWER": np.power, "POW": np.power, "SQRT": np.sqrt, "ABS": np.abs,
    "SIGN": np.sign, "LN": np.log, "LOG10": np.log10, "TANH": np.tanh, "SINH": np.sinh,
    "COSH": np.cosh, "INT": np.floor, "MOD": np.mod, "NOT": np.logical_not,
    "LOG": lambda value, base=10.0: np.log(value) / np.log(base),
    "ROUND": lambda value, digits=0.0: _cut(value, digits, 0.5),
    "TRUNC": _cut, "ROUNDDOWN": _cut, "N": np.positive, "VALUE": np.positive,
    "IF": lambda condition, then, otherwise=0.0: np.where(condition, then, otherwise),
    "IFERROR": lambda value, otherwise: np.where(np.isfinite(value), value, otherwise),
    "PI": lambda: np.pi, "TRUE": lambda: 1.0, "FALSE": lambda: 0.0,
}  # fmt: skip
"""The functions of single numbers."""

FUNCTIONS = {name: _each(function) for name, function in (OPERATORS | NUMERIC).items()} | {
    "SUM": _total, "PRODUCT": _all(np.multiply, 1.0), "MAX": _all(np.maximum),
    "MIN": _all(np.minimum), "AND": _all(np.logical_and), "OR": _all(np.logical_or),
    "AVERAGE": lambda *values: _total(*values) / len(flat(values)),
    "SUMPRODUCT": lambda *values: _total(reduce(_times, values)),
    "SUMSQ": lambda *values: _total(*(value * value for value in flat(values))),
    "SUMXMY2": lambda one, other: _total(_each(lambda a, b: (a - b) ** 2)(one, other)),
    "MMULT": _matrix_product,
    "TRANSPOSE": lambda area: [list(column) for column in zip(*area, strict=True)],
}  # fmt: skip
"""All that is ever computed of a sheet."""

LIST = "{}"
"""The function of a tree that stands for an area, a row after the other, and for a row of one."""


def evaluate(tree: Tree, look: Look) -> Value:
    """Return what a formula gives, float64 or an array of them, NaN where Excel shows an error.

    Raises:
        FormulaError: a function that is not in `FUNCTIONS`, or with other arguments than it takes.
    """
    value = flat([_part(tree, look)])
    if len(value) != 1:
        raise FormulaError("an area where one number belongs")
    return value[0]


def _part(tree: Tree, look: Look) -> Value:
    if isinstance(tree, Number):
        return np.float64(tree.value) if isinstance(tree.value, float) else np.float64(np.nan)
    if not isinstance(tree, Call):
        return look(tree)
    values = [_part(argument, look) for argument in tree.arguments]
    if tree.function == LIST:
        return values
    function = FUNCTIONS.get(tree.function)
    if function is None:
        raise FormulaError(f"the function {tree.function}")
    try:
        return function(*values)
    except (TypeError, ValueError, ArithmeticError):
        raise FormulaError(f"the function {tree.function} with such arguments") from None


def references(tree: Tree) -> Iterator[Cell | Area | Name]:
    """Yield what a formula refers to, from left to right, repeated where it is."""
    if isinstance(tree, Call):
        for argument in tree.arguments:
            yield from references(argument)
    elif not isinstance(tree, Number):
        yield tree


def replace(tree: Tree, by: Callable[[Tree], Tree]) -> Tree:
    """Return the tree with every part `by` changes it to, inner parts first."""
    if isinstance(tree, Call):
        return by(Call(tree.function, tuple(replace(part, by) for part in tree.arguments)))
    return by(tree)
