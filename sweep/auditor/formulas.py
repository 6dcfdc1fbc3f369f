"""Formulas as trees: read from a cell's text with Excel's precedence, and computed with NumPy.

Only what is listed in `OPERATORS` and `FUNCTIONS` is ever computed: arithmetic. A formula that
asks for anything else (a macro, a link, a web request) is text that nobody runs.

References are kept relative to their own cell, as in Excel's R1C1 notation, so that a formula
that was filled down a column is one tree.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import numpy as np

LETTERS = re.compile(r"[A-Z]+")
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
    )""",
    re.VERBOSE,
)
DEEPEST, LONGEST, MOST_TOKENS = 40, 2000, 400
"""How many brackets inside another, characters and words a formula may have: it is walked
through by functions that call themselves."""


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
        across = column_number(match[3])
        down = int(match[5])
        place = f"${down}" if match[4] else down - row
        return f"@{place},{f'${across}' if match[2] else across - column}@"

    return REFERENCE.sub(rewritten, text)


@lru_cache(maxsize=20_000)
def column_number(letters: str) -> int:
    """Return the number of a column, from 1: "A" is 1, "AA" is 27."""
    return reduce(lambda total, letter: 26 * total + ord(letter) - 64, letters.upper(), 0)


def column_letters(number: int) -> str:
    """Return the letters of a column, from 1."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@lru_cache(maxsize=20_000)
def parse(text: str) -> Tree:
    """Return the tree of a formula in relative form, without its "=".

    Raises:
        FormulaError: it is too long or too deep, or not a formula.
    """
    if len(text) > LONGEST:
        raise FormulaError(f"a formula of {len(text):,} characters")
    return _Reader(text).whole()


class _Reader:
    """A precedence climber over the tokens of one formula."""

    BINARY = (("=", "<>", "<", ">", "<=", ">="), ("&",), ("+", "-"), ("*", "/"), ("^",))

    def __init__(self, text: str) -> None:
        self.tokens = list(self._split(text))
        if len(self.tokens) > MOST_TOKENS:
            raise FormulaError(f"a formula of {len(self.tokens)} parts")
        self.at = 0
        self.depth = 0

    @staticmethod
    def _split(text: str) -> Iterator[tuple[str, str]]:
        at, end = 0, len(text.rstrip())
        while at < end:
            match = TOKEN.match(text, at)
            if not match or match.end() == at:
                raise FormulaError(f"`{text[at : at + 20]}`")
            yield str(match.lastgroup), match[str(match.lastgroup)]
            at = match.end()

    def whole(self) -> Tree:
        tree = self._level(0)
        if self.at < len(self.tokens):
            raise FormulaError(f"`{self.tokens[self.at][1]}`")
        return tree

    def _next(self, *wanted: str) -> str | None:
        if self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            if kind == "operator" and text in wanted:
                self.at += 1
                return text
        return None

    def _level(self, level: int) -> Tree:
        if level == len(self.BINARY):
            return self._signed()
        tree = self._level(level + 1)
        while operator := self._next(*self.BINARY[level]):
            tree = Call(operator, (tree, self._level(level + 1)))
        return tree

    def _signed(self) -> Tree:
        """Excel's signs bind tighter than its powers: -2^2 is 4."""
        sign = self._next("-", "+")
        if sign is None:
            return self._percent()
        self._deeper()
        inner = self._signed()
        self.depth -= 1
        return Call("negative", (inner,)) if sign == "-" else inner

    def _percent(self) -> Tree:
        tree = self._range()
        while self._next("%"):
            tree = Call("/", (tree, Number(100.0)))
        return tree

    def _range(self) -> Tree:
        tree = self._atom()
        while self._next(":"):
            last = self._atom()
            if not (isinstance(tree, Cell) and isinstance(last, Cell)):
                raise FormulaError("`:`")
            tree = Area(tree, last)
        return tree

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise FormulaError(f"more than {DEEPEST} brackets inside another")

    def _atom(self) -> Tree:
        if self._next("("):
            self._deeper()
            tree = self._level(0)
            self._close()
            return tree
        if self.at == len(self.tokens):
            raise FormulaError("a formula that breaks off")
        kind, text = self.tokens[self.at]
        self.at += 1
        match kind:
            case "number":
                return Number(float(text))
            case "text":
                return Number(text[1:-1].replace('""', '"'))
            case "cell":
                return _cell(text)
            case "name":
                return self._call(text) if self._next("(") else Name(text)
        raise FormulaError(f"`{text}`")

    def _close(self) -> None:
        if not self._next(")"):
            raise FormulaError("a bracket that is not closed")
        self.depth -= 1

    def _call(self, name: str) -> Tree:
        self._deeper()
        arguments: list[Tree] = []
        if not self._next(")"):
            arguments.append(self._level(0))
            while self._next(",", ";"):
                arguments.append(self._level(0))
            self._close()
        else:
            self.depth -= 1
        return Call(name.upper().removeprefix("_XLFN."), tuple(arguments))


def _cell(text: str) -> Cell:
    sheet, _, place = text.rpartition("!")
    row, column = place.strip("@").split(",")
    name = sheet[1:-1].replace("''", "'") if sheet.startswith("'") else sheet
    return Cell(name or None, _place(row), _place(column))


def _place(text: str) -> Place:
    return Place(text.startswith("$"), int(text.removeprefix("$")))


Value = Any
"""A float64, an array of them, or for an area a list of rows of these."""

Look = Callable[[Cell | Area | Name], Value]


def flat(values: tuple[Value, ...]) -> list[Value]:
    """Return the values of arguments, areas taken apart."""
    found: list[Value] = []
    for value in values:
        found += flat(tuple(value)) if isinstance(value, list) else [value]
    return found


