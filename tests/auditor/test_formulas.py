"""Formulas are read and computed as Excel does."""

import math

import numpy as np
import pytest

from sweep.auditor.formulas import (
    FUNCTIONS,
    Cell,
    FormulaError,
    Place,
    evaluate,
    parse,
    references,
    relative,
)

VALUES = {"x": 0.3, "y": -1.7, "Two": 2.0}


def value(text: str) -> float:
    return float(evaluate(parse(text), lambda leaf: np.float64(VALUES[leaf.name])))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("2^3^2", 64),
        ("-2^2", 4),
        ("0-2^2", -4),
        ("2^-1", 0.5),
        ("10-4-3", 3),
        ("8/4/2", 1),
        ("50%", 0.5),
        ("-x", -0.3),
        ("1/(1+EXP(-x))", 1 / (1 + math.exp(-0.3))),
        ("EXP(x)/(1+exp(x))", 1 / (1 + math.exp(-0.3))),
        ("POWER(x,Two)", 0.09),
        ("SUM(1,2,3)", 6),
        ("1E-3*2", 0.002),
        (".5*x", 0.15),
        ("IF(x>y,1,2)", 1),
        ("ROUND(2.345,2)", 2.35),
        ("ROUND(-2.5,0)", -3),
        ("2.71828^-x", 2.71828**-0.3),
        ("SUMSQ(3,4)", 25),
        ("_xlfn.POWER(2,3)", 8),
        ("+x", 0.3),
        ("--x", 0.3),
        ("AVERAGE(1,2,6)", 3),
        ("MAX(x,y)", 0.3),
        ("LOG10(100)", 2),
        ("LOG(8,2)", 3),
        ("PI()", math.pi),
        ("1=1", 1),
        ("1<>1", 0),
        ("TANH(x)", math.tanh(0.3)),
        ("-2^-2", 0.25),
        ("2*-3^2", 18),
        ("1-2<3", 1),
    ],
)
def test_arithmetic_is_that_of_excel(text: str, result: float) -> None:
    assert value(text) == pytest.approx(result, rel=1e-14)  # one or two roundings apart


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1+",
        "(1",
        "1)",
        "EXP(",
        "1 2",
        "cmd|' /C calc'!@0,0@",
        "[1]Sheet1!@0,0@",
        "{1;2}",
        "#REF!",
        "(" * 120 + "1" + ")" * 120,
        "-" * 120 + "1",
        "1" + "+1" * 300,
        "x" * 3000,
        "@0,0@:x",
    ],
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse(text)


@pytest.mark.parametrize(
    "name", ["WEBSERVICE", "HYPERLINK", "CALL", "REGISTER.ID", "INDIRECT", "EXEC", "RTD", "NOW"]
)
def test_only_arithmetic_is_computed(name: str) -> None:
    assert name not in FUNCTIONS
    with pytest.raises(FormulaError, match=name):
        value(f'{name}("http://example.org")')


def test_the_most_that_is_read_is_computed_without_overflow() -> None:
    assert value("1" + "+1" * 199) == 200
    assert value("(" * 39 + "1" + ")" * 39) == 1


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("B5*$C$1+D$2", "@0,0@*@$1,$3@+@$2,2@"),
        ("'My B5 sheet'!A1+LOG10(B5)", "'My B5 sheet'!@-4,-1@+LOG10(@0,0@)"),
        ('IF(B5>0,"B5","no")', 'IF(@0,0@>0,"B5","no")'),
        ("SUM(B4:B6)", "SUM(@-1,0@:@1,0@)"),
        ("rate_B5+X1Y2", "rate_B5+X1Y2"),
        ("Sheet1!A1", "Sheet1!@-4,-1@"),
    ],
)
def test_references_are_kept_relative(text: str, moved: str) -> None:
    assert relative(text, 5, 2) == moved


def test_a_formula_filled_down_is_one_tree() -> None:
    assert parse(relative("A2*$B$1", 2, 3)) is parse(relative("A9*$B$1", 9, 3))
    cell = next(references(parse(relative("A2", 2, 3))))
    assert cell == Cell(None, Place(False, 0), Place(False, -2))
