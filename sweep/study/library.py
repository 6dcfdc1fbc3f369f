"""Where studies are found: as a path, in `experiments/`, or among those shipped with sweep."""

from pathlib import Path

from sweep.errors import RequestError
from sweep.study.checks import nearest, one_line, show

_PACKAGE = Path(__file__).resolve().parents[1]


def find_study(name_or_path: str) -> Path:
    """The file of a study, given as a path to a TOML file or as a bare name.

    A bare name is looked up in `./experiments`, then among the shipped studies.

    Raises:
        RequestError: there is no such file.
    """
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        found = Path(name_or_path)
        if not _exists(found):
            raise RequestError(one_line(f"{name_or_path}: there is no such file"))
        return found
    known = {path.stem: path for path in [*shipped_studies(), *_studies(Path("experiments"))]}
    if name_or_path not in known:
        here = f"{name_or_path}.toml"
        hint = f"; did you mean {here}?" if _exists(Path(here)) else nearest(name_or_path, known)
        raise RequestError(
            f"{show(name_or_path)}: there is no study of this name in experiments/ or among the "
            f"shipped ones{hint}"
        )
    return known[name_or_path]


def shipped_studies() -> list[Path]:
    """The studies that came with sweep, by name: of the wheel, or of the source tree."""
    return _studies(_PACKAGE / "experiments") or _studies(_PACKAGE.parent / "experiments")


def _studies(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.toml"))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a NUL in it
        return False
