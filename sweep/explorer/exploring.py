"""One study, explored: the server, its threads and its store, from start to end."""

import ipaddress
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sweep.errors import RequestError
from sweep.explorer.keeping import Kept
from sweep.explorer.working import Pool
from sweep.store.machine import usable_processors
from sweep.study import Study, load_study
from sweep.training.compile import cache_directory

PORT = 8432
"""Where the page is served, if the port is free and none is asked for."""

_Found = TypeVar("_Found")
_PATIENCE = 3.0  # seconds for what others know of a name


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
        RequestError: the study is wrong, has no numbers to map, the port is taken, or Starlette and
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
        hosts = {f"{_shown(name)}:{number}" for name in names_of(host)}
        server = Server(found, pool, Path(results), hosts, token)
        on_ready(f"http://{_shown(host)}:{number}/#token={token}")
        server.run([listener])


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def names_of(host: str) -> set[str]:
    """What a browser may call the machine that serves at an address."""
    if is_loopback(host):
        return {host, "localhost"}
    if host not in ("0.0.0.0", "::"):
        return {host}
    own = socket.gethostname()
    found = {own, "localhost", "127.0.0.1", "::1"}
    with suppress(OSError):
        found.add(_looked_up(socket.getfqdn))
        found |= {str(one[4][0]) for one in _looked_up(socket.getaddrinfo, own, None)}
    return found


def _looked_up(look: Callable[..., _Found], *given: object) -> _Found:
    """What is known of a name, unless who would know it does not answer.

    Raises:
        OSError: nothing is, in time.
    """
    found: Future[_Found] = Future()

    def answer() -> None:
        try:
            found.set_result(look(*given))
        except OSError as error:
            found.set_exception(error)

    threading.Thread(target=answer, daemon=True).start()  # nothing else ends a look-up
    return found.result(_PATIENCE)


def listening(host: str, port: int | None) -> socket.socket:
    """A socket at the port, or at a free one where none was asked for.

    Raises:
        RequestError: there is none.
    """
    if port is not None and not 0 <= port <= 65535:
        raise RequestError(f"--port: must be a whole number up to 65535, not {port}")
    try:
        family, *_, (address, _, *rest) = _looked_up(socket.getaddrinfo, host, None)[0]
    except OSError:
        raise RequestError(f"--host: {host}: is no known address; one is 127.0.0.1") from None
    for number in (PORT, 0) if port is None else (port,):
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, number, *rest))
            listener.listen(64)  # whoever opens the page at once waits
            return listener
        except OSError as error:
            listener.close()
            problem = error.strerror or str(error)
    raise RequestError(f"--port: {host}, port {port}: {problem}; choose another one, or none")
