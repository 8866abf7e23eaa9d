"""Three witnesses for each figure: the formula, a count on the running module, and the published value."""

import json
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from resnet_core import ArchSpec, Refusal, build, count, plan, preset, presets
from resnet_core.model.network import ResNet
from resnet_core.papers import RESNET_2015, RESNET_2016
from resnet_core.presets import QUANTITIES, preset_named_by
from resnet_core.spec import ARCH_FIELDS

FOLDER = Path(__file__).parent / "reference"
REFERENCE = json.loads((FOLDER / "presets.json").read_text(encoding="utf-8"))
PAPERS = json.loads((FOLDER / "papers.json").read_text(encoding="utf-8"))
NAMES = list(presets())


def _figures() -> Iterator[tuple[str, ArchSpec, str, int]]:
    """Every total of the reference file: a label, the network, ``params`` or ``macs``, and the number."""
    for group, rows in REFERENCE.items():
        for key, row in rows.items():
            if key == "source" or group == "bottleneck_example":
                continue
            if group == "imagenet_224":
                for quantity in ("params", "macs"):
                    yield f"{key}.{quantity}", preset(key), quantity, row[quantity]
            elif group == "later_families":
                for quantity, number in row.items():
                    yield f"{key}.{quantity}", preset(key), quantity, number
            elif group == "imagenet_224_paper_stride":
                yield f"{key}_v1.macs", preset(f"{key}_v1"), "macs", row["macs"]
            elif group == "cifar_32":
                option_a, option_b = preset(f"cifar{key}"), preset(f"cifar{key}").with_(projection="B")
                yield f"cifar{key}.params", option_a, "params", row["option_a"]
                yield f"cifar{key}.macs", option_a, "macs", row["macs_option_a"]
                yield f"cifar{key}.option_b", option_b, "params", row["option_b"]
                yield f"plain{key}.params", option_a.with_(skip=False), "params", row["option_a"]
                yield f"plain{key}.macs", option_a.with_(skip=False), "macs", row["macs_option_a"]
            elif group == "cifar_32_full_preact":
                yield f"{key}.params", preset(key.split("_")[0]), "params", row
            else:
                raise AssertionError(f"no test reads {group}")


FIGURES = list(_figures())


# The meta device runs the true operators on shapes alone, so that no network is too large.
@cache
def _params_of_module(spec: ArchSpec) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in ResNet(plan(spec)).parameters())


@cache
def _macs_of_module(spec: ArchSpec) -> int:
    with torch.device("meta"):
        model = ResNet(plan(spec)).eval()
        image = torch.empty(1, spec.in_channels, *spec.image_shape)
    with FlopCounterMode(display=False, depth=0) as counter, torch.no_grad():
        model(image)
    macs, rest = divmod(int(counter.get_total_flops()), 2)
    assert rest == 0
    return macs


MEASURED = {"params": _params_of_module, "macs": _macs_of_module}


def test_the_reference_file_is_read_to_the_last_figure() -> None:
    assert len(FIGURES) == 8 * 2 + 3 + 6 * 5 + 2 + 10


@pytest.mark.parametrize(("spec", "quantity", "figure"), [f[1:] for f in FIGURES], ids=[f[0] for f in FIGURES])
def test_formula_and_module_give_the_reference_figure(spec: ArchSpec, quantity: str, figure: int) -> None:
    assert getattr(count(spec), quantity) == figure
    assert MEASURED[quantity](spec) == figure


@pytest.mark.parametrize("name", NAMES)
def test_formula_and_module_agree_on_every_preset(name: str) -> None:
    ledger = count(preset(name))
    assert ledger.params == _params_of_module(preset(name))
    assert ledger.macs == _macs_of_module(preset(name))


@pytest.mark.parametrize("name", NAMES)
def test_published_sizes_are_those_of_the_ledger_to_the_digits_printed(name: str) -> None:
    row, ledger = presets()[name], count(preset(name))
    for figure in row.published:
        assert figure.quantity in QUANTITIES
        assert figure.source.startswith(("arXiv:", "torchvision"))
        if figure.quantity.endswith("_error"):
            continue
        exact = getattr(ledger, figure.quantity)
        number, _, prefix = figure.printed.partition(" ")
        unit = {"": 1, "M": 10**6, "G": 10**9}[prefix] / 10 ** len(number.partition(".")[2])
        # The 2015 paper cuts digits off where torchvision rounds: 3.858 is printed as 3.8.
        cut, rounded = math.floor(exact / unit) * unit, round(exact / unit) * unit
        assert figure.value in (pytest.approx(rounded), pytest.approx(cut)) if unit >= 10**4 else (exact,)


