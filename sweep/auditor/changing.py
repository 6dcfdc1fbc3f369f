"""One change to a formula: which single one makes it right, or makes the numbers that are there.

Both ways the question is the same. From a student's formula the right one is looked for, and what
goes out `stands` where what comes in `belongs`; from the right formula the student's numbers are
looked for, and it is the other way round.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, combinations, islice, product

from sweep.auditor.formulas import (
    Call,
    FormulaError,
    Name,
    Number,
    Tree,
    parse,
    references,
    replace,
)
from sweep.auditor.model import parted
from sweep.auditor.roles import ALL_BIASES, CONSTANTS, WEIGHTS

Put = Callable[[Tree], Tree]
Fits = Callable[[Tree], bool]

PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}
NEAR, FARTHEST = 4, 10
"""How far a symbol is from one that is often taken for it, and from any."""

MOST_PAIRS = 1500
"""How many places of a pair of brackets are tried."""


@dataclass(frozen=True)
class Change:
    """What is wrong with a formula by one change, of a `kind`: what stands there, what belongs.

    Symbols, several with blanks between, or words; empty for what is missing or too many.
    """

    kind: str
    stands: str = ""
    belongs: str = ""


Changed = tuple[Tree, Change]


def symbols(tree: Tree) -> list[str]:
    """Return the roles and cells that a formula names."""
    return sorted({leaf.name for leaf in references(tree) if isinstance(leaf, Name)})


def parts(tree: Tree, put: Put = lambda new: new) -> Iterator[tuple[Tree, Put]]:
    """Yield every part of a tree, with what gives the tree with another part in its place."""
    yield tree, put
    if isinstance(tree, Call):
        for at, part in enumerate(tree.arguments):

            def inside(new: Tree, at: int = at, call: Call = tree) -> Tree:
                kept = call.arguments
                return put(Call(call.function, (*kept[:at], new, *kept[at + 1 :])))

            yield from parts(part, inside)


def _calls(tree: Tree, *functions: str) -> Iterator[tuple[Call, Put]]:
    for part, put in parts(tree):
        if isinstance(part, Call) and part.function in functions:
            yield part, put


def renamed(tree: Tree, names: dict[str, str]) -> Tree:
    """Return the tree with other symbols in place of some."""
    return replace(
        tree, lambda part: Name(names.get(part.name, part.name)) if isinstance(part, Name) else part
    )


def find(
    tree: Tree, wanted: Iterable[Tree], fits: Fits, into: Iterable[str], repairs: bool = True
) -> Change | None:
    """Return the likeliest single change after which a formula fits; None if there is none.

    Args:
        tree: the formula that is changed.
        wanted: formulas whose parts may be missing in it.
        fits: whether a changed formula is the one that is looked for.
        into: the symbols that may come in.
        repairs: whether the formula is the wrong one; if it is the right one, what goes out is
            what belongs there.
    """
    into = list(into)
    pieces = list(dict.fromkeys(part for one in wanted for part, _ in parts(one)))
    for changes in (
        _renamed(tree, into, range(NEAR)), _together(tree), _signs(tree), _squares(tree),
        _removed(tree), _operators(tree), _bracketed(tree), _added(tree, pieces),
        _renamed(tree, into, range(NEAR, FARTHEST)), _placed(tree, into),
    ):  # fmt: skip
        for changed, change in changes:
            try:
                if fits(changed):
                    return change if repairs else Change(change.kind, change.belongs, change.stands)
            except (KeyError, FormulaError):
                continue  # it names what nothing defines
    return None


def _renamed(tree: Tree, into: list[str], distances: range) -> Iterator[Changed]:
    """One symbol for another, wherever that stands or in one place; the nearer ones first."""
    pairs = [(_distance(a, b), a, b) for a in symbols(tree) for b in into if a != b]
    for distance, old, new in sorted(pairs):
        if distance in distances:
            change = Change("another", old, new)
            yield renamed(tree, {old: new}), change
            places = [put for part, put in parts(tree) if part == Name(old)]
            yield from ((put(Name(new)), change) for put in places if len(places) > 1)


def _placed(tree: Tree, into: list[str]) -> Iterator[Changed]:
    """A typed number, or a part, where a symbol belongs."""
    for part, put in islice(parts(tree), 1, None):
        for new in into if not isinstance(part, Name) else []:
            yield put(Name(new)), Change("another", written(part), new)


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
    for a, b in combinations([s for s in present if parted(s)[1] in WEIGHTS], 2):
        yield renamed(tree, {a: b, b: a}), Change("swapped", a, b)
    own = [s for s in present if s[0] not in "it" and s != "eta"]
    here = [s for s in own if "." not in s]
    exchanged = (("ah", "h"), ("h", "ah"), ("ao", "o"), ("o", "ao"))
    changes = [{f"{old}{n}": f"{new}{n}" for n in "12"} for old, new in exchanged]
    for some in ("", "ah", "ao", "d_", "pr"):
        changes.append({s: twin(s) for s in present if s.startswith(some)})
    for where in ("prev.", "next.", "first."):
        for letters in ("", "ah", "ao", "w", ("a", "h", "o", "d")):
            changes.append({s: where + s for s in here if s.startswith(letters)})
        changes.append({s: s.removeprefix(where) for s in own if s.startswith(where)})
    new = {w: f"n{w[1]}" for w in WEIGHTS}
    changes += [new, {n: w for w, n in new.items()}]
    changes += [{"i1": "i2", "i2": "i1"}, {"t1": "t2", "t2": "t1"}]
    for names in changes:
        inside = {a: b for a, b in names.items() if a in present and a != b}
        if len(inside) > 1:
            told = Change("together", " ".join(inside), " ".join(inside.values()))
            yield renamed(tree, inside), told


def _signs(tree: Tree) -> Iterator[Changed]:
    """The other sign of all, of a difference, of one part."""
    yield Call("negative", (tree,)), Change("all")
    for part, put in _calls(tree, "+", "-"):
        other = "-" if part.function == "+" else "+"
        yield put(Call(other, part.arguments)), Change("sign", part.function, other)
        yield put(Call("negative", (part,))), Change("turned", written(part), written(part))
    for part, put in _calls(tree, "negative"):
        yield put(part.arguments[0]), Change("sign", "-", "+")
    for part, put in _calls(tree, "EXP"):
        yield put(Call("EXP", (Call("negative", part.arguments),))), Change("sign", "+", "-")


def _squares(tree: Tree) -> Iterator[Changed]:
    """A difference, or its magnitude, in place of its square, and the other way; a 1/2 or a 2."""
    for part, put in _calls(tree, "^", "POWER", "POW"):
        base = part.arguments[0]
        yield put(base), Change("square", "^2", written(base))
        yield put(Call("ABS", (base,))), Change("square", "^2", "a magnitude")
        yield put(Call("*", (Number(0.5), part))), Change("half", "", "1/2")
    for part, put in _calls(tree, "-", "ABS"):
        yield put(Call("*", (part, part))), Change("square", written(part), "^2")
    for factor, told in ((0.5, "1/2"), (2.0, "2")):
        yield Call("*", (Number(factor), tree)), Change("half", "", told)


SLOPED = (("ao1",), ("ao2",), ("ah1",), ("ah2",), ("ao1", "ao2"), ("ah1", "ah2"),
          ("ao1", "ao2", "ah1"), ("ao1", "ao2", "ah2"))  # fmt: skip
"""The activations whose slopes, or a part of each, may be missing together."""


def _removed(tree: Tree) -> Iterator[Changed]:
    """A factor or a term too many (or, looked at the other way, one that is missing)."""
    for part, put in _calls(tree, "*", "+", "-", "/"):
        kind = "factor" if part.function in "*/" else "term"
        keep = part.arguments[:1] if part.function == "/" else part.arguments
        for at, kept in enumerate(keep):
            left = Call("negative", (kept,)) if part.function == "-" and at else kept
            yield put(left), Change(kind, written(part.arguments[1 - at]))
    for part, put in _calls(tree, "SUM"):
        for at, gone in enumerate(part.arguments):
            rest = part.arguments[:at] + part.arguments[at + 1 :]
            yield put(Call("SUM", rest)), Change("term", written(gone))
    for units in SLOPED:
        names: tuple[Tree, ...] = tuple(map(Name, units))
        rests: tuple[Tree, ...] = tuple(Call("-", (Number(1.0), name)) for name in names)
        for factors in (names, rests, names + rests):

            def thinner(part: Tree, gone: tuple[Tree, ...] = factors) -> Tree:
                if not isinstance(part, Call) or part.function != "*":
                    return part
                kept = [one for one in part.arguments if one not in gone]
                return part if len(kept) == 2 else kept[0] if kept else Number(1.0)

            changed = replace(tree, thinner)
            if changed != tree and set(units) <= set(symbols(tree)):
                yield changed, Change("factor", " and ".join(map(written, factors)))


def _added(tree: Tree, pieces: list[Tree]) -> Iterator[Changed]:
    """A factor or a term that is missing (or, the other way, one too many)."""
    slopes = [parse(f"{a}*(1-{a})") for a in ("ao1", "ao2", "ah1", "ah2")]
    factors = [p for p in pieces if not isinstance(p, Number)] + slopes
    places = [(part, put) for part, put in parts(tree) if not isinstance(part, Number)]
    for (part, put), factor in product(places, factors):
        yield put(Call("*", (part, factor))), Change("factor", "", written(factor))
    for (part, put), term, sign in product(places, pieces, "+-"):
        yield put(Call(sign, (part, term))), Change("term", "", written(term))
    for (part, put), factor in product(places[:1], factors):
        yield put(Call("/", (part, factor))), Change("factor", written(factor))


def _operators(tree: Tree) -> Iterator[Changed]:
    """Another operator."""
    for (part, put), other in product(_calls(tree, "+", "-", "*", "/", "^"), "+-*/"):
        if other != part.function:
            yield put(Call(other, part.arguments)), Change("operator", part.function, other)


def _bracketed(tree: Tree) -> Iterator[Changed]:
    """A pair of brackets more, or less, or one that reaches further: tried on the text."""
    names = {name: f"v{n}_" for n, name in enumerate(symbols(tree))}
    text = written(renamed(tree, names), plain=True)
    tokens = re.findall(r"[A-Za-z_]\w*\(|[\w.]+|[-+*/^(),]", text)
    ends = range(len(tokens) + 1)
    for start, end in islice(combinations(ends, 2), MOST_PAIRS):
        inside = tokens[start:end]
        if end - start > 2 and re.match(r"[\w(]", inside[0]) and inside[-1] not in "+-*/^,":
            bracketed = [*tokens[:start], "(", *inside, ")", *tokens[end:]]
            yield from _read(bracketed, names, "", inside)
    for at in (at for at, token in enumerate(tokens) if token == "("):
        depth = accumulate(t.endswith("(") - (t == ")") for t in tokens[at:])
        close = at + next(n for n, open_ in enumerate(depth) if not open_)
        inside, rest = tokens[at + 1 : close], [*tokens[:at], *tokens[at + 1 : close]]
        rest += tokens[close + 1 :]
        yield from _read(rest, names, inside, "")
        for end in range(at + 1, len(rest) + 1):
            longer = [*rest[:at], "(", *rest[at:end], ")", *rest[end:]]
            yield from _read(longer, names, inside, rest[at:end])


def _read(
    tokens: list[str], names: dict[str, str], old: Iterable[str], new: Iterable[str]
) -> Iterator[Changed]:
    """The tree of tokens, if they are a formula, and what was and is in brackets."""
    back = {short: name for name, short in names.items()}
    try:
        tree = parse("".join(tokens))
    except FormulaError:
        return
    told = (
        re.sub(r"v\d+_", lambda match: spelled(back[match[0]]), "".join(part))
        for part in (old, new)
    )
    yield renamed(tree, back), Change("brackets", *told)


def expanded(tree: Tree, ways: dict[str, tuple[Tree, ...]], there: Callable[[str], bool]) -> Tree:
    """Return a formula with what has no column written out, in its own row."""
    fixed = (*CONSTANTS, *ALL_BIASES)

    def out(part: Tree) -> Tree:
        where, dot, role = part.name.rpartition(".") if isinstance(part, Name) else ("", "", "")
        if not re.match(r"[dm]_|[hoe][12]$", role) or there(role):
            return part
        inner = expanded(ways[role][0], ways, there)
        return renamed(inner, {s: where + dot + s for s in symbols(inner) if s not in fixed})

    return replace(tree, out)


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
