"""This project's networks beside torchvision's own, in a process of its own: ``python -m ... FOLDER NAME [NAME ...]``.

FOLDER holds an unpacked wheel of torchvision. Its ``models/resnet.py`` is run as it is, but without its package's
``__init__`` and what that pulls in: the compiled operators for detection, image files and video, which no ResNet needs.
One JSON object a network goes to standard output.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from resnet_core import build, preset


def torchvision_resnets(folder: Path) -> ModuleType:
    """torchvision's ``resnet.py``. The modules that are stood in for give it a name for an annotation and a logger."""
    root = folder / "torchvision"
    for name, path in (("torchvision", root), ("torchvision.models", root / "models")):
        package = ModuleType(name)
        package.__path__ = [str(path)]
        sys.modules[name] = package
    stand_ins: dict[str, Any] = {
        "torchvision.transforms": {"__path__": []},
        "torchvision.transforms._presets": {"ImageClassification": SimpleNamespace},
        "torchvision.utils": {"_log_api_usage_once": lambda _model: None},
    }
    for name, attributes in stand_ins.items():
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(attributes)
    return import_module("torchvision.models.resnet")


def _shaken(model: nn.Module) -> nn.Module:
    """Every number drawn anew, the running statistics too, so that none is where it would be anyway."""
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if name.endswith("num_batches_tracked"):
                tensor.fill_(7)
            elif tensor.ndim > 1:
                tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=source)
            else:
                tensor.uniform_(0.3, 0.7, generator=source)
    return model.eval()


def _distance(one: Tensor, other: Tensor) -> float:
    """The largest difference over the largest number."""
    return float((one - other).abs().max() / other.abs().max())


@torch.no_grad()
def compared(name: str, resnets: ModuleType) -> dict[str, object]:
    """The state dict there and back, and the outputs after each way; ``load_state_dict`` raises where a name is off."""
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.device("meta"):
        theirs = getattr(resnets, name)()
    theirs = _shaken(theirs.to_empty(device="cpu"))
    mine = build(preset(name).with_(image_size=64)).eval()
    untouched = _distance(mine(images), theirs(images))
    theirs.load_state_dict(mine.state_dict(), strict=True)
    back = _distance(theirs(images), mine(images))
    mine.load_state_dict(_shaken(theirs).state_dict(), strict=True)
    there = _distance(mine(images), theirs(images))
    return {"name": name, "untouched": untouched, "there": there, "back": back, "entries": len(mine.state_dict())}


if __name__ == "__main__":
    torch.set_num_threads(1)
    source = torchvision_resnets(Path(sys.argv[1]))
    for asked in sys.argv[2:]:
        sys.stdout.write(json.dumps(compared(asked, source)) + "\n")
