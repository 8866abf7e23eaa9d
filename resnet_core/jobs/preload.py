"""What the fork server imports once, so that each child starts with it. Only the fork server imports this module.

A first job waits for these imports, so nothing stands here that no task needs: torch's optimiser classes would bring
torch._dynamo, scikit-learn its statistics (see optimizers.py and digits.py); only what compiles or writes ONNX imports
more, in its own child.

No tensor is made here: a thread pool that torch starts before a fork is dead after it.
"""

import gc
from importlib import import_module
from multiprocessing import spawn

import resnet_core.jobs.child
import resnet_core.probe.networks
import resnet_core.probe.passage  # noqa: F401 - what a study imports only where it is measured
from resnet_core.jobs.tasks import TASKS
from resnet_core.train.data import read_digits

for task in TASKS.values():
    import_module(task.run.partition(":")[0])

read_digits()


def _leave_main_alone(_main: str) -> None:
    """A child runs functions of this package; the parent's script (a Streamlit page) must not be executed in it."""


spawn._fixup_main_from_name = _leave_main_alone  # type: ignore[attr-defined]
spawn._fixup_main_from_path = _leave_main_alone  # type: ignore[attr-defined]

gc.collect()
gc.freeze()  # the children's collections then leave these pages shared
