"""How mistakes change a formula: each function turns a right formula into the wrong ones.

All take the formula and the role of its column, and yield each changed formula with a few words
on what differs.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

from sweep.auditor.formulas import Call, Name, Number, Tree, references
from sweep.auditor.roles import WEIGHTS

Changed = tuple[Tree, str]
"""A wrong formula, and in a few words what differs from the right one."""

Path = tuple[int, ...]

HIDDEN_ERRORS = {
    f"d_{e}_ah{n}": f"d_{f}_ah{n}" for e, f in (("e1", "e2"), ("e2", "e1")) for n in "12"
}
CONSTANT_PAIRS = {"i1": "i2", "i2": "i1", "t1": "t2", "t2": "t1"}
AROUND = {
    "": "",
    "prev": " of the row above",
    "next": " of the row below",
    "prev.prev": " of two rows above",
}
OTHER_THINGS = {"n": "new w", "c": "change of w", "k": "step of w", "m": "-dE/d"}


def spelled(symbol: str) -> str:
    """Return a role as people write it."""
    where, _, role = symbol.rpartition(".")
    around = AROUND[where]
    if role.startswith("d_"):
        upper, lower = role[2:].split("_")
        return f"d{spelled(upper)}/d{spelled(lower)}{around}"
    if role[0] in OTHER_THINGS and role[-1].isdigit():
        return OTHER_THINGS[role[0]] + role[1:].lstrip("_") + around
    special = {"et": "E_total", "eta": "the rate", "e1": "E1", "e2": "E2"}
    return special.get(role, re.sub(r"^a([ho])", r"a_\1", role)) + around


def symbols(tree: Tree) -> list[str]:
    """Return the roles that a formula names."""
    return sorted({leaf.name for leaf in references(tree) if isinstance(leaf, Name)})


def _parts(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree]]:
    """Yield every part of a tree with the way to it."""
    yield path, tree
    if isinstance(tree, Call):
        for at, part in enumerate(tree.arguments):
            yield from _parts(part, (*path, at))


def _calls(tree: Tree, *functions: str) -> Iterator[tuple[Path, Call]]:
    """Yield the parts that are one of these functions or operators."""
    for path, part in _parts(tree):
        if isinstance(part, Call) and part.function in functions:
            yield path, part


def _put(tree: Tree, path: Path, new: Tree) -> Tree:
    """Return the tree with another part at the end of a path."""
    if not path:
        return new
    assert isinstance(tree, Call)
    parts = list(tree.arguments)
    parts[path[0]] = _put(parts[path[0]], path[1:], new)
    return Call(tree.function, tuple(parts))


def _exchanged(tree: Tree, names: dict[str, str]) -> Tree:
    if isinstance(tree, Call):
        return Call(tree.function, tuple(_exchanged(part, names) for part in tree.arguments))
    return Name(names.get(tree.name, tree.name)) if isinstance(tree, Name) else tree


def _taken(tree: Tree, pairs: Iterable[tuple[str, str]]) -> Iterator[Changed]:
    """One symbol taken for another: everywhere, and in each single place."""
    for right, wrong in pairs:
        places = [path for path, part in _parts(tree) if part == Name(right)]
        if places:
            told = _told(right, wrong)
            yield _exchanged(tree, {right: wrong}), told
            if len(places) > 1:
                yield from ((_put(tree, path, Name(wrong)), told) for path in places)


def _told(right: str, wrong: str) -> str:
    """Say what stands where something else belongs; not the row, if both are of one row."""
    if right.rpartition(".")[0] == wrong.rpartition(".")[0]:
        right, wrong = (symbol.rpartition(".")[2] for symbol in (right, wrong))
    return f"{spelled(wrong)} where {spelled(right)} belongs"


def _all_taken(tree: Tree, names: dict[str, str]) -> Iterator[Changed]:
    """Several symbols each taken for another, together."""
    present = {right: wrong for right, wrong in names.items() if right in symbols(tree)}
    if len(present) > 1:
        told = " and ".join(f"{spelled(b)} for {spelled(a)}" for a, b in present.items())
        yield _exchanged(tree, present), told


def sums_taken(letter: str) -> Callable[[Tree, str], Iterator[Changed]]:
    """The sums of a layer, "h" or "o", taken for their sigmoids."""
    pairs = {f"a{letter}{n}": f"{letter}{n}" for n in "12"}

    def changes(tree: Tree, role: str) -> Iterator[Changed]:
        yield from _taken(tree, pairs.items())
        yield from _all_taken(tree, pairs)
        if role in pairs:
            yield Name(pairs[role]), f"{spelled(pairs[role])} itself, without the sigmoid"

    return changes


def _twin(symbol: str) -> str | None:
    """The same quantity of the layer's other unit."""
    if re.fullmatch(r"(a?[ho]|e)[12]|[dm]_\w*(a?[ho]|e)[12]", symbol):
        return symbol[:-1] + ("2" if symbol.endswith("1") else "1")
    return None


