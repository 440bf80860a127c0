"""``rabisco runs``: what needs no training."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rabisco import runs
from rabisco.cli import rabisco
from rabisco.errors import RunConflictError


def command(*words: str) -> Result:
    return CliRunner().invoke(rabisco, ["runs", *words])


@pytest.fixture
def waiting(home: Path) -> runs.Run:
    return runs.submit(runs.RunRequest.parse({"data": {"catalog": "digits"}, "artifact": "mine"}))


def test_without_runs_the_list_says_how_to_start_one(home: Path) -> None:
    assert "rabisco train digits-linear" in command("list").output


def test_a_run_is_listed_shown_renamed_cancelled_and_deleted(waiting: runs.Run) -> None:
    assert waiting.id in command("list").output
    assert [run["state"] for run in json.loads(command("list", "--json").output)] == ["queued"]
    assert "Another" in command("rename", waiting.id, "Another").output
    assert json.loads(command("show", waiting.id).output)["name"] == "Another"
    assert command("cancel", waiting.id).output == f"{waiting.id} Another: cancelled\n"
    assert "deleted" in command("delete", waiting.id).output
    assert runs.list_runs() == []


def test_what_a_state_forbids_is_said(waiting: runs.Run) -> None:
    assert isinstance(command("stop", waiting.id).exception, RunConflictError)
    assert isinstance(command("resume", waiting.id).exception, RunConflictError)
