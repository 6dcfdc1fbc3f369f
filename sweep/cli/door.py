"""The application that commands belong to, and what becomes of their errors."""

import signal
import sys
from typing import Annotated

import typer

from sweep import __version__
from sweep.cli.terminal import note
from sweep.errors import RequestError, SweepError

app = typer.Typer(
    help="Train a million small neural networks in seconds, and see what the learning rate does.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

WrongCommandLine: type[Exception] = typer.BadParameter.__mro__[2]
"""What typer raises for one; where it lives differs between versions."""


def main() -> None:
    """Run the command line; exit with 0 done, 1 failed, 2 wrong request, 130 or 143 interrupted."""
    sys.exit(_status())


def _status() -> int:
    try:
        return app(prog_name="sweep", standalone_mode=False) or 0
    except SweepError as error:
        return _refuse(str(error), error.exit_status)
    except WrongCommandLine as error:
        return _refuse(error.format_message(), RequestError.exit_status)  # type: ignore[attr-defined]
    except OSError as error:
        return _refuse(f"{error.filename or 'the system'}: {error.strerror}", 1)
    except MemoryError:
        return _refuse("there is not enough memory", 1)
    except (KeyboardInterrupt, typer.Abort):
        return _refuse("interrupted", 128 + signal.SIGINT)


def _refuse(message: str, status: int) -> int:
    """Say on stderr, in one line, what is wrong."""
    note(f"sweep: {message}")
    return status


def _version(wanted: bool) -> None:
    if wanted:
        print(f"sweep {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def sweep(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Show help where no command is named."""
    if context.invoked_subcommand is None:
        print(context.get_help())
