"""Train as a script: races from start to end, and what is refused before one begins."""

import os
import time

import pytest
from streamlit.testing.v1 import AppTest

from app import cache, link
from app.link import Experiment
from app.slots import Slot
from app.text import LANGUAGES
from resnet_core import preset
from resnet_core.jobs.job import Job
from resnet_core.recipe import TRAIN_FIELDS
from resnet_core.spec import ARCH_FIELDS
from tests.app.visitor import PATIENCE_S, calm, of_link, open_page, unfolded

pytestmark = pytest.mark.usefixtures("pages_desk")


def test_a_race_from_start_to_end() -> None:
    visitor = open_page("train", a="cifar20", b="plain20", train_epochs="1")
    visitor.button(key="train.go").click().run()
    calm(visitor)
    run = of_link(visitor)["run"]
    end = time.monotonic() + PATIENCE_S
    while visitor.button(key="train.go").disabled:  # in a browser, the player asks for this run when the race ends
        assert time.monotonic() < end
        time.sleep(0.2)
        visitor.run()
        calm(visitor)
    assert "points apart" in " ".join(text.value for text in visitor.markdown)
    assert not visitor.button(key="train.again").disabled
    assert visitor.button(key="train.resume").disabled  # it was not stopped
    later = open_page("train", run=run)
    assert "points apart" in " ".join(text.value for text in later.markdown)
    assert sorted(os.listdir(cache.desk().root)) == sorted(run.split("."))


def test_more_networks_and_seeds_race_together() -> None:
    visitor = unfolded(
        open_page("train", a="cifar20", b="plain20", train_steps="1", train_batch_size="32"), "train.networks"
    )
    visitor.button(key="c.add").click().run()
    visitor = unfolded(visitor, "train.networks")
    visitor.session_state["train.networks"] = True
    visitor = unfolded(visitor, "c.preset")
    visitor.button(key="c.preset.preact110").click().run()
    visitor = unfolded(visitor, "train.networks")
    visitor.button_group(key="train.seeds").set_value(2).run()
    calm(visitor)
    assert (of_link(visitor)["c"], of_link(visitor)["seeds"]) == ("preact110", "2")
    visitor.button(key="train.go").click().run()
    calm(visitor)
    ids = of_link(visitor)["run"].split(".")
    assert len(ids) == 6
    jobs = [cache.desk().get(run_id) for run_id in ids]
    assert [job.args[1]["seed"] for job in jobs if job] == [0, 1] * 3
    visitor = unfolded(visitor, "train.networks")
    visitor.button(key="c.remove").click().run()
    assert "c" not in of_link(visitor)
    for job in jobs:
        job.stop()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "A batch of 2048 images is more than the 1437 training images there are."),
        ("ko", "배치 크기 2048장이 학습 이미지 수 1437장보다 큽니다."),
    ],
)
def test_a_batch_larger_than_the_data_is_refused_before_a_run_begins(language: str, sentence: str) -> None:
    visitor = open_page("train", a="cifar20", b="plain20", train_batch_size="2048", lang=language)
    visitor.button(key="train.go").click().run()
    calm(visitor)
    assert [sentence in box.value for box in visitor.error] == [True]
    assert "run" not in of_link(visitor)


def test_a_learning_rate_out_of_all_bounds_is_told_and_the_recipe_holds() -> None:
    visitor = open_page("train", train_learning_rate="1e9", seed="3")
    told = "Peak learning rate is a number from 1e-05 to 10.0; got 1e9."
    assert [box.value.count(told) for box in visitor.warning] == [1]
    assert of_link(visitor)["seed"] == "3"
    unfolded(visitor, "train.more")
    assert visitor.number_input(key="train.learning_rate").value == TRAIN_FIELDS["learning_rate"].default