def _total(*values: Value) -> Value:
    return reduce(np.add, flat(values), 0.0)


def _product(*values: Value) -> Value:
    return reduce(np.multiply, flat(values), 1.0)


def _sum_of_products(*values: Value) -> Value:
    columns = [flat((value,)) for value in values]
    if len({len(column) for column in columns}) != 1:
        raise FormulaError("SUMPRODUCT of areas of different sizes")
    return _total(*(_product(*parts) for parts in zip(*columns, strict=True)))


def _sum_of_squares_of_differences(one: Value, other: Value) -> Value:
    pairs = zip(flat((one,)), flat((other,)), strict=True)
    return _total(*((a - b) ** 2 for a, b in pairs))


def _rounded(value: Value, digits: Value = 0.0) -> Value:
    factor = np.power(10.0, digits)
    return np.sign(value) * np.floor(np.abs(value) * factor + 0.5) / factor


def _average(*values: Value) -> Value:
    return _total(*values) / len(flat(values))


def _logarithm(value: Value, base: Value = 10.0) -> Value:
    return np.log(value) / np.log(base)


def _cut(value: Value, digits: Value = 0.0) -> Value:
    factor = np.power(10.0, digits)
    return np.trunc(value * factor) / factor


def _unless_error(value: Value, otherwise: Value) -> Value:
    return np.where(np.isfinite(value), value, otherwise)


def _choice(condition: Value, then: Value, otherwise: Value = 0.0) -> Value:
    return np.where(condition, then, otherwise)


OPERATORS: dict[str, Callable[..., Value]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power,
    "negative": np.negative, "=": np.equal, "<>": np.not_equal, "<": np.less, ">": np.greater,
    "<=": np.less_equal, ">=": np.greater_equal,
}  # fmt: skip

FUNCTIONS: dict[str, Callable[..., Value]] = {
    "EXP": np.exp, "POWER": np.power, "POW": np.power, "SUM": _total, "PRODUCT": _product,
    "SUMPRODUCT": _sum_of_products, "SUMXMY2": _sum_of_squares_of_differences,
    "SUMSQ": lambda *values: _total(*(value * value for value in flat(values))),
    "SQRT": np.sqrt, "ABS": np.abs, "SIGN": np.sign, "LN": np.log, "LOG": _logarithm,
    "LOG10": np.log10, "TANH": np.tanh, "SINH": np.sinh, "COSH": np.cosh, "PI": lambda: np.pi,
    "ROUND": _rounded, "AVERAGE": _average, "IF": _choice,
    "MAX": lambda *values: reduce(np.maximum, flat(values)),
    "MIN": lambda *values: reduce(np.minimum, flat(values)),
    "N": lambda value: value, "VALUE": lambda value: value, "TRUNC": _cut, "ROUNDDOWN": _cut,
    "IFERROR": _unless_error, "TRUE": lambda: 1.0, "FALSE": lambda: 0.0, "INT": np.floor,
    "MOD": np.mod,
    "AND": lambda *values: reduce(np.logical_and, flat(values)),
    "OR": lambda *values: reduce(np.logical_or, flat(values)), "NOT": np.logical_not,
}  # fmt: skip
"""All that is ever computed of a sheet, beside the operators."""


AREA = "{}"
"""The function of a tree that stands for an area, its arguments the cells."""

AREAS = {"SUM", "PRODUCT", "SUMPRODUCT", "SUMXMY2", "SUMSQ", "AVERAGE", "MAX", "MIN", "AND", "OR"}
"""The functions that take areas; the others take single numbers."""


def evaluate(tree: Tree, look: Look) -> Value:
    """Return what a formula gives, float64 or an array of them, NaN where Excel shows an error.

    Args:
        tree: the formula.
        look: gives the values of cells, areas (a list of rows) and names.

    Raises:
        FormulaError: a function that is not in `FUNCTIONS`, or with other arguments than it takes.
    """
    value = _part(tree, look)
    if isinstance(value, list):
        raise FormulaError("an area where one number belongs")
    return value


def _part(tree: Tree, look: Look) -> Value:
    if isinstance(tree, Number):
        return np.float64(tree.value) if isinstance(tree.value, float) else np.float64(np.nan)
    if not isinstance(tree, Call):
        return look(tree)
    name = tree.function
    if name == AREA:
        return [[_part(argument, look) for argument in tree.arguments]]
    function = OPERATORS.get(name) or FUNCTIONS.get(name)
    if function is None:
        raise FormulaError(f"the function {name}")
    values = [_part(argument, look) for argument in tree.arguments]
    if name not in AREAS and any(isinstance(value, list) for value in values):
        raise FormulaError(f"an area in {name}")
    try:
        return function(*values)
    except (TypeError, ValueError, ArithmeticError):
        raise FormulaError(f"the function {name} with such arguments") from None


def references(tree: Tree) -> Iterator[Cell | Area | Name]:
    """Yield what a formula refers to, from left to right, repeated where it is."""
    if isinstance(tree, Call):
        for argument in tree.arguments:
            yield from references(argument)
    elif not isinstance(tree, Number):
        yield tree


@lru_cache(maxsize=20_000)
def references_in(text: str) -> tuple[Cell | Area | Name, ...]:
    """Return what the formula of a text in relative form refers to.

    Raises:
        FormulaError: it is not a formula.
    """
    return tuple(references(parse(text)))


def replace(tree: Tree, by: Callable[[Tree], Tree]) -> Tree:
    """Return the tree with every part `by` changes it to, inner parts first."""
    if isinstance(tree, Call):
        return by(Call(tree.function, tuple(replace(part, by) for part in tree.arguments)))
    return by(tree)
