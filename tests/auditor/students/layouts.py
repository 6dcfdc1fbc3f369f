"""How students lay the exercise out: one row a layout."""

from dataclasses import dataclass, field

COURSE = [
    "t1", "t2", "i1", "i2", "w1", "w2", "w3", "w4", "h1", "a1", "h2", "a2", "w5", "w6", "w7", "w8",
    "o1", "y1", "o2", "y2", "e1", "e2", "et", *(f"g{n}" for n in range(1, 9)),
]  # fmt: skip
FIRST = [
    *(f"w{n}" for n in range(1, 9)), "i1", "i2", "t1", "t2", "h1", "h2", "a1", "a2", "o1", "o2",
    "y1", "y2", "e1", "e2", "et", *(f"g{n}" for n in range(1, 9)),
]  # fmt: skip
BACKWARD = [
    "et", "e1", "e2", *(f"g{n}" for n in (5, 6, 7, 8, 1, 2, 3, 4)),
    "h1", "h2", "a1", "a2", "o1", "o2",
    "y1", "y2", *(f"w{n}" for n in range(1, 9)), "i1", "i2", "t1", "t2",
]  # fmt: skip
ORDERS = {"course": COURSE, "first": FIRST, "backward": BACKWARD}

PLAIN = {
    "a": "a_h{}",
    "y": "a_o{}",
    "e": "E{}",
    "et": "E_total",
    "g": "dE/dw{}",
    "eta": "lr",
    "away": "dE{0}/da_o{0}",
    "sy": "da_o{0}/do{0}",
    "sa": "da_h{0}/dh{0}",
    "do": "dE/do{}",
    "back": "dE/da_h{}",
    "dh": "dE/dh{}",
    "n": "new w{}",
    "c": "change w{}",
    "gb": "dE/db{}",
    "gbh": "dE/db_h{}",
    "gbo": "dE/db_o{}",
    "bh": "b_h{}",
    "bo": "b_o{}",
}
SPELLINGS: dict[str, dict[str, str]] = {
    "plain": {},
    "partial": {
        "g": "∂E/∂w{}",
        "et": "E_Total",
        "away": "∂E{0}/∂a_o{0}",
        "sy": "∂a_o{0}/∂o{0}",
        "sa": "∂a_h{0}/∂h{0}",
        "do": "∂E/∂o{}",
        "back": "∂E/∂a_h{}",
        "dh": "∂E/∂h{}",
    },
    "short": {"g": "E∂w{}", "et": "E_total"},
    "etotald": {"g": "Etotaldw{}", "et": "Etotal", "a": "ah{}", "y": "ao{}"},
    "italic": {"g": "E𝜹w{}", "et": "ET", "w": "W{}", "a": "A_H{}", "y": "A_O{}"},
    "dw": {"g": "dw{}", "et": "Total Error", "e": "error{}", "a": "sig_h{}", "y": "sig_o{}"},
    "upper": {
        "w": "W{}",
        "i": "I{}",
        "t": "T{}",
        "h": "H{}",
        "o": "O{}",
        "a": "A_H{}",
        "y": "A_O{}",
        "g": "∂E_T/∂W{}",
        "et": "E_T",
    },
    "subscript": {
        "w": "w{₁}",
        "i": "i{₁}",
        "t": "t{₁}",
        "h": "h{₁}",
        "o": "o{₁}",
        "a": "a_h{₁}",
        "y": "a_o{₁}",
        "e": "E{₁}",
        "g": "∂E/∂w{₁}",
        "et": "Eₜ",
    },
    "mazur": {
        "i": "i{}",
        "t": "target o{}",
        "h": "net h{}",
        "a": "out h{}",
        "o": "net o{}",
        "y": "out o{}",
        "e": "E_o{}",
        "et": "E_total",
        "g": "∂E_total/∂w{}",
    },
    "sigma": {"a": "σ(h{})", "y": "σ(o{})", "e": "E{}", "et": "ΣE", "g": "δE_total/δw{}"},
    "zero": {"a": "a_h{}", "y": "a_0{}", "g": "∂E_total/∂w{}", "et": "E_Total"},
    "spaced": {
        "w": "w {}",
        "i": "input {}",
        "t": "target {}",
        "a": "a h{}",
        "y": "a o{}",
        "e": "Error {}",
        "et": "E total",
        "g": "dE / dw{}",
    },
    "german": {
        "w": "Gewicht {}",
        "i": "Eingabe {}",
        "t": "Ziel {}",
        "a": "out_h{}",
        "y": "out_o{}",
        "h": "net_h{}",
        "o": "net_o{}",
        "e": "Fehler {}",
        "et": "Gesamtfehler",
        "g": "dE/dw{}",
    },
    "french": {
        "w": "poids {}",
        "i": "entrée {}",
        "t": "cible {}",
        "et": "Erreur totale",
        "g": "∂E/∂w{}",
        "e": "Erreur {}",
        "h": "net_h{}",
        "a": "sortie_h{}",
        "o": "net_o{}",
        "y": "sortie_o{}",
    },
    "formula": {
        "h": "h{h}",
        "a": "a_h{a}",
        "g": "∂E/∂w{g}",
        "e": "E{e}",
        "o": "o{o}",
        "y": "a_o{y}",
    },
    "long": {"g": "∂E/∂w{long}", "et": "E_Total"},
    "prime": {"n": "w{}'", "g": "grad w{}", "et": "Loss"},
    "star": {"n": "w{}+", "g": "dE_tot/dw{}", "et": "E_tot"},
    "bracket": {"w": "w[{}]", "g": "dE/dw[{}]", "et": "E(total)", "a": "a(h{})", "y": "a(o{})"},
    "latex": {
        "w": "w_{{{}}}",
        "g": "\\partial E/\\partial w_{{{}}}",
        "a": "a_{{h{}}}",
        "y": "a_{{o{}}}",
        "et": "E_{{total}}",
    },
}


