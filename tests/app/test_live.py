"""What the route of live trainings tells of a race, and takes for it."""

import asyncio
import base64
import json
import math
from array import array
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from app import cache, live, news
from app.text import LANGUAGES, Words, words
from resnet_core import TrainSpec
from resnet_core.jobs.runner import Desk
from resnet_core.records import dumps, to_dict
from resnet_core.train.records import SIGNALS, RunHeader
from resnet_core.train.tape import Tape
from tests.app.kept_runs import GONE, SMALL, stored
from tests.jobs.kept import step


def floats(packed: str) -> list[float]:
    return array("f", base64.b64decode(packed)).tolist()


def columns(told: dict[str, Any], widths: dict[str, int] | None = None) -> dict[str, list[float]]:
    """The columns of a message; their widths are told where they have changed."""
    values, found = floats(told["rows"]), {}
    widths = widths or told["columns"]
    steps = len(values) // sum(widths.values())
    for name, width in widths.items():
        found[name], values = values[: steps * width], values[steps * width :]
    return found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    opened = Desk(root=tmp_path)
    monkeypatch.setattr(cache, "desk", lambda: opened)
    return opened


@pytest.fixture
def client(desk: Desk) -> TestClient:  # noqa: ARG001 - the route asks it
    return TestClient(Starlette(routes=live.routes()))


def ask(client: TestClient, ids: str, **query: str) -> list[dict[str, Any]]:
    """The first message of the websocket."""
    with client.websocket_connect(f"/live/{ids}?{urlencode(query)}") as socket:
        runs: list[dict[str, Any]] = socket.receive_json()["runs"]
        return runs


def test_a_reader_gets_everything_and_then_what_it_lacks(client: TestClient, tmp_path: Path) -> None:
    stored(tmp_path, "run-000000")
    (told,) = ask(client, "run-000000")
    assert (told["status"], told["finished"], told["count"], told["start"]) == ("done", True, 4, 0)
    assert columns(told)["step"] == [1, 2, 3, 4]
    assert columns(told)["gradient_norms"][:3] == pytest.approx([0.1, 0.2, 0.3])
    assert set(columns(told)) > set(SIGNALS)
    assert told["tests"] == {"from": 0, "added": [[4, 0.5, 0.4]], "answers": [None]}
    assert told["last"] == "", "it is the last one that is held"
    assert "a processor" in told["evidence"]
    (rest,) = ask(client, "run-000000", have="3:1")
    assert (rest["start"], columns(rest)["step"]) == (3, [4])


@pytest.mark.parametrize("have", ["", "x", "3", "-1:1", "9:1", "3:7", ":::"])
def test_a_place_that_makes_no_sense_gets_everything(client: TestClient, tmp_path: Path, have: str) -> None:
    stored(tmp_path, "run-000000")
    (told,) = ask(client, "run-000000", have=have)
    assert (told["start"], len(columns(told)["loss"])) == (0, 4)


@pytest.mark.parametrize("ids", ["nothing-here", "..%2F..%2Fetc", "a", "x" * 70, ".".join(["abcdefgh"] * 21)])
def test_ids_of_nothing_are_answered_with_nothing(client: TestClient, ids: str) -> None:
    if "%2F" in ids:  # not even a path of this route
        with pytest.raises(WebSocketDisconnect):
            ask(client, ids)
    else:
        assert ask(client, ids) == []


def test_it_speaks_the_page_s_language(client: TestClient, tmp_path: Path) -> None:
    stored(tmp_path, "run-000000")
    assert ask(client, "run-000000", lang="ko")[0]["told"] == words("ko")("finished")
    assert ask(client, "run-000000", lang="ko")[0]["evidence"].startswith("여기서 측정함")
    assert ask(client, "run-000000", lang="xx")[0]["told"] == "finished"


def test_commands_need_the_page_s_header_and_a_known_name(client: TestClient) -> None:
    assert client.post("/live/abcdefgh/pause").status_code == 400
    headers = {live.HEADER: "1"}
    assert client.post("/live/abcdefgh/explode", headers=headers).status_code == 400
    assert client.post("/live/abcdefgh/slow", params={"seconds": "x"}, headers=headers).status_code == 400
    assert client.post("/live/abcdefgh/pause", headers=headers).json() == {"runs": []}
    assert client.get("/live/abcdefgh/pause", headers=headers).status_code == 405


def test_the_socket_tells_what_is_new_and_closes_at_the_end(client: TestClient, desk: Desk) -> None:
    job = desk.submit("train", SMALL.model_dump(mode="json"), TrainSpec(epochs=6).model_dump(mode="json"))
    seen: list[float] = []
    states, widths = [""], {}
    with client.websocket_connect(f"/live/{job.id}") as socket:
        while states[-1] != "done":
            (told,) = socket.receive_json()["runs"]
            assert told["start"] == len(seen)
            widths = told.get("columns", widths)
            seen += columns(told, widths)["step"] if told["rows"] else []
            states.append(told["status"])
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    assert seen == [float(step) for step in range(1, 67)]
    desk.close()


def test_a_running_race_is_paused_stepped_and_stopped_over_the_route(client: TestClient, desk: Desk) -> None:
    args = SMALL.model_dump(mode="json"), TrainSpec(epochs=200).model_dump(mode="json")
    jobs = [desk.submit("train", *args) for _ in range(2)]
    ids, headers = ".".join(job.id for job in jobs), {live.HEADER: "1"}
    while not all(job.tape.count for job in jobs):
        assert not any(job.finished for job in jobs)
    told = client.post(f"/live/{ids}/pause", headers=headers).json()["runs"]
    assert [run["status"] for run in told] == ["paused", "paused"]
    before = [job.tape.count for job in jobs]
    client.post(f"/live/{ids}/step", headers=headers)
    assert [job.tape.count for job in jobs] == [count + 1 for count in before]
    client.post(f"/live/{ids}/go", headers=headers)
    assert {job.status for job in jobs} == {"running"}
    client.post(f"/live/{ids}/stop", headers=headers)
    assert all(job.wait(10) for job in jobs)
    assert [job.status for job in jobs] == ["stopped", "stopped"]
    desk.close()


