"""The route by which a page follows trainings: what it lacks of each, as JSON, and the player's commands.

``GET /live/<ids>?have=<start>:<stride>.<start>:<stride>&lang=ko`` answers with what the reader lacks of each run;
``POST /live/<ids>/<command>`` (pause, go, step, slow, stop) does that to each and answers likewise, once the children
have taken it. A script run of Streamlit costs tens of milliseconds and draws the page; this costs one or two, so that a
page can look eight times a second without slowing down the training that it looks at.
"""

import asyncio
import base64
import time
from collections.abc import Sequence
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import cache
from app.link import RUN_IDS
from app.text import LANGUAGES, Words, words
from app.text.sentences import STATUS
from resnet_core.errors import N_
from resnet_core.jobs.job import Job
from resnet_core.jobs.stored import StoredRun
from resnet_core.recipe import TRAIN_FIELDS, TrainSpec
from resnet_core.records import dumps, to_dict
from resnet_core.train.facts import facts

Run = Job | StoredRun
COMMANDS = ("pause", "go", "step", "slow", "stop")
FORMATS = TRAIN_FIELDS["memory_format"].choices
ANSWER_S = 0.3  # how long a command waits for the children: a step of a ResNet-56 takes less
LOOK_S = 0.004
SLOWEST_S = 10.0
HEADER = "x-resnet-explorer"  # another site cannot send it without being asked first, which is refused


def routes() -> list[Route]:
    """For ``st.App``."""
    path = f"{base_path()}/live/{{ids}}"
    return [Route(path, _look, methods=["GET"]), Route(f"{path}/{{command}}", _command, methods=["POST"])]


def base_path() -> str:
    """Where the app is mounted, without a slash at its end."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def find(ids: str) -> list[Run]:
    """The runs of a link that are kept here; their ids stand between dots."""
    if not RUN_IDS.fullmatch(ids):
        return []
    return [run for run_id in ids.split(".") if (run := cache.desk().get(run_id)) is not None]


async def _look(request: Request) -> Response:
    runs = await asyncio.to_thread(find, request.path_params["ids"])
    return _answer(request, runs)


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
    language = request.query_params.get("lang", "en")
    say = words(language if language in LANGUAGES else "en")
    have = dict(
        zip(request.path_params["ids"].split("."), request.query_params.get("have", "").split("."), strict=False)
    )
    told = [state_of(run, *_place(have.get(run.id, "")), say) for run in runs]
    return Response(dumps({"runs": told}), media_type="application/json", headers={"cache-control": "no-store"})


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
        "waits": say("number {place} in the queue", place=run.place) if run.place else "",
        "count": tape.count,
        "start": columns.start,
        "stride": columns.stride,
        "columns": {name: _packed(data) for name, data in (*columns.scalars.items(), *columns.by_unit.items())},
        "tests": tape.tests,
        "last": {**to_dict(last), "tests": None} if last else None,
        "units": len(header.unit_names) if header else 0,
        "steps": header.steps if header else 0,
        "per_epoch": header.steps_per_epoch if header else 1,
        "progress": progress(run),
        "left": _left(run, say),
        "pace": say("{count} images/s", count=f"{tape.images_per_s:,.0f}") if tape.images_per_s else "",
    }


def evidence(run: Run, say: Words) -> str:
    """Where the numbers of a run come from."""
    header = run.header
    if header is None:
        return ""
    return say(
        "Measured here: {data} Images of {size}×{size} pixels, batches of {batch}, seed {seed}; {device}, "
        "threads {threads}, {precision}, {format}, PyTorch {version}.",
        data=say(facts(TrainSpec(**header.train).images).source), size=header.fitted["image_size"],
        batch=header.train["batch_size"], seed=header.seed, device=header.device_name, threads=header.threads,
        precision=header.precision, format=say(FORMATS[header.memory_format]), version=header.versions["torch"],
    )  # fmt: skip


def progress(run: Run) -> float:
    """The share of the training that is done: of its steps, or of its time."""
    header, last = run.header, run.tape.last
    if header is None or last is None:
        return 0.0
    return min(1.0, last.step / header.steps if header.steps else last.time_s / max(1, header.seconds))


def _left(run: Run, say: Words) -> str:
    """The time left at the pace so far, tests included."""
    done, last = progress(run), run.tape.last
    if run.finished or last is None or not done:
        return ""
    seconds = last.time_s * (1 - done) / done
    return say(N_("about {seconds} s left"), seconds=f"{seconds:.0f}")


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