def _printed_errors() -> dict[tuple[str, str, str], float]:
    """(preset, quantity, source) -> percent, from the reference's copy of the papers' tables."""
    first, second = PAPERS[RESNET_2015], PAPERS[RESNET_2016]
    found: dict[tuple[str, str, str], float] = {}
    for name, percent in first["table2_imagenet_top1_error_10crop"].items():
        if name.startswith("plain"):  # its ResNets have option A, which no preset has
            found[name, "imagenet_error", f"{RESNET_2015}, Table 2"] = percent
    for name, percent in first["table3_imagenet_top1_error_10crop"].items():
        network = {"resnet34_b": "resnet34"}.get(name, f"{name}_v1")  # from 50 layers on, with the paper's stride
        if name in ("resnet34_a", "resnet34_c"):
            continue
        found[network, "imagenet_error", f"{RESNET_2015}, Table 3"] = percent
    for depth, percent in first["table6_cifar10_error"].items():
        found[f"cifar{depth}", "cifar10_error", f"{RESNET_2015}, Table 6"] = percent
    assert "above 60%" in first["figure6"]
    found["plain110", "cifar10_error", f"{RESNET_2015}, Figure 6"] = 60
    found["preact110", "cifar10_error", f"{RESNET_2016}, Table 2"] = second["table2_orderings_cifar10_error"]["110"][
        "full_preact"
    ]
    for depth, errors in second["table3_preact"].items():
        for data in ("cifar10", "cifar100"):
            found[f"preact{depth}", f"{data}_error", f"{RESNET_2016}, Table 3"] = errors[data][1]
    return found


def test_published_errors_are_the_papers() -> None:
    shown = {
        (name, figure.quantity, figure.source): figure.value
        for name, row in presets().items()
        for figure in row.published
        if figure.quantity.endswith("_error")
    }
    assert shown == _printed_errors()


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", NAMES)
def test_every_preset_builds_runs_and_trains_every_parameter(name: str) -> None:
    """On small images, which change no parameter."""
    spec = preset(name)
    small = spec.with_(image_size=2 * spec.total_stride)
    model = build(small).train()
    scores = model(torch.rand(2, small.in_channels, *small.image_shape))
    assert scores.shape == (2, spec.num_classes)
    scores.square().mean().backward()
    without = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert not without
    assert sum(parameter.numel() for parameter in model.parameters()) == count(spec).params


def test_every_preset_is_a_row_with_its_source_and_its_own_specification() -> None:
    for name, row in presets().items():
        assert row.name == name
        assert "arXiv:" in row.source
        assert preset_named_by(row.spec) == name
        assert set(row.spec.values()) == set(ARCH_FIELDS)


def test_the_depth_in_a_name_is_the_depth_of_the_network() -> None:
    """But where the name counts otherwise: a deep stem's two more convolutions, and 6n+4 of the wide networks."""
    otherwise = {"resnet50d": 52, "wrn28_10": 26}
    for name, row in presets().items():
        numbers = re.findall(r"\d+", name)
        assert otherwise.get(name, int(numbers[0])) == row.spec.depth


def test_presets_hands_out_a_copy() -> None:
    presets().clear()
    assert list(presets()) == NAMES


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("resnet51", "There is no preset resnet51; near to it: resnet50, resnet18, resnet50_v1."),
        ("vgg", "There is no preset vgg; near to it: cifar56, resnet50."),
        ("", "There is no preset ; near to it: cifar56, resnet50."),
        ("{name}" * 20, "There is no preset {name}{name}{name}{name}{name}{name}{nam; near to it: cifar56, resnet50."),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(asked: str, sentence: str) -> None:
    with pytest.raises(Refusal) as refusal:
        preset(asked)
    assert str(refusal.value) == sentence
    assert refusal.value.field == "preset"