def test_progress_is_of_the_steps_or_of_the_time(tmp_path: Path) -> None:
    run = stored(tmp_path, "run-000000")
    assert news.progress(run) == pytest.approx(4 / 11)
    assert run.header is not None
    run.header = RunHeader(**{**to_dict(run.header), "steps": 0, "seconds": 20})
    assert news.progress(run) == pytest.approx(4 * TrainSpec().batch_size / 100 / 20)


def test_a_budget_of_time_counts_no_tests_and_the_time_left_counts_all(tmp_path: Path) -> None:
    run = stored(tmp_path, "run-000000", how=TrainSpec(seconds=10, batch_size=125))
    assert run.header is not None
    run.header = RunHeader(**{**to_dict(run.header), "steps": 0, "seconds": 10})
    assert news.progress(run) == pytest.approx(4 * 1.25 / 10)  # four steps at 100 images/s, whatever the tests took
    assert news.left_s(run) is None  # it has ended
    run.status = "running"
    assert news.left_s(run) == pytest.approx(0.4)  # as long again as it took, tests included
    run.slow_s = 2.0
    assert news.left_s(run) == pytest.approx(0.4 + 4 * 2.0)


def test_what_has_not_changed_is_told_once(english: Words) -> None:
    tape, reader = Tape(limit=2), news.Reader(english)
    run: Any = SimpleNamespace(
        id="run-000000", status="running", finished=False, header=None, error=None, warning=None, place=0, slow_s=0.0,
        tape=tape,
    )  # fmt: skip
    assert {"finished", "evidence", "told", "error", "columns", "tests"} <= set(reader.news(run))
    tape.append(step(1, accuracy=0.5))
    first = reader.news(run)
    assert (first["columns"]["step"], first["tests"]["from"], "told" in first) == (1, 0, False)
    tape.append(step(2))
    second = reader.news(run)
    assert set(second) == {"id", "status", "start", "stride", "rows", "count"}
    assert (second["start"], len(floats(second["rows"]))) == (1, sum(first["columns"].values()))
    tape.append(step(3, accuracy=0.75))  # now every second one is held
    third = reader.news(run)
    assert (third["start"], third["stride"]) == (0, 2)
    assert third["tests"] == {"from": 1, "added": [(3, 0.75, 1.0)], "answers": [None]}
    tape.append(step(4))
    beyond = reader.news(run)
    assert (beyond["rows"], floats(beyond["last"])[0]) == ("", 4), "the latest step is told, held or not"
    assert "tests" not in beyond


@pytest.mark.parametrize(("loss", "told"), [(math.inf, "Infinity"), (math.nan, "NaN")])
def test_a_test_loss_that_is_not_finite_reaches_the_page_as_such(english: Words, loss: float, told: str) -> None:
    tape = Tape()
    tape.append(replace(step(1, accuracy=0.5), test_loss=loss))
    run: Any = SimpleNamespace(
        id="run-000000", status="done", finished=True, header=None, error=None, warning=None, place=0, slow_s=0.0,
        tape=tape,
    )  # fmt: skip
    assert json.loads(dumps(news.Reader(english).news(run)))["tests"]["added"] == [[1, 0.5, told]]


def test_the_slow_motion_of_a_child_is_told_to_every_reader(client: TestClient, desk: Desk) -> None:
    job = desk.submit("train", SMALL.model_dump(mode="json"), TrainSpec(epochs=200).model_dump(mode="json"))
    headers = {live.HEADER: "1"}
    assert ask(client, job.id)[0]["slow"] == 0
    (told,) = client.post(f"/live/{job.id}/slow", params={"seconds": 2}, headers=headers).json()["runs"]
    assert told["slow"] == ask(client, job.id)[0]["slow"] == 2
    client.post(f"/live/{job.id}/stop", headers=headers)
    assert job.wait(10)
    assert ask(client, job.id)[0]["slow"] == 0
    desk.close()


def test_who_leaves_a_race_in_which_nothing_happens_leaves_no_loop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    paused = SimpleNamespace(**dict.fromkeys(("header", "error", "warning")), id="run-000000", status="paused", place=0,
                             finished=False, tape=Tape(), slow_s=0.0)  # fmt: skip
    monkeypatch.setattr(desk, "get", lambda _: paused)
    told = asyncio.Event()

    async def receive() -> dict[str, str]:
        if receive.asked:  # type: ignore[attr-defined]
            await told.wait()
            return {"type": "websocket.disconnect"}
        receive.asked = True  # type: ignore[attr-defined]
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.send":
            told.set()

    receive.asked = False  # type: ignore[attr-defined]
    scope = {"type": "websocket", "path_params": {"ids": "run-000000"}, "query_string": b"", "headers": []}

    async def visit() -> int:
        await asyncio.wait_for(live.follow(WebSocket(scope, receive, send)), 5)
        return len(asyncio.all_tasks())

    assert asyncio.run(visit()) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_route_says_that_the_images_are_gone(client: TestClient, tmp_path: Path, language: str) -> None:
    stored(tmp_path, "run-000000", how=GONE)
    (told,) = ask(client, "run-000000", lang=language)
    assert words(language)(news.NOT_KEPT) in told["evidence"]
    assert told["count"] == 4
