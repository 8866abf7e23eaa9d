"""The route by which a drawing gets what is measured of its networks, without a run of the page's script.

A page puts a question down (:func:`ticket`) and hands its ticket to the drawing; ``GET /measured/<ticket>`` begins the
measurement, if nobody has yet, and answers as soon as there is more than the ``have`` answers that the asker has. So
the page never waits for a process, a click never waits for the page, and a question that nobody looks at any more is
not begun, or cancelled where it had been.

``POST /measured/<ticket>/again`` tries once more what failed, ``/stop`` cancels it, and ``/vary`` asks the same of
another image, block or value (a JSON object of options of the study ``inside``), for which it gives a ticket.
"""

import asyncio
import hashlib
import json
import secrets
import threading
import time
from collections import OrderedDict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.asked import Asked, Measurement
from app.figures.measured import answers
from app.live import HEADER, base_path
from app.slots import SLOT_NAMES
from app.text import LANGUAGES, Words, words
from resnet_core.errors import Refusal
from resnet_core.records import dumps

REMEMBERED = 512  # questions: a visitor has at most a few on show
VARIED = 48  # variations, whose records may be large: a visitor looks at one
VARIABLE = ("image", "pixels", "block", "channel", "row", "column")
LARGEST = 64_000  # bytes of a variation: a drawn or a visitor's own image
INSIDE = "inside"
PATIENCE_S = 0.5  # that an answer is waited for; then the asker is told how far it is
LOOK_S = 0.01
LEFT_S = 4.0  # a question for which nobody has waited for so long is of nobody any more

_questions: OrderedDict[str, Asked] = OrderedDict()
_variations: OrderedDict[str, Asked] = OrderedDict()
_asked_at: dict[str, float] = {}  # when somebody last waited for an answer
_lock = threading.Lock()


def ticket(asked: Asked) -> str:
    """The name under which a question is answered; the same question has the same name."""
    orders = [[one.study.name, one.study.order(one.subjects, one.options)] for one in asked.measurements]
    name = hashlib.sha256(json.dumps([list(asked.networks), orders]).encode()).hexdigest()[:24]
    with _lock:
        if name not in _questions:
            _questions[name] = asked
        _questions.move_to_end(name)
        while len(_questions) > REMEMBERED:
            _questions.popitem(last=False)
    return name


def routes() -> list[BaseRoute]:
    """For ``st.App``."""
    path = f"{base_path()}/measured/{{ticket}}"
    return [
        Route(path, _answer, methods=["GET"]),
        Route(f"{path}/vary", _vary, methods=["POST"]),
        Route(f"{path}/{{command}}", _command, methods=["POST"]),
    ]


def _question(name: str) -> Asked | None:
    with _lock:
        return _questions.get(name) or _variations.get(name)


async def _vary(request: Request) -> Response:
    """Begin a variation. It is asked by one visitor and at once, so it is in no cache."""
    asked = _question(request.path_params["ticket"])
    body = await request.body()
    if request.headers.get(HEADER) is None or asked is None or len(body) > LARGEST:
        return JSONResponse({"error": "unknown"}, status_code=400)
    say = _say(request)
    try:
        changes = dict(json.loads(body).items())
        first = next(one for one in asked.measurements if one.study.name == INSIDE)
        options = first.options.with_(**{name: changes[name] for name in VARIABLE if name in changes})
        varied = Measurement(first.study, options, first.networks)
        for refusal in varied.refusals.values():
            raise refusal
    except (ValueError, TypeError, AttributeError, RecursionError, StopIteration) as error:
        told = say.refusal(error) if isinstance(error, Refusal) else "unknown"
        return JSONResponse({"problem": told}, status_code=400)
    await asyncio.to_thread(varied.begin_alone)
    name = secrets.token_hex(12)
    with _lock:
        _variations[name] = Asked(first.networks, [varied])
        while len(_variations) > VARIED:
            _variations.popitem(last=False)
    return JSONResponse({"ticket": name})


