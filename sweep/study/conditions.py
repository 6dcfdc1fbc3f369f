"""Conditions on the points of a study, such as "momentum > 0 or training.dtype == 'float32'".

They are Python's own expressions, of a few kinds: `and`, `or`, `not`, comparisons, `in` and
`not in` a list, sums and products, numbers, text, names of fields, `true`, `false` and `inf`. They
are evaluated on whole columns; nothing in them is executed.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from sweep.study.checks import Check, show

MAX_LENGTH = 1_000
_MAX_DEPTH = 30

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_]\w*(?:\.\w+)*)"
    r"|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<sign>==|!=|<=|>=|[<>+\-*/()\[\],]))",
    re.ASCII,
)
_CONSTANTS = {"true": True, "false": False, "inf": float("inf")}
_COMPARE: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}
_ARITHMETIC: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", np.divide),
}
_NUMBER, _FLAG = "a number", "true or false"
_KINDS = {int: _NUMBER, float: _NUMBER, bool: _FLAG, str: "text"}

Values = Mapping[str, Any]
"""What the names in a condition stand for: arrays that broadcast, or single values."""


@dataclass(frozen=True)
class Named:
    """What a name in a condition stands for: its one name, and the type and check of its values."""

    name: str
    kind: type
    check: Check


@dataclass(frozen=True)
class Condition:
    """A condition as it was written, the names it uses, and whether it `holds` for values of them.

    `holds` returns bool, an array or one value, of what the values' shapes broadcast to.
    """

    text: str
    names: tuple[str, ...]
    holds: Callable[[Values], Any]


@dataclass(frozen=True)
class _Term:
    """A part of a condition: the kind of its value, in words, and how to get it.

    `named` is set if it is a name, `literal` to the value if it is one.
    """

    kind: str
    get: Callable[[Values], Any]
    named: Named | None = None
    literal: Any = None


def read_condition(text: str, find: Callable[[str], Named]) -> Condition:
    """The condition `text`, in which `find` knows the names; a ValueError if it is none."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"must be at most {MAX_LENGTH} characters long, not {len(text)}")
    reader = _Reader(find)
    term = _flag(reader.term(_parsed(text)), "a condition")

    def holds(values: Values) -> Any:
        with np.errstate(all="ignore"):  # what is divided by zero is infinite or no number
            return term.get(values)

    return Condition(text, tuple(dict.fromkeys(reader.names)), holds)


def _parsed(text: str) -> ast.expr:
    """The tree of Python's grammar; of its tokens, those that conditions have."""
    words = " ".join(_words(text))
    try:
        return ast.parse(words, mode="eval").body
    except SyntaxError as error:
        before = _as_written(words[: (error.offset or len(words) + 1) - 1].strip())[-30:]
        where = f" after {show(before)}" if before else ""
        raise ValueError(f"cannot be read as a condition{where}") from None
    except (MemoryError, RecursionError):
        raise ValueError(f"nests more than {_MAX_DEPTH} deep") from None


def _words(text: str) -> Iterator[str]:
    """The tokens as Python has them: a layer's number in a name has a letter before it."""
    at = 0
    while rest := text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"has {show(rest)}, which is no part of a condition")
        name, quoted, at = match["name"], match["text"], match.end()
        if quoted:
            yield repr(quoted[1:-1])
        else:
            yield re.sub(r"\.(?=\d)", "._", name) if name else match[0].strip()


def _as_written(words: str) -> str:
    return re.sub(r"(?<=\w)\._(?=\d)", ".", words)


