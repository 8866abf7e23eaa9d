"""The routes by which a page follows trainings: what it lacks of each, as JSON, and the player's commands.

A websocket ``/live/<ids>?have=<start>:<stride>.<start>:<stride>&lang=ko`` tells what the reader lacks of each run, then
what is new, up to six times a second, until the last run ends; ``POST /live/<ids>/<command>`` (pause, go, step, slow,
stop) does that to each and answers in the same form once the children have taken it. A script run of Streamlit takes
tens of milliseconds and draws the page anew; a message takes one or two, so that nobody's look slows down the training.
"""

import asyncio
import base64
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Any

import streamlit as st
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app import cache
from app.link import RUN_IDS
from app.text import LANGUAGES, Words, words
from app.text.sentences import STATUS
from resnet_core.errors import N_
from resnet_core.jobs.job import Job
from resnet_core.jobs.stored import StoredRun
from resnet_core.recipe import TRAIN_FIELDS, TrainSpec
from resnet_core.records import dumps, to_dict
from resnet_core.train.facts import facts_if_kept

Run = Job | StoredRun
COMMANDS = ("pause", "go", "step", "slow", "stop")
NOT_KEPT = N_("A visitor's own images, which are not kept here any more.")
FORMATS = TRAIN_FIELDS["memory_format"].choices
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
    say, have = _say(socket), _have(socket)
    told = None
    while True:
        ended = all(run.finished for run in runs)
        signs = [_sign(run) for run in runs]
        if signs != told:
            told = signs
            states = [state_of(run, *have.get(run.id, (0, 1)), say) for run in runs]
            have = {state["id"]: (state["start"] + state["held"], state["stride"]) for state in states}
            await socket.send_text(dumps({"runs": states}))
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
    say, have = _say(request), _have(request)
    told = [state_of(run, *have.get(run.id, (0, 1)), say) for run in runs]
    return Response(dumps({"runs": told}), media_type="application/json", headers={"cache-control": "no-store"})


def _say(asked: HTTPConnection) -> Words:
    language = asked.query_params.get("lang", "en")
    return words(language if language in LANGUAGES else "en")


def _have(asked: HTTPConnection) -> dict[str, tuple[int, int]]:
    """What the reader has of each run: so many held steps, at that stride."""
    places = asked.query_params.get("have", "").split(".")
    return {run_id: _place(text) for run_id, text in zip(asked.path_params["ids"].split("."), places, strict=False)}


def _place(text: str) -> tuple[int, int]:
    start, _, stride = text.partition(":")
    try:
        return int(start), int(stride)
    except ValueError:
        return 0, 1


def state_of(run: Run, start: int, stride: int, say: Words) -> dict[str, Any]:
    """Everything that a page shows of a run and does not have yet, in plain JSON values."""
    tape, header = run.tape, run.header
    columns = tape.since(start, stride)
    last = tape.last
    return {
        "id": run.id,
        "status": run.status,
        "finished": run.finished,
        "evidence": evidence(run, say),
        "told": say(STATUS[run.status]),
        "error": say.refusal(run.error) if run.error else "",
        "warning": say.refusal(run.warning) if run.warning else "",
        "waits": say(N_("number {place} in the queue"), place=run.place) if run.place else "",
        "count": tape.count,
        "start": columns.start,
        "held": len(columns.scalars["step"]) // 4,
        "stride": columns.stride,
        "columns": {name: _packed(data) for name, data in (*columns.scalars.items(), *columns.by_unit.items())},
        "tests": tape.tests,
        "last": {**to_dict(last), "tests": None} if last else None,
        "units": len(header.unit_names) if header else 0,
        "steps": header.steps if header else 0,
        "per_epoch": header.steps_per_epoch if header else 1,
        "slow": 0.0 if run.finished else run.slow_s,
        "progress": progress(run),
        "left_s": left_s(run),
        "pace": say(N_("{count} images/s"), count=f"{tape.images_per_s:,.0f}") if tape.images_per_s else "",
    }


def evidence(run: Run, say: Words) -> str:
    """Where the numbers of a run come from."""
    header = run.header
    if header is None:
        return ""
    known = facts_if_kept(TrainSpec(**header.train).images)
    return say(
        N_(
            "Measured here: {data} Images of {size}×{size} pixels, batches of {batch}, seed {seed}; {device}, "
            "threads {threads}, {precision}, {format}, PyTorch {version}."
        ),
        data=say(known.source if known else NOT_KEPT), size=header.fitted["image_size"],
        batch=header.train["batch_size"], seed=header.seed, device=header.device_name, threads=header.threads,
        precision=header.precision, format=say(FORMATS[header.memory_format]), version=header.versions["torch"],
    )  # fmt: skip


def progress(run: Run) -> float:
    """The share of the training that is done: of its steps, or of its time, which a budget counts without tests."""
    header, last = run.header, run.tape.last
    if header is None or last is None:
        return 0.0
    if header.steps:
        return min(1.0, last.step / header.steps)
    return min(1.0, run.tape.steps_s(header.train["batch_size"]) / max(1, header.seconds))


def left_s(run: Run) -> float | None:
    """The seconds left at the pace so far, tests and slow motion included; None where there is no pace yet."""
    done, last = progress(run), run.tape.last
    if run.finished or last is None or not done:
        return None
    return (last.time_s + run.slow_s * last.step) * (1 - done) / done


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
