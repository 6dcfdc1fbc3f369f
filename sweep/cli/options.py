"""The arguments and options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[
    str, typer.Argument(metavar="STUDY", help="A study file, or the bare name of a known study.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Read the study as if edited, such as training.steps=200. May be repeated.",
    ),
]
Folder = Annotated[
    Path, typer.Option("--results", metavar="DIR", help="The directory of all studies' results.")
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", min=1, help="How many; by default one a usable CPU."),
]
RESULTS = Path("results")
