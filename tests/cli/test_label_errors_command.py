"""``rabisco data errors`` lists wrong labels, and ``rabisco train --leave-out`` trains without them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.drawing import digit_dataset
from tests.web.training import digits_csv

from rabisco.artifacts import load_artifact
from rabisco.cli import rabisco
from rabisco.cli.data import keys_in
from rabisco.errors import InvalidConfigurationError
from rabisco.runs.label_errors import key_of

CHANGED = 6


def run(*arguments: str) -> str:
    done = CliRunner().invoke(rabisco, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """200 digits as a table, the labels of the first few changed."""
    split = digit_dataset().train
    labels = split.labels[:200].copy()
    labels[:CHANGED] = (labels[:CHANGED] + 5) % 10
    path = tmp_path / "mine.csv"
    np.savetxt(path, np.column_stack([labels, split.images[:200].reshape(200, -1)]), "%d", ",")
    return path


@pytest.mark.slow
def test_wrong_labels_are_listed_written_and_left_out_of_a_training(tmp_path: Path, own: Path) -> None:
    table, pictures = tmp_path / "errors.csv", tmp_path / "suspected"
    found = json.loads(run("data", "errors", str(own), "--json", "--csv", str(table), "--pictures", str(pictures)))
    wrong = {key_of(image) for image in digit_dataset().train.images[:CHANGED]}
    keys = [one["key"] for one in found["suspected"]]
    assert len(wrong & set(keys)) >= 3  # a few may be in the test split
    assert found["found"] == len(keys) == len(list(pictures.glob("*.png")))
    assert (
        [row["key"] for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines())]
        == keys
        == keys_in(table)
    )
    asked = ("--seconds", "--model", "linear", "--epochs", "2", "--leave-out", str(table), "--name", "clean")
    trained = json.loads(run("train", str(own), *asked, "--json"))
    seen = {key_of(image) for image in load_artifact("clean").training_images.images}
    assert trained["dataset"]["train_examples"] == len(seen)
    assert not seen & set(keys)


def test_a_model_judges_the_images_that_it_has_not_seen(tmp_path: Path) -> None:
    labels = np.loadtxt(digits_csv(0, 300, wide=True).decode().splitlines(), delimiter=",", skiprows=1, dtype=int)
    true = labels[7, 0]
    labels[7, 0] = (true + 3) % 10
    own = tmp_path / "mine.csv"
    np.savetxt(own, labels, "%d", ",")
    text = run("data", "errors", str(own), "--model", "mnist-cnn", "--limit", "1")
    assert text.startswith("300 images examined")
    found = json.loads(run("data", "errors", str(own), "--model", "mnist-cnn", "--json"))["suspected"]
    key = key_of(labels[7, 1:].astype(np.uint8).reshape(28, 28, 1))
    one = next(row for row in found if row["key"] == key)
    assert (one["label"], one["suggested"]) == (str((true + 3) % 10), str(true))
    assert -1 <= one["margin"] < 0


@pytest.mark.parametrize("content", [b"", b"name\n3\n", b"key\n", b"\xff\xfe\x00"])
def test_a_file_that_names_no_images_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "errors.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidConfigurationError, match="column “key”"):
        keys_in(path)


def test_an_unknown_data_set_is_refused() -> None:
    done = CliRunner().invoke(rabisco, ["data", "errors", "nothing"])
    assert done.exit_code != 0
    assert "nothing" in str(done.exception or done.output)