def other_unit(tree: Tree, _: str) -> Iterator[Changed]:
    """A unit's quantity for that of its layer's other unit."""
    pairs = {symbol: twin for symbol in symbols(tree) if (twin := _twin(symbol))}
    yield from _taken(tree, pairs.items())
    yield from _taken(tree, HIDDEN_ERRORS.items())
    yield from _all_taken(tree, pairs)
    for letter in ("ah", "ao", "h", "o"):
        yield from _all_taken(tree, {a: b for a, b in pairs.items() if a.startswith(letter)})


def weights_swapped(tree: Tree, _: str) -> Iterator[Changed]:
    """Two weights each in the other's place."""
    present = [symbol for symbol in symbols(tree) if symbol in WEIGHTS]
    for a, b in combinations(present, 2):
        yield _exchanged(tree, {a: b, b: a}), f"{a} and {b} are swapped"


def another_weight(tree: Tree, _: str) -> Iterator[Changed]:
    """One weight for another."""
    for a in [symbol for symbol in symbols(tree) if symbol.removeprefix("prev.") in WEIGHTS]:
        where = a[: a.rfind(".") + 1]
        yield from _taken(tree, ((a, where + b) for b in WEIGHTS if where + b != a))


def other_constant(tree: Tree, _: str) -> Iterator[Changed]:
    """One input or target for another."""
    yield from _taken(tree, CONSTANT_PAIRS.items())
    yield from _all_taken(tree, CONSTANT_PAIRS)
    kinds = [(a, b) for a in CONSTANT_PAIRS for b in CONSTANT_PAIRS if a[0] != b[0]]
    yield from _taken(tree, kinds)


def sign(tree: Tree, _: str) -> Iterator[Changed]:
    """A plus for a minus, or a difference the other way round."""
    yield Call("negative", (tree,)), "everything has the other sign"
    for path, part in _calls(tree, "+", "-"):
        other = "-" if part.function == "+" else "+"
        told = f"{other} where {part.function} belongs"
        yield _put(tree, path, Call(other, part.arguments)), told
        yield _put(tree, path, Call("negative", (part,))), "a difference the other way round"
    for path, part in _calls(tree, "negative"):
        yield _put(tree, path, part.arguments[0]), "a minus is missing"


def term_missing(tree: Tree, _: str) -> Iterator[Changed]:
    """A sum without one of its terms."""
    for path, part in _calls(tree, "+", "-"):
        for kept, gone in (part.arguments, part.arguments[::-1]):
            if not isinstance(gone, Number):
                yield _put(tree, path, kept), "one term of a sum is missing"


def factor_missing(tree: Tree, _: str) -> Iterator[Changed]:
    """A product without one of its factors, or without a sigmoid's slope a(1 - a)."""
    for path, part in _calls(tree, "*"):
        for kept, gone in (part.arguments, part.arguments[::-1]):
            if not isinstance(gone, Number):
                what = " and ".join(map(spelled, symbols(gone)))
                yield _put(tree, path, kept), f"a factor with {what} is missing"
    for unit in ("ao1", "ao2", "ah1", "ah2"):
        rest: Tree = Call("-", (Number(1.0), Name(unit)))
        changed = _without(tree, (Name(unit), rest))
        if changed != tree:
            yield changed, f"{spelled(unit)}(1 - {spelled(unit)}) is missing"


