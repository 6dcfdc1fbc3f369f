"""One change to a formula: which single one makes it right, or makes the numbers that are there.

Both ways the question is the same. From a student's formula the right one is looked for, and what
goes out `stands` where what comes in `belongs`; from the right formula the student's numbers are
looked for, and it is the other way round.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from sweep.auditor.formulas import Call, FormulaError, Name, Number, Tree, parse, references
from sweep.auditor.model import parted
from sweep.auditor.roles import ALL_BIASES, CONSTANTS, WEIGHTS

Path = tuple[int, ...]
Fits = Callable[[Tree], bool]

POWERS = ("^", "POWER", "POW")
PRODUCTS = ("*", "/")
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}
NEAR, FARTHEST = 4, 10
"""How far a symbol is from one that is often taken for it, and from any."""

MOST_PAIRS = 600
"""How many places of a pair of brackets are tried."""


@dataclass(frozen=True)
class Change:
    """What was changed, `kind` says how: `old` went out, `new` came in; symbols or words."""

    kind: str
    old: str = ""
    new: str = ""


Changed = tuple[Tree, Change]


def symbols(tree: Tree) -> list[str]:
    """Return the roles and cells that a formula names."""
    return sorted({leaf.name for leaf in references(tree) if isinstance(leaf, Name)})


def parts(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree]]:
    """Yield every part of a tree with the way to it."""
    yield path, tree
    if isinstance(tree, Call):
        for at, part in enumerate(tree.arguments):
            yield from parts(part, (*path, at))


def _calls(tree: Tree, *functions: str) -> Iterator[tuple[Path, Call]]:
    for path, part in parts(tree):
        if isinstance(part, Call) and part.function in functions:
            yield path, part


def put(tree: Tree, path: Path, new: Tree) -> Tree:
    """Return the tree with another part at the end of a path."""
    if not path:
        return new
    assert isinstance(tree, Call)
    inner = list(tree.arguments)
    inner[path[0]] = put(inner[path[0]], path[1:], new)
    return Call(tree.function, tuple(inner))


def renamed(tree: Tree, names: dict[str, str]) -> Tree:
    """Return the tree with other symbols in place of some."""
    if isinstance(tree, Call):
        return Call(tree.function, tuple(renamed(part, names) for part in tree.arguments))
    return Name(names.get(tree.name, tree.name)) if isinstance(tree, Name) else tree


def find(tree: Tree, wanted: Iterable[Tree], fits: Fits, into: Iterable[str]) -> Change | None:
    """Return the likeliest single change after which a formula fits; None if there is none.

    Args:
        tree: the formula that is changed.
        wanted: formulas whose parts may be missing in it.
        fits: whether a changed formula is the one that is looked for.
        into: the symbols that may come in.
    """
    into = list(into)
    pieces = list(dict.fromkeys(part for one in wanted for _, part in parts(one)))
    for changes in (
        _renamed(tree, into, range(NEAR)), _together(tree), _signs(tree), _squares(tree),
        _removed(tree), _operators(tree), _bracketed(tree), _added(tree, pieces),
        _renamed(tree, into, range(NEAR, FARTHEST)), _placed(tree, into),
    ):  # fmt: skip
        for changed, change in changes:
            try:
                if fits(changed):
                    return change
            except (KeyError, FormulaError):
                continue  # it names what nothing defines
    return None


def _renamed(tree: Tree, into: list[str], distances: range) -> Iterator[Changed]:
    """One symbol for another, wherever that stands or in one place; the nearer ones first."""
    pairs = [(_distance(a, b), a, b) for a in symbols(tree) for b in into if a != b]
    for distance, old, new in sorted(pairs):
        if distance in distances:
            yield renamed(tree, {old: new}), Change("another", old, new)
            places = [path for path, part in parts(tree) if part == Name(old)]
            for path in places if len(places) > 1 else []:
                yield put(tree, path, Name(new)), Change("another", old, new)


def _placed(tree: Tree, into: list[str]) -> Iterator[Changed]:
    """A typed number, or a part, where a symbol belongs."""
    for path, part in parts(tree):
        if path and not isinstance(part, Name):
            for new in into:
                yield put(tree, path, Name(new)), Change("another", written(part), new)


def _distance(old: str, new: str) -> int:
    """How unlikely it is that the one is taken for the other; below `NEAR` it happens often."""
    if not is_role(old) or not is_role(new):
        return NEAR
    (away, role), (there, other) = parted(old), parted(new)
    if away != there:
        return 3 if role == other else 9
    alike = (
        {role, other} in ({f"a{u}", u} for u in ("h1", "h2", "o1", "o2")),
        role[:-1] == other[:-1],
        role[0] == other[0] and "d_" not in (role[:2], other[:2]),
    )
    far = NEAR if {role[0], other[0]} <= {"i", "t"} else NEAR + 1
    return alike.index(True) if any(alike) else far


def is_role(symbol: str) -> bool:
    """Whether a symbol is that of a quantity, not of a cell."""
    return symbol.rpartition(".")[2][:1].islower() and "!" not in symbol


def twin(symbol: str) -> str:
    """Return the same quantity of the layer's other unit; the symbol itself if it has none."""
    if re.search(r"(?:^|[._])(a?[ho]|e|t)[12]$", symbol):
        return symbol[:-1] + ("2" if symbol.endswith("1") else "1")
    return symbol


