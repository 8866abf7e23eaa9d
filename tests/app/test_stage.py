"""The stage: what the browser is handed, what a hand on it changes, and what the route of measurements answers."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import cache, live, measured
from app.asked import Asked, Measurement
from app.figures.stage import scene
from app.link import Network, network
from app.text import words
from resnet_core import ArchSpec, preset
from resnet_core.jobs.runner import Desk
from resnet_core.plan import plan
from resnet_core.studies import STUDIES
from resnet_core.study import Subject

SMALL = ArchSpec(stages=(2, 2), width=4)


def arcs(spec: ArchSpec) -> list[str]:
    (drawn,) = scene({"a": plan(spec)}, {"a": "A"}, {"a": "cifar56"}, {}, words("en"))["networks"]
    return [block["arc"] for block in drawn["blocks"]]


def test_an_arc_is_what_the_plan_says_of_the_shortcut() -> None:
    assert arcs(SMALL) == ["identity", "identity", "projection", "identity"]
    assert arcs(SMALL.with_(cut="2,3")) == ["identity", "cut", "cut", "identity"]
    assert arcs(SMALL.with_(skip=False)) == ["plain"] * 4
    assert arcs(SMALL.with_(projection="C")) == ["projection"] * 4


def test_every_network_has_an_identity_of_its_own_which_a_name_does_not_change() -> None:
    def ident(spec: ArchSpec, name: str, question: str = "") -> str:
        told = {"question": question}
        return str(scene({"a": plan(spec)}, {"a": name}, {"a": "x"}, told, words("en"))["networks"][0]["id"])

    assert ident(SMALL, "one") == ident(SMALL, "two")
    assert ident(SMALL, "one") != ident(SMALL.with_(cut="1"), "one")
    assert ident(SMALL, "one") != ident(SMALL, "one", "another seed")


@pytest.mark.parametrize(
    ("before", "hand", "after"),
    [
        ({}, {5: True}, {"cut": (5,)}),
        ({"cut": "4,5"}, {5: False}, {"cut": (4,)}),
        ({"cut": "4"}, {5: True, 6: True}, {"cut": (4, 5, 6)}),
        ({"skip": False}, {3: False}, {"skip": True, "cut": tuple(n for n in range(1, 28) if n != 3)}),
        ({}, dict.fromkeys(range(1, 28), True), {"skip": False, "cut": ()}),
        ({"skip": False}, {3: True}, {"skip": False, "cut": ()}),
        ({"cut": "5,99"}, {4: True}, {"cut": (4, 5)}),
    ],
)
def test_a_hand_cuts_and_mends(before: dict[str, Any], hand: dict[int, bool], after: dict[str, Any]) -> None:
    start = Network("cifar56", preset("cifar56").with_(**before))
    assert start.recut(hand).spec == preset("cifar56").with_(**after)


def test_a_network_whose_arcs_are_all_cut_is_the_plain_one_and_back() -> None:
    assert network("cifar56").recut(dict.fromkeys(range(1, 28), True)) == network("plain56")
    assert network("plain56").recut(dict.fromkeys(range(1, 28), False)) == network("cifar56")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    desk = Desk(root=tmp_path)
    monkeypatch.setattr(cache, "desk", lambda: desk)
    with TestClient(Starlette(routes=measured.routes())) as opened:
        yield opened
    desk.close()
    st.cache_resource.clear()


def question(*studies: str, **options: Any) -> Asked:
    networks = {"a": Subject("one", SMALL), "b": Subject("two", SMALL.with_(skip=False), 1)}
    return Asked(networks, [Measurement(STUDIES[name], STUDIES[name].options(**options), networks) for name in studies])  # type: ignore[arg-type]


def answer(client: TestClient, ticket: str, **query: str) -> dict[str, Any]:
    """The last answer: asked as the browser does, again and again, until nothing more will come."""
    have, end = "", time.monotonic() + 90
    while True:
        told: dict[str, Any] = client.get(f"/measured/{ticket}", params={"have": have, **query}).json()
        have = str(told["count"])
        if told["finished"]:
            return told
        assert time.monotonic() < end


def test_the_route_measures_what_was_put_down_and_says_it_in_words(client: TestClient) -> None:
    told = answer(client, measured.ticket(question("gradients", "readout")))
    for slot in ("a", "b"):
        assert len(told["forward"][slot]["values"]) == len(told["backward"][slot]["values"]) == 4
        assert all(0 <= share <= 1 for share in told["forward"][slot]["values"])
        assert all(value > 0 for value in told["backward"][slot]["values"])
    assert [line[:5] for line in told["sentences"]] == ["**A**", "**A**", "**B**", "**B**"]
    assert "8×8" in told["source"]
    assert told["problems"] == []


def test_with_the_question_before_the_sentences_speak_of_the_change(client: TestClient) -> None:
    before = measured.ticket(question("gradients"))
    answer(client, before)
    changed = {"a": Subject("one", SMALL.with_(norm="none"))}
    asked = Asked(changed, [Measurement(STUDIES["gradients"], STUDIES["gradients"].options(), changed)])  # type: ignore[arg-type]
    told = answer(client, measured.ticket(asked), before=before)
    assert "times what it was" in told["sentences"][0]


def test_one_question_has_one_ticket_and_another_has_another() -> None:
    assert measured.ticket(question("gradients")) == measured.ticket(question("gradients"))
    assert measured.ticket(question("gradients")) != measured.ticket(question("gradients", seed=1))


def test_what_nobody_put_down_is_not_known(client: TestClient) -> None:
    assert client.get("/measured/nothing").status_code == 404
    headers = {live.HEADER: "1"}
    assert client.post("/measured/nothing/again", headers=headers).status_code == 400
    assert client.post("/measured/nothing/vary", headers=headers, content="{}").status_code == 400
    assert client.post(f"/measured/{measured.ticket(question('gradients'))}/again").status_code == 400, "no header"


def test_what_cannot_be_measured_is_said_and_nothing_begins(client: TestClient) -> None:
    huge = {"a": Subject("huge", ArchSpec(stages=(400, 100, 1, 1, 1, 1), width=128))}
    asked = Asked(huge, [Measurement(STUDIES["gradients"], STUDIES["gradients"].options(), huge)])  # type: ignore[arg-type]
    told = client.get(f"/measured/{measured.ticket(asked)}").json()
    assert told["finished"]
    assert len(told["problems"]) == 1
    assert told["problems"][0].startswith("A: ")
    assert not cache.desk().jobs()


def test_it_speaks_the_page_s_language(client: TestClient) -> None:
    told = answer(client, measured.ticket(question("gradients")), lang="ko")
    assert any("기울기" in line for line in told["sentences"])
    assert json.dumps(told)


def vary(client: TestClient, ticket: str, changes: Any) -> Any:
    """What the route answers to a variation."""
    body = changes if isinstance(changes, str) else json.dumps(changes)
    return client.post(f"/measured/{ticket}/vary", headers={live.HEADER: "1"}, content=body)


def test_a_variation_sends_another_image_and_opens_a_block(client: TestClient) -> None:
    ticket = measured.ticket(question("inside"))
    first = answer(client, ticket)
    varied = vary(client, ticket, {"image": 3, "block": 2, "seed": 9, "device": "cuda"}).json()["ticket"]
    told = answer(client, varied)
    assert (first["inside"]["a"]["number"], told["inside"]["a"]["number"]) == (0, 3)
    assert first["maps"]["a"] == {}
    assert set(told["maps"]["a"]["pictures"]) >= {"x", "residual", "sum", "output"}
    assert "sum" not in told["maps"]["b"]["pictures"], "the plain network adds nothing"
    assert sum(one["probability"] for one in told["inside"]["a"]["probabilities"]) == pytest.approx(1)


@pytest.mark.parametrize("body", ["", "[", "[]", "3", '{"image": "x"}', '{"image": -1}', "[" * 5000])
def test_a_variation_that_makes_no_sense_is_refused(client: TestClient, body: str) -> None:
    asked = vary(client, measured.ticket(question("inside")), body)
    assert asked.status_code == 400
    assert asked.json()["problem"]


def test_an_image_that_is_not_there_or_does_not_fit_is_refused_in_a_sentence(client: TestClient) -> None:
    ticket = measured.ticket(question("inside"))
    assert "there is no image 5000" in vary(client, ticket, {"image": 5000}).json()["problem"]
    assert "another size" in vary(client, ticket, {"pixels": "AAAA"}).json()["problem"]
    assert vary(client, ticket, {"pixels": "A" * 100_000}).status_code == 400


def test_what_nobody_waits_for_any_more_is_stopped_and_begun_anew_for_who_comes_back(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {"a": Subject("slow", preset("cifar110"))}
    left = Asked(slow, [Measurement(STUDIES["readout"], STUDIES["readout"].options(), slow)])  # type: ignore[arg-type]
    ticket = measured.ticket(left)
    assert not client.get(f"/measured/{ticket}").json()["finished"]
    (job,) = left.current.jobs
    monkeypatch.setattr(measured, "LEFT_S", 0.0)
    answer(client, measured.ticket(question("gradients")))
    assert job.wait(30)
    assert job.status == "stopped"
    monkeypatch.setattr(measured, "LEFT_S", 60.0)
    assert answer(client, ticket)["forward"]["a"]["last"] >= 1