def _without(tree: Tree, factors: tuple[Tree, ...]) -> Tree:
    """Return the tree with these factors gone from its products."""
    if not isinstance(tree, Call):
        return tree
    inner = tuple(_without(part, factors) for part in tree.arguments)
    if tree.function == "*":
        kept = [part for part in inner if part not in factors]
        if len(kept) < 2:
            return kept[0] if kept else Number(1.0)
    return Call(tree.function, inner)


def half_missing(tree: Tree, role: str) -> Iterator[Changed]:
    """Twice or half of what it should be."""
    twice, half = (Call("*", (Number(factor), tree)) for factor in (2.0, 0.5))
    if role in ("e1", "e2", "et"):
        yield from ((twice, "1/2 is missing"), (half, "1/2 is there twice"))
    elif role.startswith("d_"):
        yield from (
            (twice, "there is a factor 2 too many"),
            (half, "there is a factor 1/2 too many"),
        )


def square_missing(tree: Tree, _: str) -> Iterator[Changed]:
    """A difference, or its magnitude, in place of its square."""
    for path, part in _calls(tree, "^"):
        base = part.arguments[0]
        yield _put(tree, path, base), "the square is missing"
        yield _put(tree, path, Call("ABS", (base,))), "a magnitude where a square belongs"


def other_gradient(tree: Tree, _: str) -> Iterator[Changed]:
    """The gradient, change or new value of another weight."""
    for symbol in symbols(tree):
        match = re.fullmatch(r"((?:prev\.)?(?:d_et_w|n|c|k))([1-8])", symbol)
        if match:
            others = (f"{match[1]}{n}" for n in range(1, 9) if str(n) != match[2])
            yield from _taken(tree, ((symbol, other) for other in others))


def updated(tree: Tree, _: str) -> Iterator[Changed]:
    """Weights of after the update in what is to be computed before it."""
    present = [symbol for symbol in symbols(tree) if symbol in WEIGHTS]
    for new in ({w: f"n{w[1]}" for w in present}, {w: f"next.{w}" for w in present}):
        yield from _taken(tree, new.items())
        yield from _all_taken(tree, new)


def other_rate(tree: Tree, _: str) -> Iterator[Changed]:
    """Another cell's number in place of the learning rate."""
    wrong = ("t1", "t2", "i1", "i2", "et", *WEIGHTS)
    yield from _taken(tree, (("eta", other) for other in wrong))
    places = [path for path, part in _parts(tree) if part == Name("eta")]
    for number, told in ((0.0, "an empty cell"), (1.0, "1, or no rate at all,")):
        for path in places:
            yield _put(tree, path, Number(number)), f"{told} where the rate belongs"


def row_off(tree: Tree, _: str) -> Iterator[Changed]:
    """Cells of a neighbouring row."""
    varying = [s for s in symbols(tree) if s != "eta" and s[0] not in "it"]
    now = [s for s in varying if "." not in s]
    before = [s for s in varying if s.startswith("prev.")]
    moves = [{s: step + s for s in now} for step in ("prev.", "next.")]
    moves += [{s: s.removeprefix("prev.") for s in before}, {s: "prev." + s for s in before}]
    for moved in moves:
        yield from _taken(tree, moved.items())
        yield from _all_taken(tree, moved)
        yield from _all_taken(tree, {a: b for a, b in moved.items() if a not in WEIGHTS})
        for letter in ("ah", "ao"):
            yield from _all_taken(tree, {a: b for a, b in moved.items() if a.startswith(letter)})


def other_curve(_: Tree, role: str) -> Iterator[Changed]:
    """Something like the sigmoid."""
    if not re.fullmatch(r"a[ho][12]", role):
        return
    x, one = Name(role[1:]), Number(1.0)
    grown, shrunk = Call("EXP", (x,)), Call("EXP", (Call("negative", (x,)),))
    yield shrunk, "EXP(-x) alone"
    yield grown, "EXP(x) alone"
    yield Call("+", (one, shrunk)), "1/... is missing, or brackets: 1/1+EXP(-x)"
    yield Call("/", (one, Call("-", (one, shrunk)))), "1-EXP(-x) where 1+EXP(-x) belongs"
    yield Call("TANH", (x,)), "TANH where the sigmoid belongs"
