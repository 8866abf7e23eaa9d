"""``python -m resnet_core.renew``: run the trainings that ship with the project again, and write them down.

``... renew race ways table`` runs only what is named.
"""

import shutil
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors.torch import load_file, save_file

from resnet_core import devices, preset
from resnet_core.jobs.runner import Desk
from resnet_core.probe import gradients, readout
from resnet_core.recipe import TrainSpec
from resnet_core.recorded import HERE, RACE, RUNS, TRAININGS, WAYS, Training
from resnet_core.records import to_line
from resnet_core.studies import Found
from resnet_core.study import Subject, unheard
from resnet_core.train.facts import facts, fit
from resnet_core.train.loop import train

PRESETS = ("cifar20", "cifar32", "cifar44", "cifar56", "cifar110",
           "plain20", "plain32", "plain44", "plain56", "plain110", "preact110")  # fmt: skip
SEEDS = (0, 1, 2)


def main() -> None:
    """What is named, by default all of it."""
    for name in sys.argv[1:] or ("race", "ways", "table"):
        {"race": _race, "ways": _ways, "table": _table}[name]()


def _table() -> None:
    """Every preset of the list from every seed."""
    lines = [to_line(_train(name, seed)) for name in PRESETS for seed in SEEDS]
    TRAININGS.write_bytes(b"".join(line + b"\n" for line in lines))


def _race() -> None:
    """ResNet-56 and its plain twin, one after the other, as run folders."""
    shutil.rmtree(RUNS, ignore_errors=True)
    desk = Desk(root=RUNS)
    for folder, name in zip(RACE, ("cifar56", "plain56"), strict=True):
        args = preset(name).model_dump(mode="json"), TrainSpec().model_dump(mode="json")
        job = desk.submit("train", *args, keep=True, label=name)
        job.wait()
        (RUNS / job.id).rename(RUNS / folder)
        last = load_file(RUNS / folder / "last.safetensors")
        for file in [*(RUNS / folder).glob("*.safetensors"), *(RUNS / folder).glob("resume.json")]:
            file.unlink()
        shutil.rmtree(RUNS / folder / "epochs", ignore_errors=True)
        # Half the size, and so near to what was trained that at most one test image changes its class (a test).
        half = {name: values.half() if values.is_floating_point() else values for name, values in last.items()}
        save_file(half, RUNS / folder / "last.safetensors")
    desk.close()


def _ways() -> None:
    """Gradient and readout of the three networks before training, and the readout after it."""
    networks = [Subject(name, spec, place) for place, (name, spec) in enumerate(WAYS.items())]
    with TemporaryDirectory() as folder:
        after = []
        for network in networks:
            kept = Path(folder) / network.name
            for _ in train(network.spec, TrainSpec(), folder=kept):
                pass
            fitted = fit(network.spec, TrainSpec().images)
            after.append(network._replace(spec=fitted, weights=kept / "last.safetensors"))
        for name, study, subjects in (
            ("gradients", gradients, networks), ("readout", readout, networks), ("readout_after", readout, after)
        ):  # fmt: skip
            options = study.STUDY.options()
            records = tuple(study.measure(subjects, options, unheard))
            found = Found(study.STUDY, tuple(subjects), options, records)
            (HERE / f"ways_{name}.json").write_text(found.to_json(), encoding="utf-8")


def _train(name: str, seed: int) -> Training:
    started, how = time.perf_counter(), TrainSpec(seed=seed)
    last = list(train(preset(name), how))[-1]
    assert last.test_accuracy is not None
    found = Training(
        preset=name, train=how.model_dump(mode="json"), test_accuracy=last.test_accuracy,
        test_images=facts(how.images).test, recorded_at=datetime.now(UTC).date().isoformat(),
        **devices.provenance(how.device, seed, started),
    )  # fmt: skip
    sys.stdout.write(f"{name}, seed {seed}: {found.test_accuracy:.1%} in {found.time_s:.1f} s\n")
    sys.stdout.flush()
    return replace(found, time_s=last.time_s)


if __name__ == "__main__":
    main()
