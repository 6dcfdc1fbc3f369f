"""One study, explored: the server, its threads and its store, from start to end."""

import ipaddress
import secrets
import socket
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sweep.errors import RequestError
from sweep.explorer.keeping import Kept
from sweep.explorer.working import Pool
from sweep.store.machine import usable_processors
from sweep.study import Study, load_study
from sweep.training.compile import cache_directory

PORT = 8432
"""Where the page is served, if the port is free and none is asked for."""

_TOUR = Path(__file__).with_name("tour.toml")


def explore(
    study: str | Path | Study,
    *,
    overrides: str | Sequence[str] = (),
    results: str | Path = "results",
    host: str = "127.0.0.1",
    port: int | None = None,
    threads: int | None = None,
    on_ready: Callable[[str], object] = lambda _: None,
) -> None:
    """Serve a page that maps a study and trains what is looked at, until it is interrupted.

    Tiles are kept in `tiles` within the folder of compiled kernels, 1 GiB of them at most, and are
    the bits that a run of the same points gives. Results are read, never written.

    Args:
        study: a study, a path to its file, or the bare name of a known one.
        overrides: fields to change, as of `sweep.run`.
        results: the directory of all studies' results: what is there of this one is shown.
        host: the address to serve at; any but a loopback one lets others use this machine.
        port: by default 8432, or any free one if that is taken.
        threads: that train; by default one for each CPU that the process may use.
        on_ready: is called with the page's address, which holds a token, once it can be opened.

    Raises:
        RequestError: the study is wrong, has no number to map, the port is taken, or Starlette and
            uvicorn are not installed.
    """
    found = load_study(study, overrides)
    threads = usable_processors() if threads is None else threads
    if threads < 1:
        raise RequestError(f"threads must be at least 1, not {threads}")
    try:
        from sweep.explorer.serving import Server  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RequestError(
            f"explore needs Starlette and uvicorn: pip install 'sweep[explore]' ({error})"
        ) from None
    token = secrets.token_urlsafe(24)
    with (
        listening(host, port) as listener,
        Pool(Kept(cache_directory() / "tiles"), threads) as pool,
    ):
        number = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        hosts = {
            f"{name}:{number}" for name in {shown, *(("localhost",) if is_loopback(host) else ())}
        }
        if host in ("0.0.0.0", "::"):
            own = {socket.gethostname(), socket.getfqdn(), "127.0.0.1", "localhost", "[::1]"}
            hosts |= {f"{name}:{number}" for name in own | _addresses()}
        server = Server(found, pool, Path(results), tour(found.name), hosts=hosts, token=token)
        on_ready(f"http://{shown}:{number}/#token={token}")
        server.run([listener])


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _addresses() -> set[str]:
    """This machine's addresses, as far as its name has them."""
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        return set()
    return {f"[{one}]" if ":" in one else one for one in found}


def listening(host: str, port: int | None) -> socket.socket:
    """A socket at the port, or at a free one where none was asked for.

    Raises:
        RequestError: there is none.
    """
    for number in (PORT, 0) if port is None else (port,):
        try:
            kind = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
            listener = socket.socket(kind[0], socket.SOCK_STREAM)
        except OSError as error:
            raise RequestError(f"--host: {host}: {error.strerror or error}") from None
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(kind[4])
            listener.listen(64)  # whoever opens the page at once waits
            return listener
        except OSError as error:
            listener.close()
            problem = error.strerror or str(error)
    raise RequestError(f"--port: {host}, port {port}: {problem}; choose another one, or none")


def tour(name: str) -> list[dict[str, Any]]:
    """The good places of a shipped study.

    Each has a `name`, a sentence in `words`, where its middle is, `at` shares of the first two
    windows, and `zoom`, how many times these are halved; and maybe `colour`, "measure:scale".
    """
    found: list[dict[str, Any]] = tomllib.loads(_TOUR.read_text(encoding="utf-8")).get(name, [])
    return found
