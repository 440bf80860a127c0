"""Every command, run as a user runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw
from tests import forking

from rabisco import artifacts, runs
from rabisco.cli import rabisco
from rabisco.errors import RabiscoError
from rabisco.inference import get_predictor

COMMANDS = sorted(rabisco.commands)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(rabisco, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def picture_of_a_one(folder: Path) -> str:
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).line((105, 40, 95, 160), fill=0, width=16)
    path = folder / "one.png"
    image.save(path)
    return str(path)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    text = run(command, "--help")
    assert re.search(rf"Example:\s+rabisco {command}", text)


@pytest.mark.parametrize("command", ["--help", "train --help", "compare --help", "--version"])
def test_help_imports_nothing_heavy(command: str) -> None:
    program = (
        "import sys; sys.argv = ['rabisco', *sys.argv[1:]]\n"
        "from rabisco.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'keras', 'tensorflow', 'flask', 'onnxruntime', 'rich', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_predict_reads_a_picture(tmp_path: Path) -> None:
    assert "one.png: 1 " in run("predict", picture_of_a_one(tmp_path))
    (row,) = json.loads(run("predict", picture_of_a_one(tmp_path), "--model", "mnist-linear", "--json"))
    assert row["category"] == "1"
    assert row["model"] == "mnist-linear"
    assert len(row["top_k"]) == 3


def test_models_lists_the_bundled_ones_and_shows_a_card() -> None:
    names = {card["name"] for card in json.loads(run("models", "--json"))}
    assert {"mnist-cnn", "mnist-linear"} <= names
    assert "mnist-cnn" in run("models")
    assert json.loads(run("models", "mnist-linear"))["architecture"] == "linear"


def test_data_lists_the_catalog_and_describes_one() -> None:
    assert "emnist-balanced" in run("data")
    facts = json.loads(run("data", "digits", "--json"))
    assert facts["train"] + facts["validation"] + facts["test"] == 1797


@pytest.mark.training
def test_train_evaluate_and_compare_go_together(home: Path, tmp_path: Path) -> None:
    few = ("--limit", "150")  # too few to fit a rule of refusal
    said = run("train", "digits-linear", *few)
    assert re.search(r"Test accuracy \d\d\.\d\d% \(95% interval \d\d\.\d\d% to \d\d\.\d\d%\)", said)
    card = json.loads(run("train", "digits-linear", "--name", "other", "--seed", "3", *few, "--json"))
    assert card["name"] == "other"
    judged = json.loads(run("evaluate", "digits-linear", "--json"))
    run("evaluate", "digits-linear", "--plots", str(tmp_path / "plots"))
    drawn = {path.name: path.read_bytes()[:4] for path in (tmp_path / "plots").iterdir()}
    assert drawn == dict.fromkeys(("digits-linear-confusions.png", "digits-linear-reliability.png"), b"\x89PNG")
    assert 0.7 < judged["accuracy"] < 1
    table = tmp_path / "table.json"
    assert "digits-linear" in run("compare", "digits-linear", "other", "--save", str(table))
    assert {row["name"] for row in json.loads(table.read_text())["rows"]} == {"digits-linear", "other"}


@pytest.mark.training
def test_ctrl_c_keeps_the_best_weights_so_far(home: Path) -> None:
    asked = ["digits-cnn", "--model", "linear", "--epochs", "9000", "--limit", "150", "--json"]
    process = forking.begin("training", ["-m", "rabisco", "train", *asked], stdout=subprocess.PIPE, text=True)
    while not [run for run in runs.list_runs() if run.progress]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    card = json.loads(out)
    assert "Stopped by hand" in card["notes"]
    assert [(run.id, run.state) for run in runs.list_runs()] == [(card["run"], "stopped")]


@pytest.mark.training
def test_a_second_ctrl_c_leaves_a_cancelled_run_and_no_model(home: Path) -> None:
    command = [sys.executable, "-m", "rabisco", "train", "digits-cnn", "--epochs", "500"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "RABISCO_HOME": str(home)}
    )
    while not [run for run in runs.list_runs() if run.state == "running"]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cancelled" in errors
    assert [run.state for run in runs.list_runs()] == ["cancelled"]
    assert "digits-cnn" not in artifacts.list_names()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "mnist-quantum"], "a recipe, a file or a folder was expected"),
        (["train", "digits-linear", "--epochs", "0"], "epochs: should be greater than or equal to 1"),
        (["models", "nobody"], "mnist-cnn"),
        (["data", "nothing"], "digits"),
        (["evaluate", "mnist-cnn", "--dataset", "fashion-mnist"], ""),
    ],
)
def test_a_mistake_is_answered_in_one_line_that_says_what_to_do(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(rabisco, arguments)
    assert isinstance(result.exception, RabiscoError)
    assert message in str(result.exception)


def test_one_bad_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    one = Path(picture_of_a_one(tmp_path))
    cut = tmp_path / "cut.png"
    cut.write_bytes(one.read_bytes()[:60])
    result = CliRunner().invoke(rabisco, ["predict", str(one), str(cut), "nowhere.png", str(one), "--json"])
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert [row["file"] for row in rows] == [str(one), str(cut), "nowhere.png", str(one)]
    assert [row.get("category") for row in rows] == ["1", None, None, "1"]
    assert "whole PNG file" in rows[1]["error"]
    assert "no such file" in rows[2]["error"]
    text = CliRunner().invoke(rabisco, ["predict", "--many", str(cut), str(one)])
    assert text.exit_code == 1
    assert text.stdout == f"{one}: 1\n"
    assert text.stderr.startswith(f"{cut}: ")


def test_a_folder_a_pattern_and_standard_input_are_taken(tmp_path: Path) -> None:
    one = picture_of_a_one(tmp_path)
    for meant in (str(tmp_path), f"{tmp_path}/*.png"):
        assert [row["file"] for row in json.loads(run("predict", meant, "--json"))] == [one]
    result = CliRunner().invoke(rabisco, ["predict", "-", "--json"], input=Path(one).read_bytes())
    assert json.loads(result.stdout)[0]["category"] == "1"


def test_an_error_ends_the_program_with_status_1_and_no_trace() -> None:
    command = [sys.executable, "-m", "rabisco", "models", "nobody"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("missing.csv", "a file or a folder was expected at 'missing.csv', nothing is there"),
        ("no/such/folder", "nothing is there; check the name"),
        ("mnist-cn", "did you mean 'mnist-cnn'?"),
        ("brain", "a recipe is one of mnist-cnn"),
    ],
)
def test_train_says_what_a_word_that_it_does_not_know_looks_like(what: str, said: str) -> None:
    result = CliRunner().invoke(rabisco, ["train", what])
    assert said in str(result.exception)


@pytest.mark.parametrize(
    ("alias", "name"), [("cnn", "mnist-cnn"), ("linear", "mnist-linear"), ("cifar10", "cifar10-resnet18")]
)
def test_the_command_knows_the_short_names_of_the_api(alias: str, name: str) -> None:
    assert json.loads(CliRunner().invoke(rabisco, ["models", alias]).stdout)["name"] == name
    assert get_predictor(alias).card.name == name
