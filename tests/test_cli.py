"""The terminal way in, as a shell sees it: standard output, standard error, exit code."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from resnet_core import ArchSpec, count, preset, presets
from resnet_core.__main__ import main
from resnet_core.cost.memory import fits, training_memory
from resnet_core.export.source import source
from resnet_core.recipe import TRAIN_FIELDS, TrainSpec
from resnet_core.spec_file import spec_json
from resnet_core.train.loop import train

COMMAND = [sys.executable, "-m", "resnet_core"]
SMALL = ["cifar20", "--set", "stages=1,1,1", "--set", "width=4"]
PLAIN = ["--precision", "float32", "--memory-format", "contiguous"]  # nothing to measure first


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_presets_tells_every_network_with_its_numbers_and_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(presets())
    for row, known in zip(rows, presets().values(), strict=True):
        ledger = count(known.spec)
        assert (row["source"], row["params"], row["macs"]) == (known.source, ledger.params, ledger.macs)
        assert [told["printed"] for told in row["published"]] == [figure.printed for figure in known.published]
    (error,) = (told for row in rows if row["name"] == "cifar56" for told in row["published"][1:])
    assert error == {
        "quantity": "cifar10_error", "printed": "6.97", "source": "arXiv:1512.03385, Table 6", "value": 6.97
    }  # fmt: skip
    told = run("presets").stdout
    assert [line.split()[0] for line in told.splitlines()] == list(presets())
    lines = {line.split()[0]: line for line in told.splitlines()}
    assert "25,557,032 params" in lines["resnet50"]
    assert "residual, 50 layers, 3,4,6,3 bottleneck blocks from 64 channels, 224 pixels" in lines["resnet50"]
    assert "plain, 56 layers" in lines["plain56"]
    assert "ordering=full_preact" in lines["preact110"]
    assert all(row.source in lines[name] for name, row in presets().items())


def test_count_says_what_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["count", "resnet50", "--fits", "8", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    known = fits(count(preset("resnet50")), 8 * 10**9)
    assert told["fits"] == {"gigabytes": 8.0, "training": known.training, "inference": known.inference}
    assert main(["count", "resnet50", "--fits", "0.5"]) == 0
    assert "fits in 0.5 GB: batch 2 in training" in capsys.readouterr().out
    assert main(["count", "resnet50", "--json"]) == 0
    assert "fits" not in json.loads(capsys.readouterr().out)


def test_count_prints_the_ledger_and_needs_no_torch() -> None:
    told = json.loads(run("count", "resnet50", "--set", "skip=false", "--set", "stages=3,4,23,3", "--json").stdout)
    ledger = count(preset("resnet50").with_(skip=False, stages=(3, 4, 23, 3)))
    assert (told["params"], told["macs"]) == (ledger.params, ledger.macs)
    table = run("count", "resnet50").stdout
    assert "25,557,032" in table
    assert "3*3*64*64 = 36,864" in table
    script = (
        "import sys; from resnet_core.__main__ import main; main(['presets']); main(['count', 'resnet50', '--json']); "
        "main(['code', 'resnet50']); "
        "sys.exit(bool({'torch', 'numpy', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0


def test_count_tells_every_cost_and_its_rows() -> None:
    told = json.loads(run("count", "cifar20", "--set", "ordering=full_preact", "--json").stdout)
    ledger = count(preset("cifar20").with_(ordering="full_preact"))
    assert (told["flops"], told["backward_macs"]) == (2 * ledger.macs, ledger.backward_macs)
    assert (told["receptive_field"], told["paths"]) == (ledger.receptive_field, 2**9)
    assert told["activations"]["saved_bytes"] == ledger.saved_bytes
    assert told["memory"]["training"] == training_memory(ledger, 1)._asdict()
    for total in ("params", "macs", "flops", "saved_bytes"):
        assert sum(row[total] for row in told["rows"]) == told[total] == getattr(ledger, total)
    assert told["rows"][0] == {
        "name": "conv1", "kind": "conv", "in_shape": [3, 32, 32], "out_shape": [16, 32, 32], "params": 432,
        "macs": 442_368, "flops": 884_736, "elements": 16_384, "read_bytes": 4 * (3 * 32 * 32 + 432),
        "written_bytes": 65_536, "saved_bytes": 12_288, "formula": "3*3*3*16 * 32*32 = 442,368",
    }  # fmt: skip
    assert json.loads(run("count", "cifar1202", "--json").stdout)["paths"] == 2**600


def test_reconcile_closes_every_tool(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run("reconcile", *SMALL, "--set", "projection=B", "--json").stdout.splitlines()
    told = [json.loads(line) for line in lines]
    assert [row["tool"] for row in told] == ["fvcore", "torchinfo", "torch"]
    assert all(row["total"] == row["explained"] and row["remainder"] == 0 for row in told)
    assert main(["reconcile", *SMALL]) == 0
    text = capsys.readouterr().out
    assert text.count("remainder = 0") == 3
    assert "BatchNorm, two for each element" in text


def test_code_prints_a_program_and_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.py"
    assert main(["code", *SMALL, "--output", str(file)]) == 0
    assert capsys.readouterr().out == ""
    printed = run("code", *SMALL).stdout
    assert printed == file.read_text()
    assert printed == source(preset("cifar20").with_(stages=(1, 1, 1), width=4), "cifar20, stages=1,1,1, width=4")
    ran = subprocess.run([sys.executable, "-I", file], capture_output=True, text=True, check=True)
    params = count(preset("cifar20").with_(stages=(1, 1, 1), width=4)).params
    assert ran.stdout == f"{params:,} parameters; scores (1, 10)\n"


def test_a_specification_file_stands_where_a_preset_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = preset("cifar20").with_(stages=(1, 1, 1), width=4)
    file = tmp_path / "my-net.json"
    file.write_text(spec_json(spec))
    for command in ("count", "gradients", "train", "reconcile"):
        rest = ["--steps", "2", *PLAIN] if command == "train" else []
        told = []
        for named in ([str(file)], SMALL):
            assert main([command, *named, "--json", *rest]) == 0
            told.append([json.loads(line) for line in capsys.readouterr().out.splitlines()])
        for row in [row for rows in told for row in rows]:
            for name in ("images_per_s", "time_s", "network"):  # what differs between two runs, and between two names
                row.pop(name, None)
        assert told[0] == told[1]
    assert main(["code", str(file), "--set", "width=8"]) == 0
    assert capsys.readouterr().out == source(spec.with_(width=8), "my-net, width=8")
    file.write_text('{"block": "bottleneck"}')  # what is not named is the default's, as everywhere
    assert main(["count", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["params"] == count(ArchSpec(block="bottleneck")).params


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"width": 0}', "width is a whole number from 1 to 1024; got 0."),
        (b'{"width": NaN}', "width is a whole number"),
        (b'{"stages": [3, "x"]}', "stages: list the blocks"),
        (b'{"block": "bottleneck", "width_per_group": 3}', "leave a group less than one channel"),
        (b'{"colour": "red"}', "There is no field colour"),
        (b'{"width": 16,}', "This is not JSON: trailing comma"),
        (b"[1]", "A specification is an object of fields and values"),
        (b"", "This is empty"),
        (b"\xff\xfe", "This file is no text in UTF-8"),
        (None, "cannot be read: No such file or directory."),
        ("folder", "cannot be read: Is a directory."),
    ],
)
@pytest.mark.parametrize("command", ["count", "reconcile", "code", "gradients", "train"])
def test_a_bad_specification_file_is_one_line_and_exit_code_2(
    tmp_path: Path, command: str, content: bytes | str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "net.json"
    if content == "folder":
        file.mkdir()
    elif isinstance(content, bytes):
        file.write_bytes(content)
    assert main([command, str(file)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert told in said.err


def test_gradients_run_from_the_first_block_to_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run("gradients", *SMALL, "--seed", "1", "--json").stdout)
    assert (told["network"], told["seed"]) == ("cifar20, stages=1,1,1, width=4", 1)
    assert told["names"] == ["layer1.0", "layer2.0", "layer3.0"]
    assert all(norm > 0 for norm in told["norms"])
    assert main(["gradients", *SMALL]) == 0
    text = capsys.readouterr().out
    assert "layer3.0" in text
    assert "batch_size = 128" in text
    assert "measured: seed 0, cpu" in text


def test_train_prints_one_object_a_step_the_same_as_in_this_process() -> None:
    told = run("train", *SMALL, *PLAIN, "--epochs", "2", "--seed", "3", "--json").stdout
    first = [json.loads(line) for line in told.splitlines()]
    assert [row["step"] for row in first] == list(range(1, 23))
    assert [row["step"] for row in first if row["test_accuracy"] is not None] == [11, 22]
    assert 0 <= first[-1]["test_accuracy"] <= 1
    threads = torch.get_num_threads()
    how = TrainSpec(epochs=2, seed=3, precision="float32", memory_format="contiguous")
    torch.set_num_threads(1)
    here = list(train(preset("cifar20").with_(stages=(1, 1, 1), width=4), how))
    torch.set_num_threads(threads)
    assert [row["loss"] for row in first] == [record.loss for record in here]


def test_train_takes_every_field_of_the_specification(capsys: pytest.CaptureFixture[str]) -> None:
    help_ = run("train", "--help").stdout
    assert all(f"--{name.replace('_', '-')}" in help_ for name in TRAIN_FIELDS)
    code = main(
        ["train", *SMALL, *PLAIN, "--epochs", "1", "--batch-size", "512", "--learning-rate", "0.01", "--data", "digits"]
    )
    text = capsys.readouterr().out
    assert code == 0
    assert "2 steps of 512 images on cpu" in text
    assert "float32, contiguous" in text
    assert "test accuracy" in text


def test_a_recipe_is_the_start_and_options_change_it(capsys: pytest.CaptureFixture[str]) -> None:
    changes = ["--steps", "3", "--warmup-steps", "0", "--label-smoothing", "0.1", "--json", *PLAIN]
    assert main(["train", *SMALL, "--recipe", "adamw", *changes]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["learning_rate"] for row in told] == [0.002, pytest.approx(0.0015), pytest.approx(0.0005)]
    assert set(told[0]) >= {"loss", "gradient_norms", "activation_means", "activation_stds", "update_ratios"}
    assert main(["train", *SMALL, "--nesterov", "true", "--compiled", "false", "--steps", "1", "--json", *PLAIN]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["count", "resnet5"], "resnet50"),
        (["count", "resnet\n50"], "no preset"),
        (["count", "cifar56", "--set", "stages=21"], "20, 56, 110"),
        (["count", "cifar56", "--set", "colour=red"], "no field colour"),
        (["count", "cifar56", "--set", "skip"], "field=value"),
        (["count", "cifar56", "--set"], "expected one argument"),
        (["count", "cifar56", "--set", "width=nan"], "width"),
        (["count"], "preset"),
        (["paint"], "invalid choice"),
        ([], "command"),
        (["count", "cifar56", "--seed", "1"], "unrecognized"),
        (["count", "cifar56", "--fits", "much"], "--fits takes gigabytes, such as 8"),
        (["count", "cifar56", "--fits", "nan"], "--fits takes gigabytes, such as 8"),
        (["count", "cifar56", "--fits", "-1"], "--fits takes gigabytes, such as 8"),
        (["train", "cifar20", "--epochs", "2", "--seconds", "5"], "--epochs, --seconds each say how long to train"),
        (["train", "cifar20", "--steps", "9", "--seconds", "5"], "--steps, --seconds each say how long"),
        (["runs", "--run-dir", "nowhere"], "There is no folder nowhere."),
        (["train", "cifar20", "--epochs", "0"], "from 1 to 200; got 0"),
        (["train", "cifar20", "--seed", "-1"], "seed"),
        (["train", "cifar20", "--learning-rate", "inf"], "learning_rate"),
        (["train", "cifar20", "--learning-rate", "1e9"], "learning_rate is a number from 1e-05 to 10.0; got 1e9."),
        (["train", "cifar20", "--batch-size", "2048"], "A batch of 2048 images is more than the 1437 training images"),
        (["count", "cifar56", "--set", "block=bottleneck", "--set", "width_per_group=3"], "less than one channel"),
        (["train", "cifar20", "--device", "abacus"], "device"),
        (["train", "cifar20", "--data", "cats"], "digits"),
        (["train", "cifar20", "--threads", "0"], "threads"),
        (["train", "cifar20", "--recipe", "quik"], "near to it: quick"),
        (["train", "cifar20", "--nesterov", "perhaps"], "nesterov is true or false; got perhaps"),
        (
            ["train", "cifar20", "--nesterov", "true", "--optimizer", "adamw"],
            "nesterov needs SGD and a momentum above 0; got optimizer adamw, momentum 0.9.",
        ),
        (["train", "cifar20", "--archive", "../x"], "archive"),
        (["train", "cifar20", "--warmup-steps", "500"], "leaves nothing"),
        (["code", "resnet5"], "resnet50"),
        (["code", "cifar56", "--set", "image_size=3x"], "or height x width such as 320x240; got 3x."),
        (["code", "cifar56", "--json"], "unrecognized"),
        (["code", "cifar56", "--output", "/no/such/folder/net.py"], "cannot be written: No such file"),
        (["reconcile", "cifar56", "--set", "skip=maybe"], "skip is true or false"),
        (["reconcile", "cifar20", "--set", "stages=400,400,400", "--set", "width=1024"], "parameters"),
        (["gradients", "cifar20", "--set", "stages=400,400,400", "--set", "width=1024"], "GB"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as stopped:  # argparse's way
        code = stopped.code
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert told in said.err


def test_a_shell_sees_exit_code_2_and_the_line() -> None:
    ended = run("count", "cifar56", "--set", "stages=21")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("resnet_core: A CIFAR network")


def test_ctrl_c_ends_quietly() -> None:
    training = subprocess.Popen(
        [*COMMAND, "train", *SMALL, *PLAIN, "--epochs", "200", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert training.stdout is not None
    training.stdout.readline()
    training.send_signal(signal.SIGINT)
    _, err = training.communicate(timeout=20)
    assert (training.returncode, err) == (130, "")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    training = subprocess.Popen(
        [*COMMAND, "train", *SMALL, *PLAIN, "--epochs", "200", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert training.stdout is not None
    assert training.stderr is not None
    training.stdout.readline()
    training.stdout.close()
    started = time.monotonic()
    assert training.wait(20) == 0
    assert time.monotonic() - started < 10
    assert training.stderr.read() == ""
    training.stderr.close()
