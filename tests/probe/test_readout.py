"""The readout: what the skip carries, measured before any training; and its closed form against another's."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import RidgeClassifier

from resnet_core import ArchSpec, preset
from resnet_core.probe import readout
from resnet_core.probe.readout import Readout, ReadoutOptions
from resnet_core.records import from_json, to_json
from resnet_core.study import Subject, unheard

pytestmark = pytest.mark.usefixtures("one_thread")


def _read(*specs: ArchSpec, **options: object) -> list[Readout]:
    subjects = [Subject(f"n{place}", spec, place) for place, spec in enumerate(specs)]
    return list(readout.measure(subjects, ReadoutOptions(**options), unheard))


def test_a_plain_network_loses_the_class_and_a_residual_one_carries_it() -> None:
    """The strongest picture of the subject, before any training; the figures are of this seed, the claim is wide."""
    residual, plain = _read(preset("cifar56"), preset("plain56"))
    assert len(residual.accuracy) == len(residual.names) == 27
    assert (residual.fitted, residual.scored) == (1437, 360)
    assert residual.chance == pytest.approx(0.1, abs=0.02)
    assert residual.accuracy[0] == pytest.approx(0.96, abs=0.01)
    assert plain.accuracy[0] == pytest.approx(0.95, abs=0.01)
    assert residual.accuracy[-1] == pytest.approx(0.73, abs=0.02)
    assert max(plain.accuracy[12:]) < 0.2
    assert (residual.network, plain.network, plain.place) == ("n0", "n1", 1)
    assert from_json(Readout, to_json(plain)) == plain


def test_the_same_seed_reads_the_same_and_a_cut_costs_some() -> None:
    spec = preset("cifar20")
    whole, again, cut = _read(spec, spec, spec.with_(cut="4-9"))
    assert whole.accuracy == again.accuracy
    assert whole.accuracy[:3] == cut.accuracy[:3], "what lies before the cut is untouched"
    assert cut.accuracy[-1] < whole.accuracy[-1]


def test_the_reader_is_a_ridge_regression() -> None:
    source = np.random.default_rng(0)
    x, z = source.normal(size=(200, 12)), source.normal(size=(90, 12))
    labels = (x[:, 0] + 0.5 * source.normal(size=200) > 0).astype(int) + (x[:, 1] > 0.7)
    answers = (z[:, 0] > 0).astype(int) + (z[:, 1] > 0.7)
    scaled = (x - x.mean(0)) / x.std(0), (z - x.mean(0)) / x.std(0)
    expected = RidgeClassifier(alpha=3.0).fit(scaled[0], labels).score(scaled[1], answers)
    mine = readout._read(*map(torch.from_numpy, (x, labels, z, answers)), classes=3, ridge=3.0)
    assert mine == pytest.approx(expected, abs=0.5 / 90)


def test_a_feature_that_tells_nothing_is_left_out() -> None:
    x = torch.tensor([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 5.0]])
    labels = torch.tensor([0, 0, 1, 1])
    assert readout._read(x, labels, x, labels, classes=2, ridge=1e-3) == 1.0
    nothing = torch.zeros(4, 2)
    assert readout._read(nothing, labels, nothing, labels, classes=2, ridge=1.0) == 0.5