def _together(tree: Tree) -> Iterator[Changed]:
    """Several symbols changed alike: exchanged, for sums, for the other unit's, in another row."""
    present = list(filter(is_role, symbols(tree)))
    weights = [s for s in present if parted(s)[1] in WEIGHTS]
    for a, b in combinations(weights, 2):
        yield renamed(tree, {a: b, b: a}), Change("swapped", a, b)
    changes: list[dict[str, str]] = []
    for letter in ("h", "o"):
        for old, new in ((f"a{letter}", letter), (letter, f"a{letter}")):
            changes.append({f"{old}{n}": f"{new}{n}" for n in "12"})
    changes.append({s: twin(s) for s in present})
    changes += [{s: twin(s) for s in present if s[:2] == k} for k in ("ah", "ao", "d_", "pr")]
    own = [s for s in present if s[0] not in "it" and s != "eta"]
    for where in ("prev.", "next.", "first."):
        changes.append({s: where + s for s in own if "." not in s})
        changes += [
            {s: where + s for s in own if "." not in s and s.startswith(letters)}
            for letters in ("ah", "ao", "w", ("a", "h", "o", "d"))
        ]
        changes.append({s: s.removeprefix(where) for s in own if s.startswith(where)})
    changes.append({s: f"n{s[1]}" for s in own if s in WEIGHTS})
    changes.append({f"n{w[1]}": w for w in WEIGHTS})
    changes.append({"i1": "i2", "i2": "i1"})
    changes.append({"t1": "t2", "t2": "t1"})
    for names in changes:
        inside = {a: b for a, b in names.items() if a in present and a != b}
        if len(inside) > 1:
            yield (
                renamed(tree, inside),
                Change("together", " ".join(inside), " ".join(inside.values())),
            )


def _signs(tree: Tree) -> Iterator[Changed]:
    """The other sign of all, of a difference, of one part."""
    yield Call("negative", (tree,)), Change("all")
    for path, part in _calls(tree, "+", "-"):
        other = "-" if part.function == "+" else "+"
        yield put(tree, path, Call(other, part.arguments)), Change("sign", part.function, other)
        yield put(tree, path, Call("negative", (part,))), Change("sign", "turned", written(part))
    for path, part in _calls(tree, "negative"):
        yield put(tree, path, part.arguments[0]), Change("sign", "-", "+")
    for path, part in _calls(tree, "EXP"):
        turned = Call("EXP", (Call("negative", part.arguments),))
        yield put(tree, path, turned), Change("sign", "+", "-")


