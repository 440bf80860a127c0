"""``rabisco models``: versions chosen, promoted, gone back from and deleted in a terminal."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.versions import add_version

from rabisco import artifacts
from rabisco.cli import rabisco
from rabisco.errors import VersionConflictError
from rabisco.settings import get_settings
from rabisco.web import create_app


def invoke(*arguments: str, **options: str) -> Result:
    return CliRunner().invoke(rabisco, ["models", *arguments], catch_exceptions=False, **options)


def run(*arguments: str) -> str:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_versions_are_listed_with_the_one_that_answers() -> None:
    add_version("mine", "the first")
    add_version("mine", "the second")
    assert [(one["version"], one["current"]) for one in json.loads(run("versions", "mine", "--json"))] == [
        (2, True),
        (1, False),
    ]
    assert "the second" in run("versions", "mine")


def test_a_version_is_used_and_gone_back_from() -> None:
    add_version("mine")
    add_version("mine")
    assert "rabisco models rollback mine" in run("use", "mine", "1")
    assert artifacts.load_artifact("mine").version == 1
    assert "Version 2 of mine" in run("rollback", "mine")


def test_a_model_is_promoted_and_the_prediction_command_follows() -> None:
    run("promote", "mnist-linear")
    assert artifacts.promoted() == "mnist-linear"
    assert "mnist-cnn answers by default again" in run("rollback")


@pytest.mark.parametrize("chosen", ["mnist-cnn", "mnist-linear"])
def test_going_back_from_the_first_promotion_leads_to_the_settings_choice(
    home: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setenv("RABISCO_DEFAULT_MODEL", chosen)
    get_settings.cache_clear()
    run("promote", "mnist-tiny")
    assert f"{chosen} answers by default again" in run("rollback")
    assert artifacts.promoted() is None
    assert json.loads(create_app().test_client().get("/health").data)["default_model"] == chosen
    with pytest.raises(VersionConflictError):
        invoke("rollback")


def test_nothing_is_deleted_without_a_yes() -> None:
    add_version("mine")
    add_version("mine")
    assert invoke("delete", "mine", "1", input="n\n").exit_code == 1
    assert len(artifacts.versions("mine")) == 2
    run("delete", "mine", "1", "--yes")
    assert len(artifacts.versions("mine")) == 1
    run("delete", "mine", "--yes")
    assert "mine" not in artifacts.list_names()


def test_a_model_may_have_any_name_but_a_commands() -> None:
    add_version("list")
    assert json.loads(run("list"))["name"] == "list"


def test_one_damaged_model_is_named_and_the_others_are_listed(home: Path) -> None:
    folder = home / "artifacts" / "broken" / "versions" / "1"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text("{", encoding="utf-8")
    result = invoke()
    assert result.exit_code == 1
    assert "mnist-cnn" in result.stdout
    assert "the card of model “broken” cannot be read" in result.stderr
    answer = create_app(get_settings()).test_client().get("/models").json
    assert "mnist-cnn" in [model["name"] for model in answer["models"]]
    assert list(answer["damaged"]) == ["broken"]


def test_the_short_names_of_the_api_are_known() -> None:
    assert '"version": 0' in run("versions", "cnn", "--json")
    assert run("promote", "linear").startswith("mnist-linear answers by default")
