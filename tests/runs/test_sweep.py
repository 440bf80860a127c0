"""A grid of trainings: each with its line and plot, resumed where it ended."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rabisco.cli import rabisco
from rabisco.errors import InvalidConfigurationError
from rabisco.runs import list_runs
from rabisco.runs.sweeps import read_sweep

pytestmark = pytest.mark.training

GRID = """
recipe = "digits-linear"
solver = "adamw"
limit = 100

[grid]
epochs = [1, 2]
learning_rate = [1e-2]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "digits.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_combination_is_trained_told_drawn_and_compared_once(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, GRID)
    told = CliRunner().invoke(rabisco, ["sweep", str(path)])
    assert told.exit_code == 0, told.output
    assert told.output.count("train acc") == 2 + told.output.count("| train acc |")
    assert told.output.count("examples/sec on [") == 2
    rows = json.loads((tmp_path / "digits" / "summary.json").read_text(encoding="utf-8"))
    assert [(row["epochs"], len(row["history"])) for row in rows] == [(1, 1), (2, 2)]
    for name in ("1.png", "2.png", "summary.png", "parallel.png"):
        assert (tmp_path / "digits" / name).read_bytes().startswith(b"\x89PNG")
    again = CliRunner().invoke(rabisco, ["sweep", str(path)])
    assert again.exit_code == 0
    assert len(list_runs()) == 2
    table = (tmp_path / "digits" / "summary.md").read_text(encoding="utf-8")
    assert table.startswith("| epochs | learning_rate | loss | train acc | valid acc |")
    assert table.count("\n| ") == 2
    assert "Best on validation images: " in table
    assert sum("test_accuracy" in row for row in rows) == 1


def test_combinations_are_drawn_from_lists_and_ranges_each_once(tmp_path: Path) -> None:
    text = """recipe = "digits-linear"
    search = "random"
    draws = {draws}
    [grid]
    learning_rate = {{low = 1e-4, high = 1e-1, log = true}}
    epochs = {{low = 2, high = 5}}
    batch_size = [32, 64]"""
    drawn = read_sweep(written(tmp_path, text.format(draws=40))).combinations()
    assert len({json.dumps(one) for one in drawn}) == 40
    assert {one["epochs"] for one in drawn} == {2, 3, 4, 5}
    assert {one["batch_size"] for one in drawn} == {32, 64}
    rates = [one["learning_rate"] for one in drawn]
    assert 1e-4 <= min(rates) < 1e-3
    assert 1e-2 < max(rates) <= 1e-1
    assert read_sweep(written(tmp_path, text.format(draws=10))).combinations() == drawn[:10]
    few = text.format(draws=40).replace("{low = 1e-4, high = 1e-1, log = true}", "[1e-3]")
    assert len(read_sweep(written(tmp_path, few)).combinations()) == 8


def test_a_combination_that_cannot_be_trained_ends_none_of_the_others(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, GRID.replace("epochs = [1, 2]", "epochs = [0, 1]"))
    told = CliRunner().invoke(rabisco, ["sweep", str(path)])
    assert told.exit_code == 1
    assert "epochs: should be greater than or equal to 1. Received: 0" in told.stderr
    assert told.stdout.count("train acc") == 1 + told.stdout.count("| train acc |")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recipe = ", "TOML"),
        ("[grid]\nepochs = [1]", "recipe"),
        ('recipe = "digits-linear"', "grid"),
        ('recipe = "digits-linear"\n[grid]\nepochs = 3', "grid"),
        (f'recipe = "digits-linear"\n[grid]\nseed = {list(range(300))}', "at most"),
        ('recipe = "digits-linear"\nsearch = "luck"\n[grid]\nseed = [1]', "one of grid, random, asha"),
        ('recipe = "digits-linear"\nsearch = "random"\n[grid]\nseed = [1]', "draws = how many"),
        ('recipe = "digits-linear"\n[grid]\nlearning_rate = {low = 1e-4, high = 1e-1}', "draws = how many"),
        ('recipe = "digits-linear"\nsearch = "asha"\ndraws = 3\n[grid]\nseed = {low = 3, high = 3}', "ranges"),
    ],
)
def test_a_file_that_describes_no_sweep_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidConfigurationError, match=message):
        read_sweep(written(tmp_path, text))
