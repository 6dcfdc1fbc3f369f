"""How a command ends: what went wrong becomes one line on stderr and an exit status."""

import re
import resource
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer

from sweep.cli.terminal import note, use_what_it_has
from sweep.errors import RequestError, SweepError

WrongCommandLine: type[Exception] = typer.BadParameter.__mro__[2]
"""What typer raises for one; where it lives differs between versions."""

NEEDED = 700 * 10**6
"""Bytes of address space that running a study takes, about: Python, its libraries and LLVM."""


def status_of(app: Callable[..., Any]) -> int:
    """Run the application and return its exit status."""
    use_what_it_has()
    try:
        return app(prog_name="sweep", standalone_mode=False) or 0
    except SweepError as error:
        said, status = str(error), error.exit_status
    except WrongCommandLine as error:
        said, status = wrong(error, sys.argv[1:]), RequestError.exit_status
    except (OSError, MemoryError, ImportError, RecursionError) as error:
        said, status = cause(error), 1
    except (KeyboardInterrupt, typer.Abort):
        said, status = "interrupted", 130
    note(f"sweep: {said}")
    return status


def cause(error: Exception) -> str:
    """What the system refused, in one line, and whether a limit on memory may be why."""
    text = re.split(r"\. |\n", str(error))[0] or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, RecursionError):
        text = "something in the input is nested too deep"
    if isinstance(error, MemoryError):
        text = "there is not enough memory"
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if not 0 <= limit < NEEDED:
        return text
    allowed = f"this process may take {limit / 1e6:,.0f} MB (`ulimit -v`)"
    return f"not enough memory: {allowed}, and needs about {NEEDED / 1e6:,.0f} MB"


def wrong(error: Any, line: Sequence[str]) -> str:  # noqa: PLR0911 - a sentence a kind
    """What is wrong with the command line `line`, and what would be right."""
    from sweep.study.checks import nearest

    kind = type(error).__name__
    command: Any = getattr(error.ctx, "command", None)
    if kind == "NoSuchOption":
        return _no_option(error.option_name, command, line)
    if kind == "MissingParameter":
        name = _name(error.param)
        return f"{name} is missing; `sweep {command.name} --help` says what it is"
    if kind == "BadParameter" and error.param is not None:
        return f"{_name(error.param)}: {_wrong_value(error)}"
    if found := re.match(r"No such command '([^']*)'", error.format_message()):
        hint = nearest(found[1], command.commands) or "; `sweep --help` names all"
        return f"{found[1]}: there is no such command{hint}"
    if found := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", error.message):
        return f"{found[1]}: is more than {command.name} takes{_split(line)}"
    if found := re.match(r"Option '?(--?[\w-]+)'? requires an argument", error.message):
        return f"{found[1]}: needs a value after it"
    return str(error.format_message())


def _no_option(name: str, command: Any, line: Sequence[str]) -> str:
    """An option that there is none of: perhaps one's neighbour, or a field of a study."""
    from sweep.study.checks import nearest
    from sweep.study.fields import FIELD

    known = [option for one in command.params for option in one.opts if option[0] == "-"]
    field = name.lstrip("-").replace("-", "_")
    stated = {one.rpartition(".")[2]: one for one in FIELD} | {one: one for one in FIELD}
    stated |= {one.rstrip("s"): full for one, full in stated.items() if one not in ("loss", "bias")}
    stated["lr"] = "training.learning_rate"
    if field in stated and "--set" in known:
        given = re.search(rf"^{re.escape(name)}[=\n](.+)$", "\n".join(line), re.MULTILINE)
        value = given[1] if given else "VALUE"
        if not re.fullmatch(r"VALUE|[-+.\d\[{].*|true|false|inf", value):
            value = f'"{value}"'
        edit = shlex.quote(f"{stated[field]}={value}")
        return f"{name}: there is no such option; a field is stated by --set {edit}"
    hint = nearest(name, known) or f"; it takes {', '.join(sorted(known))}"
    return f"{name}: there is no such option of {command.name or 'sweep'}{hint}"


def _wrong_value(error: Any) -> str:
    """What a value must be, from what the library says of it."""
    said = error.__cause__.errors()[0] if hasattr(error.__cause__, "errors") else {}
    given, least = said.get("input"), (said.get("ctx") or {}).get("ge")
    kinds = {"int": "a whole number", "float": "a number", "bool": "true or false"}
    for start, what in kinds.items():
        if said.get("type", "").startswith(start):
            return f"must be {what}, not {given}"
    if least is not None:
        return f"must be at least {least:g}, not {given}"
    if found := re.search(r"'(.*?)' is not (?:one of|a valid) (.*)", error.message):
        return f"must be one of {found[2].rstrip('.')}, not {found[1]}".replace("'", "")
    return str(error.message)


def _name(param: Any) -> str:
    option = max(param.opts, key=len)
    return option if option.startswith("-") else str(param.metavar or option.upper()).strip("[]")


def _split(line: Sequence[str]) -> str:
    """The edit that the shell took apart, as it is to be quoted; nothing if there is none."""
    for at in (at for at, word in enumerate(line[:-1], 1) if word == "--set"):
        for end in range(at + 2, len(line) + 1):
            whole = " ".join(line[at:end])
            if _open(line[at]) and not _open(whole):
                return f"; quotes keep a value with spaces together: --set {shlex.quote(whole)}"
    return "; quotes keep a name or a value with spaces together"


def _open(text: str) -> bool:
    return any(text.count(left) > text.count(right) for left, right in ("[]", "{}"))