async def _answer(request: Request) -> Response:
    asked = _question(request.path_params["ticket"])
    if asked is None:
        return JSONResponse({"error": "unknown"}, status_code=404)
    before = _question(request.query_params.get("before", ""))
    have = request.query_params.get("have", "")
    until = time.monotonic() + PATIENCE_S
    name = request.path_params["ticket"]
    refused = await asyncio.to_thread(_go_on, name, asked)
    while refused is None and str(_count(asked)) == have and not asked.finished and time.monotonic() < until:
        await asyncio.sleep(LOOK_S)
        if asked.current.jobs == []:
            refused = await asyncio.to_thread(_go_on, name, asked)
    return _told(request, asked, before, refused)


async def _command(request: Request) -> Response:
    asked, command = _question(request.path_params["ticket"]), request.path_params["command"]
    if request.headers.get(HEADER) is None or asked is None or command not in ("again", "stop"):
        return JSONResponse({"error": "unknown"}, status_code=400)
    refused = None
    if command == "stop":
        asked.stop()
    else:
        refused = await asyncio.to_thread(_again, asked)
    return _told(request, asked, None, refused)


def _go_on(name: str, asked: Asked) -> Refusal | None:
    """Begin what is next. Two askers at once begin it once."""
    with _lock:
        _asked_at[name] = time.monotonic()
        _leave_abandoned()
        try:
            if not any(one.refusals for one in asked.measurements):
                asked.go_on()
        except Refusal as refusal:
            return refusal
    return None


def _leave_abandoned() -> None:
    """Stop what nobody waits for: a visitor who changes something has left the question before. The lock is held."""
    now = time.monotonic()
    everything = {**_questions, **_variations}
    for name in [name for name in _asked_at if name not in everything]:
        del _asked_at[name]
    waiting = {name for name, at in _asked_at.items() if now - at < LEFT_S}
    needed = [job for name in waiting for job in everything[name].current.jobs]
    for name in set(_asked_at) - waiting:
        everything[name].abandon(needed)
        del _asked_at[name]


def _again(asked: Asked) -> Refusal | None:
    with _lock:
        try:
            asked.current.begin()
        except Refusal as refusal:
            return refusal
    return None


def _count(asked: Asked) -> int:
    """How many records there are."""
    return sum(len(job.records) for one in asked.measurements for job in one.jobs)


def _say(request: Request) -> Words:
    language = request.query_params.get("lang", "en")
    return words(language if language in LANGUAGES else "en")


def _problems(asked: Asked, refused: Refusal | None, say: Words) -> list[str]:
    """What cannot be measured, or failed, in a sentence each."""
    found = [
        f"{SLOT_NAMES[slot]}: {say.refusal(one)}" for part in asked.measurements for slot, one in part.refusals.items()
    ]
    if refused:
        found.append(say.refusal(refused))
    found += [
        f"{letter}: {say.refusal(job.error) if job.error else say('the measurement was stopped')}"
        for letter, job in (asked.failed if asked.current.jobs else [])
    ]
    return list(dict.fromkeys(found))


def _stage(measurement: Measurement, say: Words) -> dict[str, Any]:
    """How far one study is."""
    jobs = [job for job in measurement.jobs if not job.finished]
    told: dict[str, Any] = {"done": measurement.done}
    if stages := [stage for job in jobs if (stage := job.stage)]:
        slowest = min(stages, key=lambda stage: stage.share)
        told |= {"share": round(slowest.share, 3), "words": say(slowest.words, **slowest.values)}
    elif queued := max((job.place for job in jobs), default=0):
        told["words"] = say("Waiting for a free place: number {place}", place=queued)
    return told


def _told(request: Request, asked: Asked, before: Asked | None, refused: Refusal | None) -> Response:
    say = _say(request)
    found = {one.study.name: one.found for one in asked.measurements if one.jobs}
    were = {one.study.name: one.found for one in before.measurements if one.done} if before else {}
    told = {
        "count": _count(asked),
        "finished": asked.finished or bool(_problems(asked, refused, say)),
        "stages": {one.study.name: _stage(one, say) for one in asked.measurements},
        "problems": _problems(asked, refused, say),
        **answers(found, were, tuple(asked.networks), say),
    }
    return Response(dumps(told), media_type="application/json", headers={"cache-control": "no-store"})
