"""The server of one page: loopback, a token, and answers to a few bounded requests."""

import asyncio
import base64
import hashlib
import json
import logging
import re
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sweep.errors import RequestError, SweepError
from sweep.explorer import answering
from sweep.explorer.answering import Asked
from sweep.explorer.tiles import SIDES, Tile, View, Wanted
from sweep.explorer.working import COMPILING, Pool, aside
from sweep.study import Study

PAGE = Path(__file__).with_name("page")
TOKEN = "x-sweep-token"
Endpoint = Callable[[Request], Awaitable[Response]]
_Queue = asyncio.Queue[tuple[Wanted | None, bytes] | None]

_MOST_BYTES = 2**17  # of a request's body
_MOST_AT_ONCE = 200  # requests
_PATIENCE = 1  # seconds that answers have at the end
_KINDS = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
_SERVED = {"/": "index.html"} | {f"/{n}": n for n in ("explorer.js", "drawing.js", "explorer.css")}
_NUMBERS = "application/octet-stream"


(_INLINE,) = re.findall("<script>(.*?)</script>", (PAGE / "index.html").read_text(), re.DOTALL)
_DIGEST = base64.b64encode(hashlib.sha256(_INLINE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; script-src 'self' 'sha256-{_DIGEST}'; style-src 'self'; "
        "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def authority(host: str, port: int) -> str:
    """What a browser sends as `Host` of a server that it reaches by this name or address."""
    host = host.removeprefix("::ffff:").lower()  # IPv4 that came in on a socket of IPv6
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Guard:
    """Lets through what comes from the page alone: its `Host`, its `Origin`, and its token.

    A `Host` is right that is one of `hosts`, or the address that the connection came in on: a name
    that somebody else has pointed at this machine is neither.
    """

    def __init__(self, app: ASGIApp, hosts: set[str], token: str) -> None:
        self._app, self._hosts, self._token, self._open = app, hosts, token, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to what is strange, else what the application answers, and our headers."""
        found = Headers(scope=scope)
        host, token = found.get("host", ""), found.get(TOKEN, "").encode()
        here = authority(*scope["server"])  # an address cannot be another's name for this machine
        public = scope["path"] in _SERVED and scope["method"] in ("GET", "HEAD")
        app, self._open = self._app, self._open + 1
        if host not in {*self._hosts, here} or found.get("origin") not in (None, f"http://{host}"):
            app = _refusal(403, "this server is for the page that it has sent alone")
        elif not public and not secrets.compare_digest(token, self._token.encode()):
            app = _refusal(403, "the token is wrong: open the address that sweep explore printed")
        elif self._open > _MOST_AT_ONCE:
            app = _refusal(503, "too many pages ask at once")

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            await app(scope, receive, sent)
        finally:
            self._open -= 1


def _refusal(status: int, said: str) -> Response:
    return JSONResponse({"error": said}, status)


def _tile(one: Wanted, tile: Tile | None, columns: Sequence[int], said: str = "") -> bytes:
    told = {"at": [one.zx, one.zy, str(one.ix), str(one.iy), one.side], "said": said}
    if tile is None:
        return answering.frame(told)
    return answering.frame(told, *one.axes, tile.values[[*columns]], tile.outcome)


class Server(uvicorn.Server):
    """Serves a study's page and the tiles that it asks for, until it is told to end."""

    def __init__(
        self, study: Study, pool: Pool, results: Path, hosts: set[str], token: str, command: str
    ) -> None:
        self._pool = pool
        self._streams: dict[str, tuple[int, _Queue]] = {}  # the last one of each tab, and its turn
        self._view = lru_cache(64)(lambda text: answering.view_of(study, json.loads(text)))
        self._facts = answering.facts(study) | {"command": command}
        first = self._facts["first"]
        view = answering.view_of(study, {"view": first})
        self._first = [Wanted(view, 0, 0, 0, 0, side) for side in SIDES[:-1]]
        self._columns = answering.columns_wanted(view, first)
        pool.ask("", self._first, lambda *_: None)  # while a page is being opened
        answers = {
            "tiles": self._tiles,
            "points": self._answering(partial(answering.points, pool)),
            "results": self._answering(partial(answering.on_disk, results)),
            "study-file": self._answering(answering.saved),
        }
        routes = [
            *(Route(path, _page) for path in _SERVED),
            Route("/api/study", self._study),
            *(Route(f"/api/{name}", one, methods=["POST"]) for name, one in answers.items()),
        ]
        app = Starlette(routes=routes, exception_handlers={SweepError: _wrong})
        super().__init__(
            uvicorn.Config(
                Guard(app, hosts, token), log_level="error", access_log=False, lifespan="off",
                ws="none", server_header=False, date_header=False,
                timeout_graceful_shutdown=_PATIENCE,
            )
        )  # fmt: skip

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what is under way, then as uvicorn does; what is broken off is no error."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._pool.end()
        for _, queue in self._streams.values():
            queue.put_nowait(None)
        await super().shutdown(sockets)

    async def _study(self, _: Request) -> Response:
        """What a page has to know, and the whole of its first map as far as it is trained."""
        content, known = answering.frame(self._facts), self._pool.kept.read(self._first[0].key)
        if known:
            content += _tile(replace(self._first[0], side=known.side), known, self._columns)
        return Response(content, media_type=_NUMBERS)

    async def _tiles(self, request: Request) -> Response:
        """Tiles as they come: threads deliver, the loop sends."""
        asked, view = await self._asked(request)
        columns, wanted = answering.columns_wanted(view, asked), answering.wanted_of(view, asked)
        with answering.reading("tab and turn"):
            tab, turn = str(asked["tab"])[:99], int(asked.get("turn", 0))
        before, queue = self._streams.get(tab), _Queue()
        if before and before[0] > turn:  # it was overtaken on the way
            return Response(b"")
        if before:
            before[1].put_nowait(None)
        self._streams[tab] = turn, queue
        loop = asyncio.get_running_loop()

        def deliver(one: Wanted, tile: Tile | None, said: str) -> None:
            found = one if said != COMPILING else None, _tile(one, tile, columns, said)
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(queue.put_nowait, found)

        left = {*self._pool.ask(tab, wanted, deliver)}

        async def answer() -> AsyncIterator[bytes]:
            try:
                while left and (found := await queue.get()):
                    left.discard(found[0])
                    yield found[1]
            finally:
                self._pool.drop(tab, deliver)
                if self._streams.get(tab) == (turn, queue):
                    del self._streams[tab]

        return StreamingResponse(answer(), media_type=_NUMBERS)

    def _answering(self, work: Callable[[View, Asked], object]) -> Endpoint:
        """What answers with JSON, or with what is bytes already."""

        async def answer(request: Request) -> Response:
            asked, view = await self._asked(request)
            found = await asyncio.wrap_future(aside(work, view, asked))
            if isinstance(found, bytes):
                return Response(found, media_type=_NUMBERS)
            return JSONResponse(found)

        return answer

    async def _asked(self, request: Request) -> tuple[Asked, View]:
        """What a request asks, its body read no further than it may be long, and of which view."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BYTES:
                raise RequestError(f"the request is longer than {_MOST_BYTES} bytes")
        with answering.reading("the request"):
            asked = dict(json.loads(body))
            view = self._view(json.dumps({"view": asked["view"]}, sort_keys=True))
        await asyncio.wrap_future(aside(lambda: view.part))  # what is wrong with it is said now
        return asked, view


async def _page(request: Request) -> Response:
    name = _SERVED[request.url.path]
    return Response((PAGE / name).read_bytes(), media_type=_KINDS[name.rpartition(".")[2]])


async def _wrong(_: Request, error: Exception) -> Response:
    return _refusal(400 if isinstance(error, RequestError) else 500, str(error))
