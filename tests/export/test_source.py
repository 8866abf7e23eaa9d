"""The exported source is the network: same parameters by name, same outputs to the last bit, from torch alone."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings

from resnet_core import ArchSpec, Layer, build, count, plan, preset, presets
from resnet_core.export.forward_source import forward_lines, statements
from resnet_core.export.source import source
from resnet_core.spec import ARCH_FIELDS
from tests.strategies import arch_specs

GOLDEN = Path(__file__).parents[1] / "golden"
GOLDEN_SOURCES = ("resnet18", "cifar56", "preact164")
RENEW = "python -m tests.export.test_source"
ORDERINGS = list(ARCH_FIELDS["ordering"].choices)
SHORTCUTS = list(ARCH_FIELDS["shortcut"].choices)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take longer than these small networks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def exported(text: str) -> torch.nn.Module:
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), namespace)
    model: torch.nn.Module = namespace["ResNet"]()
    return model


def same(spec: ArchSpec) -> None:
    text = source(spec)
    there, here = exported(text), build(spec, seed=1)
    for weight in here.state_dict().values():  # as after a training: BatchNorms of their own, signals that last
        if weight.is_floating_point():
            weight.copy_(weight * 0.7 if weight.dim() > 1 else weight + 0.1 * torch.rand(weight.shape))
    there.load_state_dict(here.state_dict(), strict=True)
    images = torch.randn(2, spec.in_channels, *spec.image_shape)
    with torch.no_grad():
        scores = here.eval()(images)
        assert torch.isfinite(scores).all()
        assert torch.equal(there.eval()(images), scores), text
    build(spec).load_state_dict(there.state_dict(), strict=True)
    assert sum(parameter.numel() for parameter in there.parameters()) == count(spec).params


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(arch_specs())
def test_any_network_is_the_same_network(spec: ArchSpec) -> None:
    same(spec)


@pytest.mark.slow
@pytest.mark.parametrize("ordering", ORDERINGS)
def test_every_ordering_with_every_shortcut(ordering: str) -> None:
    start = ArchSpec(ordering=ordering, width=4, image_size=4)
    for shortcut, projection, block, stages in product(SHORTCUTS, "AB", ("basic", "bottleneck"), ((2, 2), (2,))):
        same(start.with_(shortcut=shortcut, projection=projection, block=block, stages=stages))
    for changes in ({"projection": "C"}, {"norm": "none"}, {"skip": False}):
        for block, stages in product(("basic", "bottleneck"), ((2, 2), (2,), (1, 1), (1,))):
            same(start.with_(block=block, stages=stages, **changes))


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_generated_and_compiles(name: str) -> None:
    text = source(preset(name))
    compile(text, f"{name}.py", "exec")
    assert text.startswith(f'"""{name}: ')
    assert f"{count(preset(name)).params:,} parameters" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", GOLDEN_SOURCES)
def test_it_reads_as_it_was_read(name: str) -> None:
    golden = (GOLDEN / f"{name}.py.txt").read_text(encoding="utf-8")
    assert source(preset(name)) == golden, f"if the change is meant: {RENEW}, and read the difference"


def test_f_of_x_plus_x_is_in_plain_sight() -> None:
    blocks = {name: source(preset(name)) for name in GOLDEN_SOURCES}
    assert "return self.relu2(out + x)" in blocks["resnet18"]
    assert "return self.relu2(out + x)" in blocks["cifar56"]
    assert "return out + x\n" in blocks["preact164"]
    cut = source(preset("cifar20").with_(cut=(2, 5)))
    assert "class PlainBasicBlock" in cut
    assert "return self.relu2(self.bn2(self.conv2(out)))" in cut


