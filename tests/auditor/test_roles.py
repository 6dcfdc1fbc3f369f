"""Headings mean what students mean by them."""

import pytest

from sweep.auditor.roles import roles_of, under

SPELLINGS = {
    "w1": "w1 W1 w₁ w_1 w_{1} $w_1$ W-1",
    "w3": "w3 |Gewicht 3|Weight 3|poids 3|peso 3|w3 (old)|W 3",
    "n2": "w2+ w2' w2_new |new w2|w2 new|updated w2|w2(t+1)",
    "i1": "i1 I1 x1 in_1 |Input 1|Eingabe 1|entrée 1",
    "t2": "t2 T2 target2 |Target 2|Zielwert 2|cible 2|target o2",
    "h1": "h1 net_h1 neth1 |net h1|in h1|h1 = w1*i1 + w2*i2",
    "ah1": "a_h1 A_H1 aH1 ah1 out_h1 outh1 σ(h1) σ(h₁) sigmoid(h1) |out h1|A H1|a(h1)",
    "o2": "o2 net_o2 O2 |net o2",
    "ao2": "a_o2 A_O2 out_o2 σ(o₂) |out o2|output 2|Ausgabe o2",
    "e1": "E1 e_1 E_1 E_o1 |Error 1|error o1|E1 = ½(t1-a_o1)²",
    "et": "E_Total Et E_t Etotal E_tot E ΣE Error loss |Total Error|Fehler gesamt|E TOTAL",
    "eta": "η eta lr LR alpha |Learning Rate|learning rate (η)|lr =|Lernrate|η = 0.5|"
    "taux d'apprentissage",
    "step": "step Step iteration # n Epoch Schritt étape",
    "d_et_w5": "dE/dw5 ∂E/∂w5 ∂E_t/∂W5 δE_total/δw5 dE_tot/dW5 ∂E/∂w₅ grad_w5 dEdw5 |Gradient w5|"
    "dE_tot / dW5",
    "d_e1_ah1": "dE1/dA_H1 ∂E1/∂a_h1 |dE1 / d out_h1",
    "d_et_ah2": "dE_T/dA_H2 ∂E_total/∂a_h2",
    "d_et_o1": "δ_o1 delta_o1 dE/do1 |delta o1",
}


def spelled(text: str) -> list[str]:
    words, *phrases = text.split("|")
    return words.split() + phrases


@pytest.mark.parametrize(
    ("role", "heading"), [(role, h) for role, text in SPELLINGS.items() for h in spelled(text)]
)
def test_a_quantity_is_known_in_every_spelling(role: str, heading: str) -> None:
    assert roles_of(heading)[0] == role


@pytest.mark.parametrize(
    "heading",
    [
        "given:",
        "sum of both",
        "Name",
        "2-2-2 network",
        "for the chart",
        "",
        "=",
        "/",
        "d/d",
        "x" * 500,
    ],
)
def test_other_text_means_nothing(heading: str) -> None:
    assert roles_of(heading) == ()


@pytest.mark.parametrize(
    ("group", "heading", "role"),
    [
        ("Gradients", "w1", "d_et_w1"),
        ("∂E/∂w", "8", "d_et_w8"),
        ("Weights", "3", "w3"),
        ("Inputs", "2", "i2"),
        ("New weights", "w4", "n4"),
        ("net h", "1", "h1"),
        ("Title of the sheet", "a_h1", "ah1"),
    ],
)
def test_headings_of_groups_complete_those_beneath(group: str, heading: str, role: str) -> None:
    assert under(group, heading)[0] == role