def _squares(tree: Tree) -> Iterator[Changed]:
    """A difference, or its magnitude, in place of its square, and the other way."""
    for path, part in _calls(tree, *POWERS):
        base = part.arguments[0]
        yield put(tree, path, base), Change("square", "^2", written(base))
        yield put(tree, path, Call("ABS", (base,))), Change("square", "^2", "a magnitude")
    for path, part in _calls(tree, "-", "ABS"):
        yield put(tree, path, Call("*", (part, part))), Change("square", written(part), "^2")
    for factor, told in ((0.5, "half"), (2.0, "twice")):
        yield Call("*", (Number(factor), tree)), Change("half", "", told)


def _removed(tree: Tree) -> Iterator[Changed]:
    """A factor or a term too many (or, looked at the other way, one that is missing)."""
    for path, part in _calls(tree, "*", "+", "-", "/"):
        kind = "factor" if part.function in PRODUCTS else "term"
        keep = part.arguments[:1] if part.function == "/" else part.arguments
        for at, kept in enumerate(keep):
            gone = part.arguments[1 - at]
            turned = part.function == "-" and at == 1
            left = Call("negative", (kept,)) if turned else kept
            yield put(tree, path, left), Change(kind, written(gone), "")
    for path, part in _calls(tree, "SUM"):
        for at, gone in enumerate(part.arguments):
            rest = part.arguments[:at] + part.arguments[at + 1 :]
            yield put(tree, path, Call("SUM", rest)), Change("term", written(gone), "")
    for units in (("ao1",), ("ao2",), ("ah1",), ("ah2",), ("ao1", "ao2"), ("ah1", "ah2"),
                  ("ao1", "ao2", "ah1"), ("ao1", "ao2", "ah2")):  # fmt: skip
        rests: tuple[Tree, ...] = tuple(Call("-", (Number(1.0), Name(unit))) for unit in units)
        names: tuple[Tree, ...] = tuple(Name(unit) for unit in units)
        for factors in (names, rests, names + rests):
            changed = _without(tree, factors)
            if changed != tree and set(units) <= set(symbols(tree)):
                yield changed, Change("factor", " and ".join(map(written, factors)), "")


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


def _added(tree: Tree, pieces: list[Tree]) -> Iterator[Changed]:
    """A factor or a term that is missing (or, the other way, one too many)."""
    slopes = [parse(f"{a}*(1-{a})") for a in ("ao1", "ao2", "ah1", "ah2")]
    factors = [p for p in pieces if not isinstance(p, Number)] + slopes
    places = [(path, part) for path, part in parts(tree) if not isinstance(part, Number)]
    for path, part in places:
        for factor in factors:
            yield put(tree, path, Call("*", (part, factor))), Change("factor", "", written(factor))
    for path, part in places:
        for term in pieces:
            told = Change("term", "", written(term))
            yield put(tree, path, Call("+", (part, term))), told
            yield put(tree, path, Call("-", (part, term))), told
    for path, part in places[:1]:
        for factor in factors:
            yield put(tree, path, Call("/", (part, factor))), Change("factor", written(factor), "")


def _operators(tree: Tree) -> Iterator[Changed]:
    """Another operator."""
    for path, part in _calls(tree, "+", "-", "*", "/", "^"):
        for other in "+-*/":
            if other != part.function:
                told = Change("operator", part.function, other)
                yield put(tree, path, Call(other, part.arguments)), told


def _bracketed(tree: Tree) -> Iterator[Changed]:
    """A pair of brackets more, or less, or one that reaches further."""
    names = symbols(tree)
    text = written(renamed(tree, {name: f"v{n}_" for n, name in enumerate(names)}), plain=True)
    tokens = re.findall(r"[A-Za-z_]\w*\(|[\w.]+|[-+*/^(),]", text)
    tried = 0
    for start, end in combinations(range(len(tokens) + 1), 2):
        inside = tokens[start:end]
        if end - start < 3 or not re.match(r"[\w(]", inside[0]) or inside[-1] in "+-*/^,":
            continue
        tried += 1
        if tried > MOST_PAIRS:
            break
        bracketed = [*tokens[:start], "(", *inside, ")", *tokens[end:]]
        yield from _parsed(bracketed, names, "".join(inside), "")
    for at, token in enumerate(tokens):
        if token == "(":
            close = _closing(tokens, at)
            inside = tokens[at + 1 : close]
            rest = [*tokens[:at], *inside, *tokens[close + 1 :]]
            yield from _parsed(rest, names, "", "".join(inside))
            for end in range(at + 1, len(rest) + 1):
                longer = [*rest[:at], "(", *rest[at:end], ")", *rest[end:]]
                yield from _parsed(longer, names, "".join(rest[at:end]), "".join(inside))


