"""A grid of trainings: each with its line and plot, resumed where it ended."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rabisco.cli import rabisco
from rabisco.errors import InvalidConfigurationError
from rabisco.runs import list_runs
from rabisco.runs.sweep import read_sweep

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
    for name in ("1.png", "2.png", "summary.png"):
        assert (tmp_path / "digits" / name).read_bytes().startswith(b"\x89PNG")
    again = CliRunner().invoke(rabisco, ["sweep", str(path)])
    assert again.exit_code == 0
    assert len(list_runs()) == 2
    table = (tmp_path / "digits" / "summary.md").read_text(encoding="utf-8")
    assert table.startswith("| epochs | learning_rate | loss | train acc | valid acc |")
    assert len(table.splitlines()) == 4


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
    ],
)
def test_a_file_that_describes_no_sweep_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidConfigurationError, match=message):
        read_sweep(written(tmp_path, text))
