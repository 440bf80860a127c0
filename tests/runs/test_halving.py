"""Successive halving finds the best of a grid in a third of its epochs or less."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rabisco.artifacts import load_artifact
from rabisco.cli import rabisco
from rabisco.recipes import RecipeTask
from rabisco.runs import list_runs
from rabisco.runs.halving import Halving, Trial, best_of, rungs
from rabisco.runs.resolving import check
from rabisco.runs.sweep import read_sweep, request_of
from rabisco.training import train

pytestmark = pytest.mark.training

SIXTEEN = """
recipe = "digits-linear"
solver = "adamw"
search = "asha"
epochs = 9

[grid]
learning_rate = [1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 3e-1]
batch_size = [32, 128]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "search.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_asha_finds_the_best_of_sixteen_in_a_third_of_the_epochs(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, SIXTEEN)
    told = CliRunner().invoke(rabisco, ["sweep", str(path)])
    assert told.exit_code == 0, told.output
    sweep = read_sweep(path)
    full = []
    for number, values in enumerate(sweep.combinations(), 1):
        task = RecipeTask(check(request_of(sweep, number, values)))
        model, dataset = task.prepare()
        result = train(model, dataset, task.configuration)
        full.append(max(row["validation_accuracy"] for row in result.history))
    assert len(full) == 16
    rows = json.loads((tmp_path / "search" / "summary.json").read_text(encoding="utf-8"))
    trained = sum(len(row["history"]) for row in rows)
    assert trained <= 16 * 9 / 3
    assert f"{trained} epochs were trained, of 144" in told.output
    (best,) = [row for row in rows if "test_accuracy" in row]
    assert best["validation_accuracy"] >= max(full) - 0.001
    assert best["validation_accuracy"] == pytest.approx(full[best["number"] - 1], abs=1e-6)
    (run,) = list_runs()
    card = load_artifact(run.artifact, run.artifact_version).card
    assert [row["epoch"] for row in card.history] == list(range(1, 10))
    assert card.history[0]["seconds"] == best["history"][0]["seconds"]  # gone on with, not trained again
    for name in ("summary.png", "parallel.png"):
        assert (tmp_path / "search" / name).read_bytes().startswith(b"\x89PNG")
    again = CliRunner().invoke(rabisco, ["sweep", str(path)])
    assert again.exit_code == 0
    assert len(list_runs()) == 1
    assert json.loads((tmp_path / "search" / "summary.json").read_text(encoding="utf-8")) == rows


def test_an_interrupted_search_ends_as_an_undisturbed_one(home: Path, tmp_path: Path) -> None:
    text = SIXTEEN.replace("[1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 3e-1]", "[1e-3, 1e-2]")
    sweep, ends = read_sweep(written(tmp_path, text)), []
    for place, interrupted in (("a", False), ("b", True)):
        (tmp_path / place).mkdir()
        if interrupted:
            for at, _ in enumerate(Halving(sweep, tmp_path / place).search()):
                if at == 5:
                    break
        halving = Halving(sweep, tmp_path / place)
        list(halving.search())
        ends.append([[row["validation_loss"] for row in trial.history] for trial in halving.trials])
    assert ends[0] == ends[1]
    assert sorted(map(len, ends[0])) == [1, 1, 1, 9]


def test_a_combination_that_cannot_be_trained_goes_no_further(home: Path, tmp_path: Path) -> None:
    text = SIXTEEN.replace("[32, 128]", "[32]").replace(
        "[1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 3e-1]", "[1e-2, 0]"
    )
    told = CliRunner().invoke(rabisco, ["sweep", str(written(tmp_path, text))])
    assert told.exit_code == 1
    assert "learning_rate: should be greater than or equal to" in told.stderr
    assert "Best on validation images: 1" in told.stdout


def test_the_best_third_goes_on_and_rungs_grow_threefold() -> None:
    assert [rungs(epochs) for epochs in (1, 2, 3, 9, 10)] == [[1], [1, 2], [1, 3], [1, 3, 9], [1, 3, 9, 10]]
    trials = [Trial(n, {}, 9, [{"validation_accuracy": n % 4 / 4, "validation_loss": float(n)}]) for n in range(1, 8)]
    trials[2].wrong = "no"
    assert [trial.number for trial in best_of(trials)] == [7, 2]
    assert best_of([trials[2]]) == []