def _closing(tokens: list[str], at: int) -> int:
    depth = 0
    for end in range(at, len(tokens)):
        depth += tokens[end].endswith("(") - (tokens[end] == ")")
        if depth == 0:
            return end
    return len(tokens)


def _parsed(tokens: list[str], names: list[str], new: str, old: str) -> Iterator[Changed]:
    back = {f"v{n}_": name for n, name in enumerate(names)}
    try:
        tree = parse("".join(tokens))
    except FormulaError:
        return

    def told(text: str) -> str:
        return re.sub(r"v\d+_", lambda m: spelled(back[m[0]]), text)

    yield renamed(tree, back), Change("brackets", told(old), told(new))


def expanded(tree: Tree, ways: dict[str, tuple[Tree, ...]], there: Callable[[str], bool]) -> Tree:
    """Return a formula with what has no column written out, in its own row."""
    if isinstance(tree, Call):
        return Call(tree.function, tuple(expanded(part, ways, there) for part in tree.arguments))
    if not isinstance(tree, Name):
        return tree
    where, dot, role = tree.name.rpartition(".")
    if there(role) or not re.match(r"[dm]_", role):
        return tree
    inner = expanded(ways[role][0], ways, there)
    fixed = (*CONSTANTS, *ALL_BIASES)
    return renamed(inner, {s: s if s in fixed else where + dot + s for s in symbols(inner)})


AROUND = {
    0: "", -1: " of the row above", 1: " of the row below", "first": " of the first row",
}  # fmt: skip
SPECIAL = {"et": "E_total", "eta": "the rate", "etab": "the biases' rate", "e1": "E1", "e2": "E2"}
OTHER_THINGS = {"n": "new w", "c": "change of w", "k": "step of w", "m": "-dE/d"}


def spelled(symbol: str) -> str:
    """Return a role, some rows away perhaps, as people write it; a cell by its name."""
    if re.fullmatch(r"[^a-z].*|.*!.*", symbol) and not re.match(r"-?\d+\.[a-z]", symbol):
        return symbol
    away, role = parted(symbol)
    around = AROUND.get(away)
    if around is None:
        around = f" of {abs(int(away))} rows {'below' if int(away) > 0 else 'above'}"
    if role.startswith("d_"):
        upper, lower = role[2:].split("_")
        return f"d{spelled(upper)}/d{spelled(lower)}{around}"
    if role[0] in OTHER_THINGS and role[-1].isdigit():
        return OTHER_THINGS[role[0]] + role[1:].lstrip("_") + around
    return SPECIAL.get(role, re.sub(r"^([ab])([ho])", r"\1_\2", role)) + around


def written(tree: Tree, plain: bool = False, above: int = 0) -> str:
    """Return a formula as people write it; `plain` for one that is to be read again."""
    if isinstance(tree, Number):
        return f"{tree.value:.15g}" if isinstance(tree.value, float) else '""'
    if isinstance(tree, Name):
        return tree.name if plain else spelled(tree.name)
    if not isinstance(tree, Call):
        return "?"
    if tree.function == "negative":
        text = f"-{written(tree.arguments[0], plain, 4)}"
        return text if above < 2 else f"({text})"
    level = PRECEDENCE.get(tree.function)
    if level is None:
        return f"{tree.function}({','.join(written(part, plain) for part in tree.arguments)})"
    left, right = tree.arguments
    space = " " if level == 1 and not plain else ""
    sides = written(left, plain, level), written(right, plain, level + 1)
    text = f"{space}{tree.function}{space}".join(sides)
    return f"({text})" if level < above else text