@pytest.mark.parametrize("slot", ["c", "d"])
def test_every_field_of_a_further_network_can_be_changed(slot: Slot) -> None:
    def look(visitor: AppTest) -> AppTest:
        """Both folds open, the one in the other."""
        visitor.session_state[f"{slot}.more"] = True
        return unfolded(visitor, "train.networks")

    visitor = look(open_page("train", a="cifar20", b="plain20", c="cifar20", d="cifar20"))
    keys = {element.key for element in visitor.main if getattr(element, "key", None)}
    assert {f"{slot}.{field.name}" for field in ARCH_FIELDS.values()} <= keys
    visitor.number_input(key=f"{slot}.width").set_value(8).run()
    visitor = look(visitor)
    visitor.text_input(key=f"{slot}.stages").set_value("2,2,2").run()
    visitor = look(visitor)
    assert visitor.number_input(key=f"{slot}.groups").disabled, "a basic block has none"
    visitor.text_input(key=f"{slot}.cut").set_value("0").run()
    calm(visitor)
    visitor = look(visitor)
    assert ["Cut shortcuts: list the numbers of blocks" in box.value for box in visitor.error] == [True]
    read, problems = link.read(of_link(visitor), Experiment())
    assert not problems
    assert read.network(slot).spec == preset("cifar20").with_(width=8, stages=(2, 2, 2))
    assert read.a.spec == preset("cifar20")
    visitor.button(key=f"{slot}.copy").click().run()
    assert of_link(visitor)[slot] == "cifar20"
    assert f"{slot}.width" not in of_link(visitor)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_check_of_an_archive_can_be_cancelled(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(Job, "finished", False)  # while the page looks
    monkeypatch.setattr(Job, "stop", lambda job: stopped.append(job.id))
    visitor = unfolded(open_page("train", train_data="own", lang=language), "train.more")
    visitor.file_uploader(key="train.upload").set_value(("mine.zip", b"not looked at", "application/zip")).run()
    calm(visitor)
    upload = visitor.session_state["train.checking"]
    visitor.button(key="train.upload.cancel").click().run()
    assert stopped == [upload.job.id]
    assert "train.archive" not in of_link(visitor)


def test_an_archive_that_is_none_is_refused_under_the_upload() -> None:
    visitor = unfolded(open_page("train", train_data="own"), "train.more")
    visitor.file_uploader(key="train.upload").set_value(("mine.zip", b"no zip", "application/zip")).run()
    assert visitor.session_state["train.checking"].job.wait(PATIENCE_S)
    visitor.run()
    calm(visitor)
    assert ["zip" in box.value for box in visitor.error] == [True]
    assert "train.archive" not in of_link(visitor)
    visitor.button(key="train.upload.retry").click().run()
    assert visitor.session_state["train.checking"].job.wait(PATIENCE_S)


def test_an_absent_device_is_refused_before_a_run_begins() -> None:
    torch = pytest.importorskip("torch")
    absent = "mps" if torch.cuda.is_available() else "cuda"
    visitor = open_page("train", train_device=absent)
    visitor.button(key="train.go").click().run()
    calm(visitor)
    assert f"{absent} was asked for, but this machine has no such device" in visitor.error[0].value
    assert "run" not in of_link(visitor)


@pytest.mark.parametrize("known", [("cpu",), ()], ids=["known", "not yet known"])
@pytest.mark.parametrize(("asked", "offered"), [("cpu", ["cpu"]), ("cuda", ["cpu", "cuda"])])
def test_only_the_devices_that_are_there_are_offered_and_what_was_asked_for(
    asked: str, offered: list[str], known: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "device_names", lambda: known)
    visitor = open_page("train", train_device=asked)
    labels = [TRAIN_FIELDS["device"].choices[name] for name in offered]
    assert list(visitor.button_group(key="train.device").options) == labels


def test_a_race_on_a_cold_desk_does_not_wait_for_its_numerics(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was still measuring them is ended: beside the race it would measure the race."""
    visitor = open_page("train", a="cifar20", b="plain20", train_epochs="1", train_batch_size="77")
    monkeypatch.setattr(cache, "desk_is_warm", lambda: False)
    (measuring,) = (job for job in cache.desk().jobs() if job.task == "numerics" and job.args[1]["batch_size"] == 77)
    monkeypatch.setattr(measuring, "stop", lambda: stopped.append(measuring.id))
    stopped: list[str] = []
    visitor.button(key="train.go").click().run()
    calm(visitor)
    runs = [cache.desk().get(run_id) for run_id in of_link(visitor)["run"].split(".")]
    for run in runs:
        assert isinstance(run, Job)
        run.stop()
    assert {(run.args[1]["precision"], run.args[1]["memory_format"]) for run in runs if isinstance(run, Job)} == {
        ("float32", "channels_last")
    }
    assert stopped == [measuring.id]
