"""Conditions mean what Python means by them, on columns, and nothing else is let in."""

import operator
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.study.checks import integer, number, one_of
from sweep.study.conditions import Condition, Named, read_condition

KNOWN = {
    "a": Named("a", float, number()),
    "b": Named("b.b", float, number()),
    "n": Named("n", int, integer(0, 2**63 - 1)),
    "rate.0": Named("rate.0", float, number()),
    "text": Named("text", str, one_of(["sgd", "adam", "or"])),
    "flag": Named("flag", bool, lambda value: value),
}
VALUES = {
    "a": np.array([0.0, -1.5, 2.0, 7.0])[:, np.newaxis],
    "b.b": np.array([2.0, 0.5, -3.0]),
    "n": np.array([0, 2**53 + 1, 2**63 - 1]),
    "rate.0": np.array([0.25, 2.0, 7.0]),
    "text": "sgd",
    "flag": True,
}


def find(name: str) -> Named:
    if name not in KNOWN:
        raise ValueError(f"{name} is unknown")
    return KNOWN[name]


def read(text: str) -> Condition:
    return read_condition(text, find)


def holds(text: str) -> object:
    return np.asarray(read(text).holds(VALUES)).tolist()


Tree = tuple[str, Callable[[float, float], float | bool]]

numbers: st.SearchStrategy[Tree] = st.one_of(
    st.just(("a", lambda a, b: a)),
    st.just(("b", lambda a, b: b)),
    st.integers(0, 9).map(lambda n: (str(n), lambda a, b: n)),
    st.floats(0, 1e6).map(lambda x: (repr(x), lambda a, b: x)),
)
SIGNS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
ORDER = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def calculated(parts: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    def join(left: Tree, sign: str, right: Tree) -> Tree:
        return f"({left[0]} {sign} {right[0]})", lambda a, b: SIGNS[sign](
            left[1](a, b), right[1](a, b)
        )

    return st.one_of(
        st.builds(join, parts, st.sampled_from(list(SIGNS)), parts),
        parts.map(lambda part: (f"-{part[0]}", lambda a, b: -part[1](a, b))),
    )


def compared(left: Tree, sign: str, right: Tree) -> Tree:
    return f"{left[0]} {sign} {right[0]}", lambda a, b: ORDER[sign](left[1](a, b), right[1](a, b))


def joined(parts: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.builds(
            lambda x, y: (f"({x[0]} and {y[0]})", lambda a, b: x[1](a, b) and y[1](a, b)),
            parts,
            parts,
        ),
        st.builds(
            lambda x, y: (f"({x[0]} or {y[0]})", lambda a, b: x[1](a, b) or y[1](a, b)),
            parts,
            parts,
        ),
        parts.map(lambda part: (f"not ({part[0]})", lambda a, b: not part[1](a, b))),
    )


sums = st.recursive(numbers, calculated, max_leaves=6)
conditions = st.recursive(
    st.builds(compared, sums, st.sampled_from(list(ORDER)), sums), joined, max_leaves=6
)


@given(conditions)
def test_a_condition_means_what_its_parts_do(tree: Tree) -> None:
    text, naive = tree
    found = read(text).holds({"a": VALUES["a"], "b.b": VALUES["b.b"]})
    wanted = [
        [bool(naive(a, b)) for b in VALUES["b.b"].tolist()] for a in VALUES["a"].ravel().tolist()
    ]
    assert np.broadcast_to(found, (4, 3)).tolist() == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1 < 2 < 3", True),
        ("1 < 3 < 2", False),
        ("1 + 2 * 3 == 7", True),
        ("8 - 2 - 1 == 5 and 8 / 2 / 2 == 2", True),
        ("true or false and false", True),
        ("not true == false", True),
        ("not false and false", False),
        ("text == 'sgd'", True),
        ('"adam" != text', True),
        ("text in ['adam', 'or']", False),
        ("text not in ['adam', 'or']", True),
        ("text == 'or' or flag", True),
        ("flag == false", False),
        ("b in [0.5, 2]", [True, True, False]),
        ("not b in [0.5, 2]", [False, False, True]),
        ("n == 9007199254740993", [False, True, False]),
        ("rate.0 >= 2", [False, True, True]),
        ("b / 0 == inf", [True, True, False]),
        (".5 == 0.5 and 5. == 5 and 1e-1 == 0.1 and 10E+1 == 100", True),
        ("9" * 400 + " == inf", True),
        ("+".join("1" * 490) + " == 490", True),
        ("a\n< 1", [[True], [True], [False], [False]]),
        ("a*b>=n-n", [[True] * 3, [False, False, True], [True, True, False], [True, True, False]]),
    ],
)
def test_conditions(text: str, wanted: object) -> None:
    assert holds(text) == wanted


def test_the_names_are_those_used_once_each() -> None:
    assert read("a > b or b < a and flag").names == ("a", "b.b", "flag")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "cannot be read as a condition"),
        ("a >", 'cannot be read as a condition after "a >"'),
        ("a > 1 1", 'cannot be read as a condition after "a'),
        ("(a > 1", "cannot be read as a condition"),
        ("a", "must have true or false in a condition, not a number"),
        ("a and flag", 'must have true or false in "and", not a number'),
        ("not a", 'must have true or false in "not", not a number'),
        ("a == 'x'", "compares a number with text"),
        ("flag == 1", "compares true or false with a number"),
        ("text < 'sgd'", 'compares text by "<"; only == and != are known for it'),
        ("text != 'sdg'", 'compares text, which must be one of "sgd", "adam", "or", not "sdg"'),
        ("text in 'sgd'", 'must have a list of values, such as [1, 2], after "in"'),
        ("text in []", 'must have a list of values, such as [1, 2], after "in"'),
        ("text + 1 == 2", 'must have numbers on both sides of "+", not text'),
        ("-text == 2", 'must have numbers on both sides of "-", not text'),
        ("c > 1", "c is unknown"),
        ("__import__('os').system('x')", "system('x')\", which is no part of a condition"),
        ("a > 1; b", 'has "; b", which is no part of a condition'),
        ("a = 1", 'has "= 1", which is no part'),
        ("a > 1 and text == 'sgd", """has "'sgd", which is no part"""),
        ("a > 0x10", 'has "0x10", which is no part'),
        ("a ** 2 > 1", 'cannot be read as a condition after "a *'),
        ("(" * 400 + "a", "cannot be read as a condition"),
        ("a[0] > 1", 'has "a[0]", which is no part of a condition'),
        ("a > 1 is true", 'after "in"'),
        ("(a, b) == 1", "which is no part"),
        ("rate.0.b > 1", "rate.0.b is unknown"),
        ("not " * 200 + "flag", "nests more than 30 deep"),
        ("-" * 400 + "a > 1", "nests more than 30 deep"),
        ("a > 1 or " * 200, "must be at most 1000 characters long, not 1800"),
        ("a > \0", 'has "\\x00", which is no part'),
    ],
)
def test_what_is_no_condition_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        read(text)
    assert complaint in str(error.value)
    assert str(error.value).isprintable()


@given(st.text(st.sampled_from("ab n1.5e'\"<>=!+-*/()[],\0notriflagd"), max_size=40))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        condition = read(text)
    except ValueError:
        return
    assert np.asarray(condition.holds(VALUES)).dtype == bool
