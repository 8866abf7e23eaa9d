"""What ships with the project: it is what was recorded, and it can be drawn."""

import pytest
import torch

from resnet_core import preset, recorded
from resnet_core.jobs.kept import trained
from resnet_core.jobs.stored import read
from resnet_core.model.network import build
from resnet_core.probe.networks import module
from resnet_core.train.data import load
from resnet_core.train.facts import as_choice
from resnet_core.train.records import StepRecord


def test_a_preset_that_was_recorded_has_a_training_from_each_seed() -> None:
    for name in ("cifar20", "cifar56", "plain56", "preact110"):
        rows = recorded.of(preset(name))
        assert [row.seed for row in rows] == [0, 1, 2]
        assert all(0 <= row.test_accuracy <= 1 and row.device_name and row.versions["torch"] for row in rows)
    assert recorded.of(preset("cifar56").with_(cut="5")) == (), "a changed network was not recorded"


@pytest.mark.parametrize("name", recorded.RACE)
def test_the_recorded_weights_are_half_as_large_and_name_what_was_recorded(name: str) -> None:
    run = read(recorded.RUNS, name)
    assert run is not None
    assert run.status == "done"
    last = [record for record in run.records if isinstance(record, StepRecord)][-1]
    subject, _ = trained(recorded.RUNS / name)
    model = module(subject.spec, 0, subject.weights, torch.device("cpu")).eval()
    images = load(as_choice("digits"), subject.spec.image_shape[0])
    with torch.no_grad():
        inputs, labels = images.test_batch(slice(0, 360))
        right = float((model(inputs).argmax(1) == labels).double().mean())
    assert abs(right - last.test_accuracy) * 360 < 1.5, "half precision moves one image at most"


def test_the_three_ways_are_what_their_names_say() -> None:
    found = recorded.ways()
    vanishes, explodes, stays = (found["gradients"].of(place)[-1].rms for place in range(3))
    assert vanishes[0] < 1e-3 * vanishes[-1]
    assert explodes[0] > 100 * explodes[-1]
    assert 0.1 < stays[0] / stays[-1] < 30
    after = [found["readout_after"].of(place)[-1] for place in range(3)]
    assert after[2].accuracy[-1] > 0.9
    assert after[1].accuracy[-1] < 0.5
    for network, spec in zip(found["gradients"].networks, recorded.WAYS.values(), strict=True):
        assert network.spec == spec
        build(spec)  # it is still a network of this version
