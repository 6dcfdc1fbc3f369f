"""The mistakes by their names, and what to tell who made one.

A change of a formula is named by what stands and what belongs there; the others show in how a
column's cells differ from each other.
"""

from dataclasses import dataclass

from sweep.auditor.changing import Change, is_role, spelled, twin
from sweep.auditor.model import parted
from sweep.auditor.roles import CONSTANTS, WEIGHTS


@dataclass(frozen=True)
class Mistake:
    """A kind of mistake: its name, and one sentence for a student."""

    name: str
    sentence: str


SUM_H = Mistake("h in place of a_h", "The sum h stands where its sigmoid belongs.")
SUM_O = Mistake("o in place of a_o", "The sum o stands where its sigmoid belongs.")
TWICE = Mistake("a sigmoid too many", "The sigmoid stands where the sum belongs.")
SWAPPED = Mistake("weights swapped", "Two weights stand in each other's place.")
OTHER_UNIT = Mistake(
    "the other unit's value", "The value of the layer's other unit is used, such as a_h1 for a_h2."
)
ANOTHER_WEIGHT = Mistake("another weight", "A weight is used that belongs elsewhere.")
OTHER_CONSTANT = Mistake(
    "the other input or target",
    "An input or target is used that belongs elsewhere, such as i1 for i2.",
)
HALF = Mistake("a missing 1/2", "The error is half the square: E = 1/2 (t - a)^2.")
EXTRA_HALF = Mistake("a factor 1/2 or 2 too many", "The 1/2 belongs to the error alone.")
SQUARE = Mistake("a missing square", "The error is half the square: E = 1/2 (t - a)^2.")
SIGN = Mistake("a sign", "A plus stands for a minus, or a difference is the wrong way round.")
FACTOR = Mistake("a missing factor", "The chain rule multiplies; a factor is missing.")
EXTRA_FACTOR = Mistake("a factor too many", "A factor stands there that does not belong there.")
TERM = Mistake("a missing term", "A sum lacks one of its terms.")
EXTRA_TERM = Mistake("a term too many", "A term stands there that does not belong there.")
OTHER_GRADIENT = Mistake(
    "another weight's gradient", "The update takes the gradient of another weight."
)
UPDATED = Mistake(
    "already updated weights",
    "All gradients are taken at the old weights; here some weights are the new ones.",
)
RATE = Mistake(
    "the rate from the wrong cell", "The update multiplies by a cell that is not the learning rate."
)
ROW_OFF = Mistake("a row off", "A cell of another row is used.")
CURVE = Mistake("not the sigmoid", "The activation is a = 1 / (1 + EXP(-x)).")
BRACKETS = Mistake("a misplaced bracket", "Brackets decide what is computed first.")
OPERATOR = Mistake("another operation", "Another operation stands where this one belongs.")
FORMULA = Mistake("the formula of another column", "The formula belongs to another column.")
OTHER = Mistake("the wrong cell", "A cell is used that belongs elsewhere.")
SLIDES = Mistake(
    "a reference that slides",
    "A $ is missing: filled down, the reference moves away from the cell that it means.",
)
PINNED = Mistake(
    "pinned to the first row", "A $ keeps a reference in one row; each row needs its own."
)

CONSTANT = Mistake(
    "a constant over the formula", "A number was typed or pasted where the formula belongs."
)
NOT_COPIED = Mistake(
    "the first row's formula not copied down",
    "The first row is right; the rows below do not compute their own.",
)
COUNTED = Mistake(
    "a constant that changes", "An input, target or rate must be the same in each row."
)
ROUNDED = Mistake("rounded on the way", "ROUND in a formula makes every later number inexact.")
E_ROUNDED = Mistake("e rounded", "A typed 2.718... is not e; use EXP.")
ERROR = Mistake("an error value", "The cell shows an error instead of a number.")
TEXT = Mistake("text in place of a number", "The cell holds text, which is not computed with.")
EMPTY = Mistake("an empty cell", "The cell is empty.")
UNKNOWN = Mistake("not one of the known mistakes", "Compare the formula with the right one.")


