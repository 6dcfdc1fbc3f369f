"""Conditions on the points of a study, such as "momentum > 0 or training.dtype == 'float32'".

They are parsed by the grammar below and evaluated on whole columns; nothing in them is executed.

    either   = both {"or" both}
    both     = negated {"and" negated}
    negated  = "not" negated | compared
    compared = sum {("==" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" list}
    sum      = term {("+" | "-") term}
    term     = signed {("*" | "/") signed}
    signed   = "-" signed | "(" either ")" | number | text | "true" | "false" | name
    list     = "[" value {"," value} "]"
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

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
_WORDS = {"and", "or", "not", "in"}
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "inf": float("inf")}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.divide,
}
_KINDS = {int: "a number", float: "a number", bool: "true or false", str: "text"}

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
    """The condition `text`, in which `find` knows the names.

    Raises:
        ValueError: it is none; `find` may raise it too.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"must be at most {MAX_LENGTH} characters long, not {len(text)}")
    parser = _Parser(text, find)
    term = _flag(parser.either(), "a condition")
    if parser.token:
        parser.refuse("an operator or the end")

    def holds(values: Values) -> Any:
        with np.errstate(all="ignore"):  # what is divided by zero is infinite or no number
            return term.get(values)

    return Condition(text, tuple(dict.fromkeys(parser.names)), holds)


class _Parser:
    """One pass over the tokens of a text: `token` is the one that comes next, empty at the end."""

    def __init__(self, text: str, find: Callable[[str], Named]) -> None:
        self._text, self._find, self._at, self._depth = text, find, 0, 0
        self.names: list[str] = []
        self.token = self._group = ""
        self._advance()

    def either(self) -> _Term:
        return self._joined("or", np.logical_or, self._both)

    def refuse(self, wanted: str) -> NoReturn:
        found = show(self.token) if self.token else "the end"
        before = self._text[: self._start].rstrip()[-30:]
        where = f" after {show(before)}" if before else ""
        raise ValueError(f"must have {wanted}{where}, not {found}")

    def _both(self) -> _Term:
        return self._joined("and", np.logical_and, self._negated)

    def _negated(self) -> _Term:
        if not self._takes("not"):
            return self._compared()
        self._deeper()
        part = _flag(self._negated(), '"not"')
        self._depth -= 1
        return _Term("true or false", lambda values: np.logical_not(part.get(values)))

    def _joined(
        self, word: str, join: Callable[[Any, Any], Any], part: Callable[[], _Term]
    ) -> _Term:
        found = part()
        while self._takes(word):
            left, right = _flag(found, f'"{word}"'), _flag(part(), f'"{word}"')
            found = _both_of("true or false", join, left, right)
        return found

    def _compared(self) -> _Term:
        left, found = self._sum(), []
        while self._group != "text" and self.token in (*_COMPARE, "in", "not"):
            if self.token in _COMPARE:
                sign = self._next()
                right = self._sum()
                found.append(_comparison(sign, left, right))
                left = right
            else:
                found.append(self._membership(left))
        whole = found[0] if found else left
        for part in found[1:]:
            whole = _both_of("true or false", np.logical_and, whole, part)
        return whole

    def _membership(self, left: _Term) -> _Term:
        negated = self._takes("not")
        self._expect("in")
        self._expect("[")
        found = _comparison("==", left, self._sum())
        while self._takes(","):
            other = _comparison("==", left, self._sum())
            found = _both_of("true or false", np.logical_or, found, other)
        self._expect("]")
        if not negated:
            return found
        inside = found
        return _Term("true or false", lambda values: np.logical_not(inside.get(values)))

    def _sum(self) -> _Term:
        return self._calculated(("+", "-"), self._term)

    def _term(self) -> _Term:
        return self._calculated(("*", "/"), self._signed)

    def _calculated(self, signs: tuple[str, ...], part: Callable[[], _Term]) -> _Term:
        found = part()
        while self._group == "sign" and self.token in signs:
            sign = self._next()
            left, right = _number(found, sign), _number(part(), sign)
            found = _both_of("a number", _ARITHMETIC[sign], left, right)
        return found

    def _signed(self) -> _Term:
        self._deeper()
        found = self._single()
        self._depth -= 1
        return found

    def _single(self) -> _Term:
        if self._takes("-"):
            part = _number(self._signed(), "-")
            return _Term("a number", lambda values: -part.get(values))
        if self._takes("("):
            found = self.either()
            self._expect(")")
            return found
        group = self._group
        if group == "number":
            return _literal(_read_number(self._next()))
        if group == "text":
            return _literal(self._next()[1:-1])
        if group == "name" and self.token not in _WORDS:
            return self._name(self._next())
        return self.refuse("a value")

    def _name(self, name: str) -> _Term:
        if name in _CONSTANTS:
            return _literal(_CONSTANTS[name])
        named = self._find(name)
        self.names.append(named.name)
        return _Term(_KINDS[named.kind], lambda values: values[named.name], named)

    def _takes(self, token: str) -> bool:
        taken = self.token == token and self._group != "text"
        if taken:
            self._advance()
        return taken

    def _expect(self, token: str) -> None:
        if not self._takes(token):
            self.refuse(show(token))

    def _next(self) -> str:
        token = self.token
        self._advance()
        return token

    def _advance(self) -> None:
        self._start = self._at
        match = _TOKEN.match(self._text, self._at)
        if match is not None and match.lastgroup is not None:
            self._group, self.token, self._at = match.lastgroup, match[match.lastgroup], match.end()
            return
        self._group, self.token, self._at = "", "", len(self._text)
        if rest := self._text[self._start :].strip():
            raise ValueError(f"has {show(rest)}, which is no part of a condition")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError(f"nests more than {_MAX_DEPTH} deep")


def _both_of(kind: str, join: Callable[[Any, Any], Any], left: _Term, right: _Term) -> _Term:
    return _Term(kind, lambda values: join(left.get(values), right.get(values)))


def _literal(value: float | str) -> _Term:
    return _Term(_KINDS[type(value)], lambda _: value, literal=value)


def _read_number(text: str) -> float:
    return int(text) if text.isdigit() and len(text) <= 18 else float(text)


def _flag(term: _Term, where: str) -> _Term:
    if term.kind != "true or false":
        raise ValueError(f"must have true or false in {where}, not {term.kind}")
    return term


def _number(term: _Term, sign: str) -> _Term:
    """The term as float64, so that no whole number overflows."""
    if term.kind != "a number":
        raise ValueError(f'must have numbers on both sides of "{sign}", not {term.kind}')
    return _Term("a number", lambda values: np.asarray(term.get(values), np.float64))


def _comparison(sign: str, left: _Term, right: _Term) -> _Term:
    if left.kind != right.kind:
        raise ValueError(f"compares {left.kind} with {right.kind}")
    if left.kind != "a number" and sign not in ("==", "!="):
        raise ValueError(f'compares {left.kind} by "{sign}"; only == and != are known for it')
    left, right = _checked(left, right), _checked(right, left)
    return _both_of("true or false", _COMPARE[sign], left, right)


def _checked(term: _Term, other: _Term) -> _Term:
    """The term; text that a field is compared with must be a value the field may have."""
    if term.literal is None or term.kind != "text" or other.named is None:
        return term
    try:
        return _literal(other.named.check(term.literal))
    except ValueError as error:
        raise ValueError(f"compares {other.named.name}, which {error}") from None
