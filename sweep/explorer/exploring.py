"""One study, explored: the server, its threads and its store, from start to end."""

import errno
import ipaddress
import secrets
import shlex
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sweep.errors import RequestError
from sweep.explorer.keeping import Kept
from sweep.explorer.working import Pool, aside
from sweep.runs.workers import thread_count
from sweep.study import Study, load_study
from sweep.study.checks import show
from sweep.training.compile import cache_directory

PORT = 8432
"""Where the page is served, if the port is free and none is asked for."""

_WAYS = (
    (socket.AF_INET, "192.0.2.1", "127.0.0.1"),
    (socket.AF_INET6, "2001:db8::1", "::1"),
)
"""Of a family of addresses one that is nobody's, and this machine's own (RFC 5737, RFC 3849)."""

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
    threads = thread_count(threads)
    try:
        from sweep.explorer.serving import Server, authority  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RequestError(
            f"explore needs Starlette and uvicorn: pip install 'sweep[explore]' ({error})"
        ) from None
    given = study.name if isinstance(study, Study) else str(study)
    edits = [overrides] if isinstance(overrides, str) else overrides
    words = ["sweep", "explore", given, *(word for one in edits for word in ("--set", one))]
    token = secrets.token_urlsafe(24)
    with (
        listening(host, port) as listener,
        Pool(Kept(cache_directory() / "tiles"), threads) as pool,
    ):
        bound, number = listener.getsockname()[:2]
        hosts = {authority(name, number) for name in names_of(host)}
        server = Server(found, pool, Path(results), hosts, token, shlex.join(words))
        on_ready(f"http://{authority(reached(host, bound), number)}/#token={token}")
        server.run([listener])


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def names_of(host: str) -> set[str]:
    """What a browser may call the machine that serves at an address, beside the address itself."""
    found = {host, "localhost"}
    if not is_loopback(host):
        found.add(socket.gethostname())
        with suppress(OSError):
            found.add(aside(socket.getfqdn).result(_PATIENCE))
    return found


def reached(host: str, bound: str) -> str:
    """The host of an address that others can open: of all addresses, that of the way out."""
    if not ipaddress.ip_address(bound.partition("%")[0]).is_unspecified:
        return host
    family, beyond, own = _WAYS[":" in bound]
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as one:
        one.connect((beyond, 9))  # which asks for a route, and sends nothing
        return str(one.getsockname()[0])
    return own


def listening(host: str, port: int | None) -> socket.socket:
    """A socket at the port, or at a free one where none was asked for.

    Raises:
        RequestError: there is none.
    """
    if port is not None and not 0 <= port <= 65535:
        raise RequestError(f"--port: must be a whole number up to 65535, not {port}")
    try:
        known = aside(socket.getaddrinfo, host, None).result(_PATIENCE)  # nothing else ends it
        family, *_, (address, _, *rest) = known[0]
    except (OSError, ValueError):
        said = f"--host: {show(host)}: is no known address; one is 127.0.0.1"
        raise RequestError(said) from None
    for number in (PORT, 0) if port is None else (port,):
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, number, *rest))
            listener.listen(64)  # whoever opens the page at once waits
            return listener
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRNOTAVAIL:
                said = f"--host: {host}: is no address of this machine; one is 127.0.0.1"
                raise RequestError(said) from None
            problem = error.strerror or str(error)
    raise RequestError(f"--port: {host}, port {number}: {problem}; choose another one, or none")
