"""The routes by which a page follows trainings: what it lacks of each, as JSON, and the player's commands.

A websocket ``/live/<ids>?have=<start>:<stride>.<start>:<stride>&lang=ko`` tells what the reader lacks of each run, then
what is new or has changed, up to six times a second, until the last run ends; ``POST /live/<ids>/<command>`` (pause,
go, step, slow, stop) does that to each and answers in the same form once the children have taken it. A script run of
Streamlit takes tens of milliseconds and draws the page anew; a message takes one or two, so that nobody's look slows
down the training. What a message holds, :mod:`app.news` says.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from itertools import zip_longest
from typing import Any

import streamlit as st
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app import cache
from app.link import RUN_IDS
from app.news import Reader, Run
from app.text import LANGUAGES, words
from resnet_core.jobs.job import Job
from resnet_core.records import dumps

COMMANDS = ("pause", "go", "step", "slow", "stop")
ANSWER_S = 0.3  # how long a command waits for the children: a step of a ResNet-56 takes less
LOOK_S = 0.01
STATE_S = 0.04  # between two looks at the runs
PACE_S = 0.16  # between two messages, unless the state of a run changes
SLOWEST_S = 10.0
HEADER = "x-resnet-explorer"  # another site cannot send it without being asked first, which is refused


def routes() -> list[BaseRoute]:
    """For ``st.App``."""
    path = f"{base_path()}/live/{{ids}}"
    return [WebSocketRoute(path, follow), Route(f"{path}/{{command}}", _command, methods=["POST"])]


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """While the first browser still loads its scripts, import what the first run of the page will need."""
    threading.Thread(target=import_module, args=("app.views.explore",), name="import", daemon=True).start()
    yield


def base_path() -> str:
    """Where the app is mounted, without a slash at its end."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def find(ids: str) -> list[Run]:
    """The runs of a link that are kept here; their ids stand between dots."""
    if not RUN_IDS.fullmatch(ids):
        return []
    return [run for run_id in ids.split(".") if (run := cache.desk().get(run_id)) is not None]


async def follow(socket: WebSocket) -> None:
    """Tell what is new until all runs have ended or the reader has left, which only a receiver beside it hears while
    nothing is new to send."""
    await socket.accept()
    telling, leaving = asyncio.create_task(_tell(socket)), asyncio.create_task(_left(socket))
    try:
        await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        telling.cancel()  # changes nothing where it has ended
    with suppress(asyncio.CancelledError, WebSocketDisconnect):
        await telling


async def _left(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass  # a reader has nothing to say here


async def _tell(socket: WebSocket) -> None:
    runs = await asyncio.to_thread(find, socket.path_params["ids"])
    readers, told = _readers(socket), None
    while True:
        ended = all(run.finished for run in runs)
        signs = [_sign(run) for run in runs]
        if signs != told:
            told = signs
            await socket.send_text(dumps({"runs": [readers[run.id].news(run) for run in runs]}))
        if ended:
            await socket.close()
            return
        await _news(runs, signs)
        runs = await asyncio.to_thread(find, socket.path_params["ids"])  # of another program's runs, what is new


async def _news(runs: Sequence[Run], signs: list[tuple[Any, ...]]) -> None:
    """Wait until there is something to tell: a changed state at once, all else not sooner than the pace has it."""
    begun = time.monotonic()
    while True:
        await asyncio.sleep(STATE_S)
        now, passed = [_sign(run) for run in runs], time.monotonic() - begun
        # Another program's run is news only when it is read again, and one that has ended may go on as another job.
        here = all(isinstance(run, Job) and not run.finished for run in runs)
        if [sign[0] for sign in now] != [sign[0] for sign in signs]:
            return
        if passed >= PACE_S and (now != signs or not here):
            return


def _sign(run: Run) -> tuple[Any, ...]:
    """What a reader would see change."""
    return run.status, run.tape.count, run.place, run.slow_s, str(run.error), str(run.warning), run.header is None


async def _command(request: Request) -> Response:
    command = request.path_params["command"]
    if request.headers.get(HEADER) is None or command not in COMMANDS:
        return JSONResponse({"error": "unknown"}, status_code=400)
    runs = [run for run in await asyncio.to_thread(find, request.path_params["ids"]) if isinstance(run, Job)]
    try:
        seconds = min(SLOWEST_S, max(0.0, float(request.query_params.get("seconds", "0"))))
    except ValueError:
        return JSONResponse({"error": "seconds"}, status_code=400)
    counts = {run.id: run.tape.count for run in runs}
    for run in runs:
        if command == "stop":
            run.stop()
        elif command == "slow":
            run.say("slow", seconds=seconds)
        else:
            run.say(command)
    until = time.monotonic() + ANSWER_S
    while time.monotonic() < until and not all(_taken(run, command, counts[run.id]) for run in runs):
        await asyncio.sleep(LOOK_S)
    return _answer(request, runs)


def _taken(run: Run, command: str, count: int) -> bool:
    """Whether a child has done what it was told, or cannot any more."""
    if run.finished or run.status in ("waiting", "stopping"):
        return True
    match command:
        case "pause":
            return run.status == "paused"
        case "go":
            return run.status == "running"
        case "step":
            return run.tape.count > count
        case "stop":
            return False
        case _:
            return True


def _answer(request: Request, runs: Sequence[Run]) -> Response:
    readers = _readers(request)
    told = dumps({"runs": [readers[run.id].news(run) for run in runs]})
    return Response(told, media_type="application/json", headers={"cache-control": "no-store"})


def _readers(asked: HTTPConnection) -> dict[str, Reader]:
    """Who asks, by run: what it has of each (so many held steps, at that stride) and in which language it reads."""
    language = asked.query_params.get("lang", "en")
    say = words(language if language in LANGUAGES else "en")
    ids, places = asked.path_params["ids"].split("."), asked.query_params.get("have", "").split(".")
    return {run_id: Reader(say, *_place(text)) for run_id, text in zip_longest(ids, places[: len(ids)], fillvalue="")}


def _place(text: str) -> tuple[int, int]:
    start, _, stride = text.partition(":")
    try:
        return int(start), int(stride)
    except ValueError:
        return 0, 1