@dataclass(frozen=True)
class Explained:
    """A mistake, and what it means for the column at hand."""

    mistake: Mistake
    told: str = ""

    def __str__(self) -> str:
        return f"{self.mistake.name}: {self.told}" if self.told else self.mistake.name


def explained(change: Change, role: str) -> Explained:
    """Name the change of a role's formula by what stands there and what belongs there."""
    stands, belongs = change.stands, change.belongs
    if change.kind in ("another", "together"):
        pairs = [(stands, belongs)]
        if change.kind == "together":
            pairs = list(zip(stands.split(), belongs.split(), strict=True))
        told = " and ".join(f"{_beside(a, b)} where {_beside(b, a)} belongs" for a, b in pairs)
        return Explained(_taken(*pairs[0]), told)
    if change.kind == "half":
        missing = belongs == "1/2" or stands == "2"
        if role in ("e1", "e2", "et"):
            return Explained(HALF, "1/2 is missing" if missing else "1/2 is there twice")
        return Explained(EXTRA_HALF, f"a factor {'2' if missing else '1/2'} too many")
    if change.kind in ("factor", "term"):
        return _part(change)
    inside = f"{belongs} belongs" if belongs else f"{stands} does not belong"
    mistake, told = {
        "swapped": (SWAPPED, f"{stands} and {belongs} are swapped"),
        "brackets": (BRACKETS, f"{inside} in brackets"),
        "square": (SQUARE, "a magnitude stands there" if "magnitude" in stands else ""),
        "operator": (OPERATOR, f"{stands} stands where {belongs} belongs"),
        "sign": (SIGN, f"{stands} stands where {belongs} belongs"),
        "all": (SIGN, "everything has the other sign"),
        "turned": (SIGN, f"the difference {stands} is the other way round"),
    }[change.kind]
    return Explained(mistake, told)


def _part(change: Change) -> Explained:
    """Name a factor or a term that is missing, or one too many."""
    if change.belongs == spelled("eta"):
        return Explained(RATE, "no rate at all")
    if change.belongs in ("0.5", "1/2"):
        return Explained(HALF, "1/2 is missing")
    missing, extra = (FACTOR, EXTRA_FACTOR) if change.kind == "factor" else (TERM, EXTRA_TERM)
    if change.belongs:
        return Explained(missing, f"the {change.kind} {change.belongs} is missing")
    return Explained(extra, f"the {change.kind} {change.stands} is one too many")


def _beside(symbol: str, other: str) -> str:
    """Return a symbol in words; without its row, if the other is of the same."""
    if "." in symbol and symbol.rpartition(".")[0] == other.rpartition(".")[0]:
        symbol = symbol.rpartition(".")[2]
    return spelled(symbol)


def _taken(stands: str, belongs: str) -> Mistake:
    """Name what stands where something else belongs."""
    if belongs in ("eta", "etab"):
        return RATE
    if not is_role(stands) or not is_role(belongs):
        return OTHER
    (away, role), (there, right) = parted(stands), parted(belongs)
    stem = role[:-1] if role[:-1] == right[:-1] else ""
    found = {
        UPDATED: right in WEIGHTS and (role == f"n{right[-1]}" or (role == right and away == 1)),
        PINNED: away == "first" and role == right,
        ROW_OFF: away != there,
        SUM_H: right == f"a{role}" and role[0] == "h",
        SUM_O: right == f"a{role}" and role[0] == "o",
        TWICE: role == f"a{right}",
        OTHER_CONSTANT: right in CONSTANTS or role in CONSTANTS,
        OTHER_UNIT: role == twin(right),
        ANOTHER_WEIGHT: stem == "w",
        OTHER_GRADIENT: stem in ("d_et_w", "n", "c", "k"),
    }
    return next((mistake for mistake, fits in found.items() if fits), OTHER)
