"""Commands about studies that train nothing: new, list, plan."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweep.cli.door import app
from sweep.cli.opening import load, open_study, writing
from sweep.cli.options import RESULTS, Folder, Name, Overrides, Threads
from sweep.cli.terminal import columns, duration, note, printable, short
from sweep.errors import RequestError, SweepError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sweep.study import Group, Study

_DISK_SHARE = 0.5  # of what is free: others write too, and the guess is rough


@app.command()
def new(file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make.")]) -> None:
    """Write a commented starter study."""
    from sweep.store.folder import study_directory
    from sweep.study import STARTER, parse_study

    if file.suffix != ".toml":
        raise RequestError(f"{file}: the file of a study must end in .toml")
    if not file.absolute().parent.is_dir():
        raise RequestError(f"{file}: there is no directory {file.parent}; make it first")
    study_directory(RESULTS, parse_study(STARTER, file.stem, file.parent))  # a name that can run
    with writing(file), file.open("x", encoding="utf-8") as made:
        made.write(STARTER)
    print(f"{file}: a study that runs as it is; edit it, then `sweep run {file}`")


@app.command(name="list")
def list_studies(results: Folder = RESULTS) -> None:
    """List the studies at hand and how far each has run."""
    from sweep.study import load_study, shipped_studies

    paths = [*shipped_studies(), *sorted(Path("experiments").glob("*.toml"))]
    rows = [("STUDY", "TRAINED", "TRIALS", "QUESTION")]
    for name, path in {path.stem: path for path in paths}.items():
        try:
            study = load_study(path)
            trained = open_study(study, results).trained
            rows.append((name, f"{trained:,}", f"{study.trials:,}", study.title))
        except SweepError as error:
            rows.append((name, "?", "?", str(error)))
    columns(rows, right=(1, 2))


@app.command()
def plan(
    name: Name, overrides: Overrides = None, results: Folder = RESULTS, threads: Threads = None
) -> None:
    """Say what running STUDY would take; only try out how fast it trains."""
    from sweep.store.machine import usable_processors
    from sweep.training.calibration import calibrate
    from sweep.training.costs import compile_seconds, estimate

    study = load(name, overrides)[1]
    groups, threads = study.groups(), threads or usable_processors()
    guesses = [estimate(group, threads) for group in groups]
    found = open_study(study, results)
    missing = [
        group.trials - trained
        for group, trained in zip(groups, found.trained_of_groups, strict=True)
    ]
    done = study.trials - sum(missing)
    trained = f", of which {done:,} are trained already" if done else ""
    if extendable := found.extendable:
        trained += f", and {extendable:,} go on from fewer steps"
    to_do = [group for group, count in zip(groups, missing, strict=True) if count]
    work = sum(group.trials * group.steps for group in groups)
    memory = max(guess.memory_bytes for guess in guesses)
    disk = sum(guess.disk_bytes for guess in guesses)
    compiling = compile_seconds(to_do)
    factor = calibrate(to_do or groups)
    training = sum(
        guess.seconds * (count - spared / group.steps) / group.trials
        for guess, count, spared, group in zip(
            guesses, missing, found.spared_of_groups, groups, strict=True
        )
    ) / (factor or 1)
    how = "by a short try" if factor else "guessed, since one step takes long"
    free = _free_bytes(results)
    rows = [
        ("trials", f"{study.trials:,}{trained}"),
        *_dimensions(study),
        *([("  where", study.where.text)] if study.where else []),
        ("groups", f"{len(groups):,}"),
        ("steps", _steps(groups)),
        ("network-steps", short(work, "")),
        ("memory", f"{short(memory, 'B')}, Python's own apart"),
        ("disk", f"{short(disk, 'B')}, of {short(free, 'B')} free"),
        ("time", f"about {duration(training)} on {threads} threads, {how}"),
        *([("  compiling", f"about {duration(compiling)}")] if compiling else []),
    ]
    print(printable(f"{study.name}: {study.title}"))
    columns(rows)
    _warn_of_curves(disk, sum(guess.curve_bytes for guess in guesses), free)


def _steps(groups: "Sequence[Group]") -> str:
    """Say how many steps there are, and why another number would train all anew, if so."""
    steps = sorted({group.steps for group in groups})
    found = " to ".join(f"{n:,}" for n in dict.fromkeys((steps[0], steps[-1])))
    reasons = {
        f"{group.schedule.name} depends on it": None
        for group in groups
        if group.schedule.shaped_by_steps
    }
    logarithmic = [group.record.loss for group in groups if group.record.loss.startswith("log")]
    reasons |= {f'which losses "{loss}" records depends on it': None for loss in logarithmic}
    if any(group.record.parameters == "nothing" for group in groups):
        reasons["no parameters are kept to go on from"] = None
    why = ", and ".join(reasons)
    return f"{found}; another number trains all anew: {why}" if reasons else found


def _dimensions(study: "Study") -> Iterator[tuple[str, str]]:
    """Say how many values each axis has, and which axes run together."""
    for dimension in study.dimensions:
        together = f", together as {dimension.name}" if dimension.name else ""
        for axis in dimension.axes:
            yield f"  {axis.name}", f"{len(axis.ranked[0]):,} values{together}"


def _free_bytes(path: Path) -> int:
    """Return how much is free where `path` is, or will be made."""
    import shutil

    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.is_dir())
    return shutil.disk_usage(there).free


def _warn_of_curves(disk: int, curves: int, free: int) -> None:
    if disk < _DISK_SHARE * free:
        return
    found = f"results would take {short(disk, 'B')} of the {short(free, 'B')} that are free"
    note(
        f"warning: {found}, curves {short(curves, 'B')} of it; "
        'record.loss = "log 200" keeps fewer points of them, and "nothing" none'
        if 4 * curves > disk
        else f"warning: {found}"
    )
