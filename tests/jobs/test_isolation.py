"""The caller's process: it never imports torch, its script is not run again, and its death ends its children."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from resnet_core.jobs.stored import read
from tests.jobs.test_runner import alive, until

PAGE = """
import sys
print("script", flush=True)
if __name__ == "__main__":
    from resnet_core import ArchSpec, TrainSpec
    from resnet_core.jobs.runner import Desk
    desk = Desk(root=sys.argv[1])
    desk.warm()
    small = ArchSpec(stages=(1, 1, 1), width=4).model_dump(mode="json")
    how = TrainSpec(epochs=200, precision="float32", memory_format="contiguous").model_dump(mode="json")
    job = desk.submit("train", small, how, keep=True)
    import time
    while not job.tape.count and not job.finished:
        time.sleep(0.01)
    heavy = {"torch", "numpy", "sklearn", "fvcore"} & set(sys.modules)
    print("pid", job.pid, "heavy", sorted(heavy), job.status, flush=True)
    if sys.argv[2] == "stay":
        time.sleep(60)
"""


def start(tmp_path: Path, what: str) -> "subprocess.Popen[str]":
    script = tmp_path / "page.py"
    script.write_text(PAGE)
    arguments = [sys.executable, str(script), str(tmp_path / "runs"), what]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_caller_that_leaves_neither_imports_torch_nor_hangs_nor_prints(tmp_path: Path) -> None:
    """Its script is run once: a child that ran it again would say so."""
    out, err = start(tmp_path, "leave").communicate(timeout=60)
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == ["script", "pid"]
    assert "heavy [] running" in lines[1]
    assert err == ""
    pid = int(lines[1].split()[1])
    until(lambda: not alive(pid))
    (folder,) = (tmp_path / "runs").iterdir()
    run = read(tmp_path / "runs", folder.name)
    assert run is not None
    assert run.status == "stopped"
    assert run.records


def test_the_fork_server_imports_torch_and_nothing_as_slow() -> None:
    """A visitor waits for it; and so does a training for what its child would import."""
    program = (
        "import sys, resnet_core.jobs.preload\n"
        "from resnet_core import ArchSpec, TrainSpec\n"
        "from resnet_core.train.loop import train\n"
        "how = TrainSpec(epochs=1, precision='float32', memory_format='channels_last')\n"
        "hows = how, how.with_(optimizer='adamw')\n"
        "print([len(list(train(ArchSpec(stages=(1, 1, 1), width=4), how))) for how in hows])\n"
        "print(sorted({'torch', 'torch._dynamo', 'sympy', 'sklearn', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.splitlines() == ["[11, 11]", "['torch']"]


def test_children_end_when_their_caller_is_killed(tmp_path: Path) -> None:
    page = start(tmp_path, "stay")
    assert page.stdout is not None
    page.stdout.readline()
    pid = int(page.stdout.readline().split()[1])
    assert alive(pid)
    page.send_signal(signal.SIGKILL)
    page.wait(10)
    started = time.monotonic()
    until(lambda: not alive(pid), timeout=5)
    assert time.monotonic() - started < 5
    page.communicate()
