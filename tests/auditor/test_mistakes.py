"""Every change of a right formula is found again and named, in both directions."""

from typing import Any

import numpy as np
import pytest

from sweep.auditor import mistakes
from sweep.auditor.changing import find, spelled, symbols, written
from sweep.auditor.formulas import parse
from sweep.auditor.mistakes import Mistake, explained
from sweep.auditor.model import State, definitions, trajectory
from sweep.auditor.probing import explain
from sweep.auditor.roles import BIASES

CONSTANTS = {"i1": 0.05, "i2": 0.1, "t1": 0.01, "t2": 0.99, "eta": 0.7, "etab": 0.3}


def state(biases: str = "") -> State:
    """Right rows, with biases that are updated if there are any."""
    given = {**CONSTANTS, **dict.fromkeys(BIASES.get(biases, ()), 0.35)}
    return trajectory(given, 7, 4, seed=3, biases=biases, moving=bool(biases))


STATE = state()


def same(value: Any, right: Any) -> bool:
    """Whether both are the same in the middle rows, where neighbours exist."""
    value, right = (np.broadcast_to(v, (4, 7))[:, 2:5] for v in (value, right))
    return bool(np.allclose(value, right, rtol=1e-9))


@pytest.mark.parametrize("biases", ["", "layer", "unit"])
def test_all_ways_to_write_a_quantity_agree(biases: str) -> None:
    right = state(biases)
    for role, (first, *others) in definitions(biases).items():
        for other in others:
            assert same(right.of(other), right.of(first)), (role, written(other))


def test_gradients_are_the_slopes_of_the_error() -> None:
    for biases in ("", "layer", "unit"):
        held = {**CONSTANTS, **{f"w{n}": 0.1 * n - 0.4 for n in range(1, 9)}}
        held |= dict.fromkeys(BIASES.get(biases, ()), 0.2)
        for name in [*(f"w{n}" for n in range(1, 9)), *BIASES.get(biases, ())]:
            up, down = (State({**held, name: held[name] + h}, biases)["et"] for h in (1e-5, -1e-5))
            assert State(held, biases)[f"d_et_{name}"] == pytest.approx(
                (up - down) / 2e-5, rel=1e-7, abs=1e-12
            )


@pytest.mark.parametrize(
    ("role", "wrong", "name", "told"),
    [
        ("o1", "w5*h1+w6*ah2", "h in place of a_h", "h1 where a_h1 belongs"),
        ("e1", "0.5*(t1-o1)^2", "o in place of a_o", "o1 where a_o1 belongs"),
        ("h2", "w4*i1+w3*i2", "weights swapped", "w3 and w4 are swapped"),
        ("o2", "w7*ah1+w6*ah2", "another weight", "w6 where w8 belongs"),
        ("d_et_w7", "(ao2-t2)*ao2*(1-ao2)*ah2", "the other unit's value", "a_h2 where a_h1"),
        ("h1", "w1*i1+w2*i1", "the other input or target", "i1 where i2 belongs"),
        ("e2", "(t2-ao2)^2", "a missing 1/2", "1/2 is missing"),
        ("e2", "0.5*(t2-ao2)", "a missing square", ""),
        ("w3", "prev.w3+eta*prev.d_et_w3", "a sign", ""),
        ("d_et_w6", "(ao1-t1)*ao1*ah2", "a missing factor", "the factor 1 - a_o1 is missing"),
        ("d_et_w6", "(ao1-t1)*ao1*(1-ao1)*ah2*ah2", "a factor too many", "the factor a_h2"),
        ("et", "e1", "a missing term", "the term E2 is missing"),
        ("w2", "prev.w2-eta*prev.d_et_w5", "another weight's gradient", "dE_total/dw5 where"),
        ("w2", "prev.w2-t2*prev.d_et_w2", "the rate from the wrong cell", "t2 where the rate"),
        ("o1", "w5*prev.ah1+w6*ah2", "a row off", "a_h1 of the row above where a_h1 belongs"),
        ("d_et_w5", "(ao1*t1)*ao1*(1-ao1)*ah1", "another operation", "* stands where - belongs"),
        ("d_et_w5", "(ao1-t1)*ao1*(1-ao1*ah1)", "a misplaced bracket", "belongs in brackets"),
    ],
)
def test_a_change_is_named_from_the_formula_and_from_its_numbers(
    role: str, wrong: str, name: str, told: str
) -> None:
    tree, right = parse(wrong), definitions()[role][0]
    into = sorted({s for way in definitions()[role] for s in symbols(way)})
    change = find(tree, [right], lambda t: same(STATE.of(t), STATE.of(right)), into)
    assert change is not None
    found = explained(change, role)
    assert (found.mistake.name, told in found.told) == (name, True), found
    values = STATE.of(tree)
    others = ["h1", "o1", "w6", "ah2", "i1", "prev.ah1", "t2", "prev.d_et_w5"]
    again = explain(role, STATE, lambda v: same(v, values), lambda _: True, others)
    assert again is not None
    assert again.mistake.name == name


def test_every_mistake_has_a_name_of_its_own_and_a_sentence() -> None:
    every = [value for value in vars(mistakes).values() if isinstance(value, Mistake)]
    assert len({mistake.name for mistake in every}) == len(every) > 25
    for mistake in every:
        assert mistake.name[0].islower() or mistake.name[:2] in ("e ", "o ", "h ")
        assert mistake.sentence.endswith(".")


def test_symbols_are_spelled_as_people_write_them() -> None:
    told = [spelled(s) for s in ("ah1", "d_et_w5", "prev.w1", "3.h1", "-2.bo1", "E9", "LR 0.5!B2")]
    assert told == [
        "a_h1", "dE_total/dw5", "w1 of the row above", "h1 of 3 rows below",
        "b_o1 of 2 rows above", "E9", "LR 0.5!B2",
    ]  # fmt: skip
    assert written(parse("0.5*(t1-ao1)^2")) == "0.5*(t1 - a_o1)^2"