class _Reader:
    """Terms from the tree of an expression; `names` are those found on the way."""

    def __init__(self, find: Callable[[str], Named]) -> None:
        self._find = find
        self.names: list[str] = []

    def term(self, node: ast.expr, depth: int = 0) -> _Term:
        if depth > _MAX_DEPTH:
            raise ValueError(f"nests more than {_MAX_DEPTH} deep")
        match node:
            case ast.BoolOp():
                return self._joined(node, depth + 1)
            case ast.BinOp():
                return self._calculated(node, depth + 1)
            case ast.Compare():
                return self._compared(node, depth + 1)
            case ast.UnaryOp(op=ast.Not()):
                part = _flag(self.term(node.operand, depth + 1), '"not"')
                return _Term(_FLAG, lambda values: np.logical_not(part.get(values)))
            case ast.UnaryOp(op=ast.USub()):
                part = _number(self.term(node.operand, depth + 1), "-")
                return _Term(_NUMBER, lambda values: -part.get(values))
        return self._leaf(node)

    def _leaf(self, node: ast.expr) -> _Term:
        written = _as_written(ast.unparse(node))
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
            huge = type(node.value) is int and node.value >= 2**63
            return _literal(float(str(node.value)) if huge else node.value)
        if not isinstance(node, ast.Name | ast.Attribute):
            raise ValueError(f"has {show(written)}, which is no part of a condition")
        if written.lower() in _CONSTANTS:
            return _literal(_CONSTANTS[written.lower()])
        named = self._find(written)
        self.names.append(named.name)
        return _Term(_KINDS[named.kind], lambda values: values[named.name], named)

    def _joined(self, node: ast.BoolOp, depth: int) -> _Term:
        both = isinstance(node.op, ast.And)
        word, join = ('"and"', np.logical_and) if both else ('"or"', np.logical_or)
        parts = [_flag(self.term(one, depth), word) for one in node.values]
        return _Term(_FLAG, lambda values: reduce(join, (part.get(values) for part in parts)))

    def _calculated(self, node: ast.expr, depth: int) -> _Term:
        """A chain of signs, which Python nests to the left, however long it is."""
        chain: list[tuple[Callable[[Any, Any], Any], _Term]] = []
        while isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            sign, calculate = _ARITHMETIC[type(node.op)]
            chain.append((calculate, _number(self.term(node.right, depth), sign)))
            node = node.left
        first = _number(self.term(node, depth), sign)

        def get(values: Values) -> Any:
            found = first.get(values)
            for calculate, part in reversed(chain):
                found = calculate(found, part.get(values))
            return found

        return _Term(_NUMBER, get)

    def _compared(self, node: ast.Compare, depth: int) -> _Term:
        left, parts = self.term(node.left, depth), []
        for sign, other in zip(node.ops, node.comparators, strict=True):
            if type(sign) in _COMPARE:
                right = self.term(other, depth)
                parts.append(_comparison(*_COMPARE[type(sign)], left, right))
                left = right
            else:
                parts.append(self._membership(sign, left, other, depth))
        return _Term(_FLAG, lambda values: reduce(np.logical_and, (p.get(values) for p in parts)))

    def _membership(self, sign: ast.cmpop, left: _Term, of: ast.expr, depth: int) -> _Term:
        if not isinstance(sign, ast.In | ast.NotIn) or not isinstance(of, ast.List) or not of.elts:
            raise ValueError('must have a list of values, such as [1, 2], after "in"')
        equal = _COMPARE[ast.Eq]
        parts = [_comparison(*equal, left, self.term(one, depth)) for one in of.elts]
        negated = isinstance(sign, ast.NotIn)

        def get(values: Values) -> Any:
            return np.logical_xor(reduce(np.logical_or, (p.get(values) for p in parts)), negated)

        return _Term(_FLAG, get)


def _literal(value: float | str) -> _Term:
    return _Term(_KINDS[type(value)], lambda _: value, literal=value)


def _flag(term: _Term, where: str) -> _Term:
    if term.kind != _FLAG:
        raise ValueError(f"must have true or false in {where}, not {term.kind}")
    return term


def _number(term: _Term, sign: str) -> _Term:
    """The term as float64, so that no whole number overflows."""
    if term.kind != _NUMBER:
        raise ValueError(f'must have numbers on both sides of "{sign}", not {term.kind}')
    return _Term(_NUMBER, lambda values: np.asarray(term.get(values), np.float64))


def _comparison(sign: str, compare: Callable[[Any, Any], Any], left: _Term, right: _Term) -> _Term:
    if left.kind != right.kind:
        raise ValueError(f"compares {left.kind} with {right.kind}")
    if left.kind != _NUMBER and sign not in ("==", "!="):
        raise ValueError(f'compares {left.kind} by "{sign}"; only == and != are known for it')
    one, other = _checked(left, right), _checked(right, left)
    return _Term(_FLAG, lambda values: compare(one.get(values), other.get(values)))


def _checked(term: _Term, other: _Term) -> _Term:
    """The term; text that a field is compared with must be a value the field may have."""
    if term.literal is None or term.kind != "text" or other.named is None:
        return term
    try:
        return _literal(other.named.check(term.literal))
    except ValueError as error:
        raise ValueError(f"compares {other.named.name}, which {error}") from None