@dataclass(frozen=True)
class Layout:
    """One student's sheet: where things stand, how they are called, what else is there."""

    spelling: str = "plain"
    order: str = "course"
    constants: str = "columns"  # or "cells", "sheet", "named", "typed"
    rate: str = "above"  # "cell", "sheet", "named", "typed", "column", "text", "list", "bare"
    label: str = "lr"
    kind: str = "direct"  # "chain", "delta"
    update: str = "row"  # "new", "change"
    biases: str = ""  # "layer cells", "layer columns", "unit columns", "unit updated"
    corner: tuple[int, int] = (6, 1)
    gap: int = 0
    across: bool = False
    tables: str = "one"  # "sheets", "below", "beside"
    saved: str = "full"  # "none", "ten", "values", "round 6", "round 9", "stale"
    drop: tuple[str, ...] = ()  # quantities without a column
    extras: tuple[str, ...] = ()
    noise: bool = False
    rows: int = 16
    eta: float = 0.5
    weights: dict[str, float] = field(default_factory=dict)


L = Layout
GRADIENTS = tuple(f"g{n}" for n in range(1, 9))
LAYOUTS: dict[str, Layout] = {
    "course": L("partial", label="η"),
    "label above gradients": L("short", label="η ="),
    "below the label": L("plain", label="LR = ", extras=("helper",)),
    "pasted curves": L("plain", label="learning rate", extras=("curves",)),
    "touching curves": L("partial", label="Learning Rate", extras=("curves touching",)),
    "noisy": L("upper", label="η", noise=True),
    "noisy cells": L("mazur", constants="cells", rate="cell", label="eta", noise=True),
    "sentence": L("plain", label="learning rate(theta)", extras=("notes",)),
    "derivation": L("partial", label="ƞ", extras=("derivation", "title"), corner=(34, 1)),
    "derivation right": L("zero", label="ɳ", extras=("derivation",), corner=(30, 2), saved="none"),
    "last row": L("short", label="η =", extras=("next weights",)),
    "unfinished": L("plain", label="n", extras=("unfinished",), saved="none"),
    "one step": L("partial", update="new", rows=1, label="lr"),
    "two steps": L("upper", label="LR", rows=2),
    "new weights": L("prime", update="new", constants="cells", rate="cell", label="Learning rate:"),
    "new plus": L("star", update="new", label="alpha"),
    "changes": L("dw", update="row", constants="cells", rate="cell", label="learning_rate"),
    "change columns": L("plain", update="change", order="first", label="lr"),
    "chain": L("partial", kind="chain", label="η", extras=("step",)),
    "chain cells": L(
        "plain", kind="chain", constants="cells", rate="cell", label="Learning Rate ="
    ),
    "deltas": L("plain", kind="delta", order="first", label="rate"),
    "deltas named": L("upper", kind="delta", constants="named", rate="named", label="eta"),
    "parameters": L("mazur", constants="sheet", rate="sheet", label="learning rate"),
    "typed": L("plain", constants="typed", rate="typed"),
    "typed rate": L("sigma", rate="typed", extras=("step",), saved="none"),
    "rate column": L("subscript", rate="column", label="η"),
    "rate in a text": L("upper", rate="text", label="Learning Rate = "),
    "rates in a row": L("partial", rate="list", label="LR"),
    "bare rate": L("partial", rate="bare", label="0.5 is used"),
    "across": L("plain", across=True, constants="cells", rate="cell", label="eta", corner=(8, 2)),
    "across none": L("upper", across=True, label="η", corner=(8, 2), saved="none"),
    "sheets": L("partial", tables="sheets", label="LR", extras=("step",)),
    "below": L("plain", tables="below", label="learning rate", rows=10),
    "beside": L("upper", tables="beside", label="η", rows=12),
    "ten digits": L("partial", saved="ten", label="η"),
    "values": L("plain", saved="values", label="lr"),
    "values six": L("partial", saved="round 6", label="η"),
    "values nine": L("upper", saved="round 9", constants="cells", rate="cell", label="lr"),
    "values no gradients": L("mazur", saved="values", label="lr", drop=GRADIENTS),
    "stale": L("short", saved="stale", label="η"),
    "no gradients": L("mazur", kind="direct", update="row", drop=GRADIENTS, label="learning rate"),
    "backward": L("plain", order="backward", label="lr", extras=("units row",), gap=1),
    "long headings": L("long", label="η"),
    "formula headings": L("formula", label="lr", gap=1),
    "latex": L("latex", label="$\\eta$"),
    "brackets": L("bracket", label="η (eta)", extras=("title",)),
    "german": L("german", constants="cells", rate="cell", label="Lernrate", order="first"),
    "french": L("french", label="taux d'apprentissage"),
    "spaced": L("spaced", label="Learning Rate (η)", extras=("gaps",)),
    "italic": L("italic", label="𝜂", extras=("helper", "notes")),
    "etotald": L("etotald", label="Learning rate", extras=("blank column",)),
    "mistyped weight": L("plain", label="η =", extras=("mistyped",)),
    "symbol font": L("plain", label="h", extras=("symbol",), saved="none"),
    "check rows": L("partial", label="η", extras=("averages",)),
    "layer biases": L(
        "mazur",
        constants="cells",
        rate="cell",
        label="η",
        biases="layer cells",
        drop=("gb1", "gb2"),
    ),
    "bias columns": L("plain", label="lr", biases="layer columns", drop=("gb1", "gb2")),
    "unit biases": L(
        "partial", label="lr", biases="unit columns", drop=("gbh1", "gbh2", "gbo1", "gbo2")
    ),
    "updated biases": L("upper", label="η", biases="unit updated"),
    "updated layer biases": L("plain", label="η", biases="layer updated"),
    "other start": L(
        "partial", label="η", eta=2.0, weights={"w1": -0.7, "w4": 1.3, "w6": 0.9, "w8": -0.2}
    ),
    "fast": L("short", label="LR", eta=10.0, rows=30),
    "groups": L("plain", label="lr", extras=("groups",), order="first"),
}