def test_stem_and_head_are_walks_over_their_layers_too() -> None:
    layers = plan(preset("resnet18"))
    scaled = Layer("half", "scale", (layers.head.in_shape,), layers.head.in_shape, 1, 1, 0, 1, "head", value=0.5)
    pool, fc = layers.head.layers
    head = layers.head._replace(layers=(scaled, pool._replace(inputs=("half",)), fc))
    assert forward_lines(head.layers) == ["x = 0.5 * x", "return self.fc(self.avgpool(x).flatten(1))"]
    assert [f"{one.variable}={one.expression}" for one in statements(layers.stem.layers)] == [
        "x=self.relu(self.bn1(self.conv1(x)))", "=self.maxpool(x)"
    ]  # fmt: skip


def test_new_parts_read_as_they_are_computed() -> None:
    text = source(preset("cifar20").with_(attention="se", residual_scale=0, stochastic_depth=0.5, branch_dropout=0.1))
    assert "out = self.bn2(self.conv2(self.branch_dropout(out)))" in text
    assert "out = out * self.se(out)" in text
    assert "return self.relu2(self.stochastic_depth(self.alpha(out)) + x)" in text
    deep = source(preset("resnet50d"))
    assert "x = self.relu(self.bn1(self.conv1(x)))  # 64x112x112" in deep
    assert "nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False)" in deep
    assert "nn.GroupNorm(min(32, channels), channels)" in source(preset("cifar20").with_(norm="group"))
    assert "def forward" in source(preset("resnet50").with_(image_size="320x240"))


@pytest.mark.parametrize("name", ["resnet18", "resnet50_v1", "resnext50_32x4d", "preact164", "plain20", "cifar56"])
def test_presets_put_out_the_same(name: str) -> None:
    same(preset(name).with_(image_size=32))


def test_it_names_only_what_it_uses() -> None:
    text = source(preset("resnet50"))
    assert not any(word in text for word in ("gate", "Dropout", "ZeroPad", "functional", "activated", "reshapes"))
    assert "self.gate" in source(preset("cifar20").with_(shortcut="exclusive_gating"))
    cited = {name: source(preset(name)).partition("Sources: ")[2].partition(".\n")[0].split(", ") for name in presets()}
    assert cited["resnet50"] == ["arXiv:1512.03385"]
    assert cited["resnext50_32x4d"] == ["arXiv:1512.03385", "arXiv:1611.05431"]
    assert cited["wide_resnet50_2"] == ["arXiv:1512.03385", "arXiv:1605.07146"]
    assert cited["wrn28_10"] == ["arXiv:1512.03385", "arXiv:1603.05027", "arXiv:1605.07146"]
    assert cited["resnet50d"] == ["arXiv:1512.03385", "arXiv:1812.01187"]
    assert source(preset("cifar20").with_(cut=(3,))).startswith('"""A residual network')
    assert source(preset("cifar20"), "my network").startswith('"""my network: a residual network of 20')


def test_first_weights_follow_the_same_distribution() -> None:
    spec = preset("cifar20").with_(
        zero_init_residual=True, shortcut="shortcut_only_gating", gate_bias=-3.0, stages=(2, 2, 2)
    )
    there = exported(source(spec)).state_dict()
    assert not there["layer1.0.bn2.weight"].any()
    assert torch.all(there["layer1.0.gate.bias"] == -3.0)
    for name, weight in build(spec).state_dict().items():
        if weight.dim() > 1:
            assert there[name].std() == pytest.approx(float(weight.std()), rel=0.2), name


def test_it_needs_torch_alone(tmp_path: Path) -> None:
    file = tmp_path / "small.py"
    file.write_text(source(preset("preact110").with_(stages=(1, 1, 1))))
    ran = subprocess.run([sys.executable, "-I", file], capture_output=True, text=True, check=True)
    assert ran.stdout.endswith("parameters; scores (1, 10)\n")
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "100", "--select", "E,F,W,I,N,B,UP",
         "--ignore", "N812", file],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_no_torch_to_write_it() -> None:
    script = (
        "import sys; from resnet_core import preset; from resnet_core.export.source import source; "
        "source(preset('resnet50')); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0


def _renew() -> None:
    for name in GOLDEN_SOURCES:
        (GOLDEN / f"{name}.py.txt").write_text(source(preset(name)), encoding="utf-8")


if __name__ == "__main__":
    _renew()
