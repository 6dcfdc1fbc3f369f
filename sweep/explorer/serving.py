"""The server of one page: loopback, a token, and answers to a few bounded requests."""

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sweep.errors import RequestError, SweepError
from sweep.explorer import asking, looking
from sweep.explorer.tiles import Tile, View
from sweep.explorer.working import COMPILING, Pool, Wanted
from sweep.study import Study

MOST_BYTES = 2**17
"""The longest body of a request."""

TOKEN = "x-sweep-token"
Places = Sequence[Mapping[str, object]]
PAGE = Path(__file__).with_name("page")
_PATIENCE = 5  # seconds that answers have at the end
_KINDS = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
_SERVED = {"/": "index.html"} | {f"/{n}": n for n in ("explorer.js", "drawing.js", "explorer.css")}

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Lets through what comes from the page alone: its `Host`, its `Origin`, and its token."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], token: str) -> None:
        self._app, self._hosts, self._token = app, hosts, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to what is strange, else what the application answers, and our headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        host, origin = found.get("host", ""), found.get("origin")
        token = found.get(TOKEN, "").encode()
        public = scope["path"] in _SERVED and scope["method"] in ("GET", "HEAD")
        refused = ""
        if host not in self._hosts or origin not in (None, f"http://{host}"):
            refused = "this server is for the page that it has sent alone"
        elif not public and not secrets.compare_digest(token, self._token.encode()):
            refused = "the token is wrong: open the address that `sweep explore` has printed"
        if refused:
            await JSONResponse({"error": refused}, 403, HEADERS)(scope, receive, send)
            return

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message.get("headers", ()), *ours]
            await send(message)

        await self._app(scope, receive, sent)


class _Stream:
    """The tiles that one request wants, sent as they come: threads deliver, the loop sends."""

    def __init__(self, wanted: Sequence[Wanted], columns: Sequence[int]) -> None:
        self.turn = 0
        self.wanted = {(one.key, one.side): one for one in wanted}
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._columns, self._loop = [*columns], asyncio.get_running_loop()

    def deliver(self, one: Wanted, tile: Tile | None, said: str) -> None:
        place, last = one.place, tile is not None or said != COMPILING
        told = {
            "at": [place.zx, place.zy, str(place.ix), str(place.iy), one.side],
            "said": said,
        }
        if tile is None:
            content = asking.frame(told)
        else:
            x, y = place.values(one.view, one.side)
            content = asking.frame(told, x, y, tile.values[self._columns], tile.outcome)
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(
                self._put, (one.key, one.side) if last else None, content
            )

    def _put(self, name: tuple[str, int] | None, content: bytes) -> None:
        self.queue.put_nowait(content)
        if name and self.wanted.pop(name, None) and not self.wanted:
            self.queue.put_nowait(None)


class _Explorer:
    """What each path answers."""

    def __init__(self, study: Study, pool: Pool, results: Path, places: Places) -> None:
        self._study, self._pool, self._results, self._places = study, pool, results, places
        self._streams: dict[str, _Stream] = {}
        self._view = lru_cache(64)(lambda text: asking.view_of(study, json.loads(text)))

    def routes(self) -> list[Route]:
        answers = {"tiles": self.tiles, "points": self.points, "results": self.results}
        answers["study-file"] = self.save
        return [
            *(Route(path, self.page) for path in _SERVED),
            Route("/api/study", self.facts),
            *(Route(f"/api/{name}", one, methods=["POST"]) for name, one in answers.items()),
        ]

    def end(self) -> None:
        """Train no more, and end every answer."""
        self._pool.end()
        for stream in self._streams.values():
            stream.queue.put_nowait(None)

    async def page(self, request: Request) -> Response:
        name = _SERVED[request.url.path]
        kind = _KINDS[name.rpartition(".")[2]]
        return Response((PAGE / name).read_bytes(), media_type=kind)

    async def facts(self, _: Request) -> Response:
        return JSONResponse(await run_in_threadpool(asking.facts, self._study, self._places))

    async def tiles(self, request: Request) -> Response:
        asked, view = await self._asked(request)
        tab, columns = asking.text(asked, "tab"), asking.columns_wanted(view, asked)
        stream = _Stream(asking.wanted_of(view, asked), columns)
        stream.turn = asking.whole(asked.get("turn", 0), 0, 2**53, "turn")
        if before := self._streams.get(tab):
            if before.turn > stream.turn:  # it was overtaken on the way
                return Response(b"")
            before.queue.put_nowait(None)
        self._streams[tab] = stream
        deliver = stream.deliver
        self._pool.ask(tab, [*stream.wanted.values()], deliver)

        async def answer() -> AsyncIterator[bytes]:
            try:
                while (content := await stream.queue.get()) is not None:
                    yield content
            finally:
                self._pool.drop(tab, deliver)
                if self._streams.get(tab) is stream:
                    del self._streams[tab]

        return StreamingResponse(answer(), media_type="application/octet-stream")

    async def points(self, request: Request) -> Response:
        asked, view = await self._asked(request)
        return JSONResponse(await run_in_threadpool(looking.points, view, self._pool, asked))

    async def results(self, request: Request) -> Response:
        asked, view = await self._asked(request)
        columns = asking.columns_wanted(view, asked)
        found = await run_in_threadpool(looking.on_disk, view, columns, self._results)
        return Response(found, media_type="application/octet-stream")

    async def save(self, request: Request) -> Response:
        asked, view = await self._asked(request)
        return JSONResponse({"text": await run_in_threadpool(asking.saved, view, asked)})

    async def _asked(self, request: Request) -> tuple[dict[str, Any], View]:
        """What a request asks, its body read no further than it may be long, and of which view."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                raise RequestError(f"the request is longer than {MOST_BYTES} bytes")
        asked = asking.read(body)
        view = self._view(json.dumps({"view": asked.get("view")}, sort_keys=True))
        await run_in_threadpool(lambda: view.part)  # what is wrong with it is said now
        return asked, view


class Server(uvicorn.Server):
    """Serves a study's page and the tiles that it asks for, until it is told to end."""

    def __init__(
        self,
        study: Study,
        pool: Pool,
        results: Path,
        places: Places,
        *,
        hosts: Collection[str],
        token: str,
    ) -> None:
        self._explorer = _Explorer(study, pool, results, places)
        routes = self._explorer.routes()
        app = Starlette(routes=routes, exception_handlers={SweepError: _wrong})
        super().__init__(
            uvicorn.Config(
                Guard(app, hosts, token), log_level="error", access_log=False, lifespan="off",
                ws="none", server_header=False, date_header=False, limit_concurrency=200,
                timeout_graceful_shutdown=_PATIENCE,
            )
        )  # fmt: skip

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what is under way, then as uvicorn does."""
        self._explorer.end()
        await super().shutdown(sockets)


async def _wrong(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400 if isinstance(error, RequestError) else 500)
