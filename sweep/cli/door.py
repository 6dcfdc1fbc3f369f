"""The application that commands belong to, and what they share."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Context, Exit, Option, Typer

from sweep import __version__
from sweep.cli.terminal import note
from sweep.errors import RequestError

if TYPE_CHECKING:
    from sweep.store.results import Results

app = Typer(
    help="Train a million small neural networks in seconds, and see what the learning rate does.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Name = Annotated[
    str, Argument(metavar="STUDY", help="A study file, or the bare name of a known study.")
]
Overrides = Annotated[
    list[str] | None,
    Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Read the study as if edited, such as training.steps=200. May be repeated.",
    ),
]

Size = Annotated[
    int | None,
    Option("--size", metavar="N", min=2, help="Give every axis of linear or log N values."),
]


def edits_of(name: str, overrides: Sequence[str] | None, size: int | None) -> Sequence[str]:
    """The overrides that `--set` and `--size` state; says what the latter changes."""
    if size is None:
        return overrides or ()
    from sweep.study.reading import sizes_of

    for axis, num in sizes_of(name, overrides or ()).items():
        note(f"{name}: {axis} has {size:,} values in place of {num:,}")
    return [*(overrides or ()), f"size={size}"]


def _directory(text: str | Path) -> Path:
    if not str(text):
        raise RequestError("--results: must name a directory")
    return Path(text)


Folder = Annotated[
    Path,
    Option("--results", metavar="DIR", parser=_directory, help="Where all studies' results are."),
]
Threads = Annotated[
    int | None, Option(metavar="N", min=1, help="How many; by default one a usable CPU.")
]
Only = Annotated[
    list[str] | None,
    Option(
        metavar="NAME=VALUE",
        help="Only trials with this value of an axis, such as optimizer=adam. May be repeated.",
    ),
]
Json = Annotated[bool, Option("--json", help="Print one JSON object, for programs.")]
Axis = str | None
RESULTS = Path("results")


def trained(
    name: str, overrides: Sequence[str] | None, size: int | None, results: Path
) -> "Results":
    """Open results that have something to show, and say so if it is not all."""
    from sweep.store.results import results_of

    found = results_of(name, edits_of(name, overrides, size), results)
    asked = found.study.trials
    if not found.trained:
        raise RequestError(
            f"{found.directory}: nothing is trained yet; first `sweep run {quote(name)}`"
        )
    if found.trained < asked and not found.refined:
        note(f"{found.study.name}: only {found.trained:,} of {asked:,} trials are trained so far")
    return found


def _version(wanted: bool) -> None:
    if wanted:
        print(f"sweep {__version__}")
        raise Exit


@app.callback(invoke_without_command=True)
def sweep(
    context: Context,
    version: Annotated[
        bool, Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Show help where no command is named."""
    if context.invoked_subcommand is None:
        print(context.get_help())
