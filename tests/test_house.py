"""How the rooms of the package stand to each other (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sweep"
# From the top: a room imports from those of later rows alone.
FLOORS = [
    ["cli"],
    ["auditor", "course", "explorer"],
    ["views"],
    ["analysis"],
    ["instrument"],
    ["runs"],
    ["store"],
    ["training"],
    ["study"],
    ["catalogue"],
    ["errors"],
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(module: Path) -> str:
    parts = module.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def imports_of(module: Path) -> Iterator[tuple[str, str]]:
    """Each name that a module takes from the package, behind the module that has it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            if (node.module or "").split(".")[0] == "sweep":
                yield from ((str(node.module), alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            yield from ((one.name, "") for one in node.names if one.name.startswith("sweep."))


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_imports_point_down_and_take_nothing_private(module: Path) -> None:
    here = name_of(module)
    for origin, name in imports_of(module):
        there = room_of(origin) or (name if name in FLOOR else "")
        assert not name.startswith("_") or name == "__version__", f"{here} takes {origin}.{name}"
        if room_of(here) and there and there != room_of(here):
            assert FLOOR[there] > FLOOR[room_of(here)], f"{here} imports {origin} from above"


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {name_of(module) for module in MODULES}
    asks: dict[str, set[str]] = {}
    for module in MODULES:
        if name_of(module) == "sweep":
            continue  # it names its functions' homes, and imports one when it is asked for
        found = {
            f"{origin}.{name}" if f"{origin}.{name}" in names else origin
            for origin, name in imports_of(module)
        }
        asks[name_of(module)] = found - {name_of(module), "sweep"}
    while free := [name for name, needed in asks.items() if not needed & asks.keys()]:
        for name in free:
            del asks[name]
    assert not asks, "in or behind a circle"


def test_every_room_has_its_floor() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms | {"errors"} == set(FLOOR)
