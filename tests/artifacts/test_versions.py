"""Versions of a model: which one answers, going back, deleting, the default; all of it in one step each."""

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.images.pictures import draw
from tests.versions import add_version

from rabisco import artifacts
from rabisco.artifacts import BUNDLED_DIR, list_names, load_artifact, save_artifact, versions
from rabisco.errors import (
    InvalidConfigurationError,
    ModelNotFoundError,
    StorageError,
    VersionConflictError,
    VersionNotFoundError,
)
from rabisco.inference import get_predictor
from rabisco.settings import get_settings


def numbers(name: str) -> list[int]:
    return [version.number for version in versions(name)]


def test_each_save_is_a_new_version_and_the_earlier_ones_stay_as_they_were(home: Path) -> None:
    first = add_version("mine", "first")
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    second = add_version("mine", "second")
    assert (first.version, second.version) == (1, 2)
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
    assert load_artifact("mine").card.notes == "second"
    assert load_artifact("mine", 1).card.notes == "first"
    assert [(version.number, version.current, version.previous) for version in versions("mine")] == [
        (2, True, False),
        (1, False, True),
    ]


def test_a_version_can_be_saved_without_being_used(home: Path) -> None:
    add_version("mine", "first")
    assert add_version("mine", "second", use=False).version == 2
    assert load_artifact("mine").version == 1
    assert add_version("alone", use=False).version == 1
    assert load_artifact("alone").version == 1  # there is no other


def test_going_back_gives_byte_identical_predictions(home: Path) -> None:
    picture = draw()
    add_version("mine", like="mnist-cnn")
    first = get_predictor("mine").predict(picture)
    logits = get_predictor("mine").logits(first.prepared.pixels[np.newaxis]).tobytes()
    add_version("mine", like="mnist-linear")
    other = get_predictor("mine").logits(first.prepared.pixels[np.newaxis]).tobytes()
    assert artifacts.rollback("mine") == 1
    assert get_predictor("mine").version == 1
    assert get_predictor("mine").logits(first.prepared.pixels[np.newaxis]).tobytes() == logits != other


def test_going_back_twice_goes_back_two_versions_and_then_says_that_there_is_none(home: Path) -> None:
    for _ in range(3):
        add_version("mine")
    assert [artifacts.rollback("mine"), artifacts.rollback("mine")] == [2, 1]
    with pytest.raises(VersionConflictError, match="before version 1"):
        artifacts.rollback("mine")
    assert load_artifact("mine").version == 1


def test_the_bundled_model_is_version_0_and_can_be_gone_back_to(home: Path) -> None:
    assert numbers("mnist-linear") == [0]
    assert add_version("mnist-linear", "trained here").version == 1
    assert numbers("mnist-linear") == [1, 0]
    assert artifacts.rollback("mnist-linear") == 0
    assert load_artifact("mnist-linear").folder == BUNDLED_DIR / "mnist-linear"
    artifacts.use_version("mnist-linear", 1)
    assert load_artifact("mnist-linear").card.notes == "trained here"


def test_the_flat_folder_of_an_earlier_release_is_version_1(home: Path) -> None:
    for name in ("mnist-cnn", "my old model"):
        shutil.copytree(BUNDLED_DIR / "mnist-linear", get_settings().artifacts_dir / name)
    assert numbers("mnist-cnn") == [1, 0]
    assert load_artifact("mnist-cnn").version == 1
    assert load_artifact("my old model").version == 1
    assert artifacts.rollback("mnist-cnn") == 0
    assert add_version("mnist-cnn").version == 2
    artifacts.use_version("mnist-cnn", 1)
    assert load_artifact("mnist-cnn").folder == get_settings().artifacts_dir / "mnist-cnn"
    artifacts.use_version("mnist-cnn", 2)
    artifacts.delete("mnist-cnn", 1)
    assert numbers("mnist-cnn") == [2, 0]


def test_a_deleted_versions_number_is_not_given_again(home: Path) -> None:
    add_version("mine")
    add_version("mine", use=False)
    artifacts.delete("mine", 2)
    assert add_version("mine").version == 3
    assert numbers("mine") == [3, 1]


def test_what_must_not_be_deleted_is_not(home: Path) -> None:
    add_version("mine")
    add_version("mnist-linear")
    with pytest.raises(VersionConflictError, match="use another first"):
        artifacts.delete("mine", 1)
    with pytest.raises(VersionConflictError, match="comes with the package"):
        artifacts.delete("mnist-linear", 0)
    with pytest.raises(VersionNotFoundError, match="Received: 7"):
        artifacts.delete("mine", 7)
    with pytest.raises(ModelNotFoundError):
        artifacts.delete("nobody", 1)
    with pytest.raises(VersionConflictError, match="comes with the package"):
        artifacts.delete_model("mnist-cnn")


def test_a_model_is_deleted_whole_and_a_bundled_one_answers_again(home: Path) -> None:
    add_version("mine")
    add_version("mnist-linear", "trained here")
    artifacts.promote("mine")
    with pytest.raises(VersionConflictError, match="promote another first"):
        artifacts.delete_model("mine")
    artifacts.rollback_default()
    artifacts.delete_model("mine")
    artifacts.delete_model("mnist-linear")
    assert list_names() == sorted(folder.name for folder in BUNDLED_DIR.iterdir() if (folder / "card.json").exists())
    assert get_predictor("mnist-linear").version == 0
    assert [path.name for path in get_settings().artifacts_dir.iterdir() if path.is_dir()] == []


def test_only_as_many_versions_are_kept_as_the_settings_say(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABISCO_KEEP_VERSIONS", "3")
    get_settings.cache_clear()
    for _ in range(5):
        add_version("mine")
    assert numbers("mine") == [5, 4, 3]
    artifacts.use_version("mine", 3)
    for _ in range(3):
        add_version("mine", use=False)
    assert numbers("mine") == [8, 7, 6, 5, 3]  # 3 answers; 5 did before it


def test_promoting_is_noticed_remembered_and_undone(home: Path) -> None:
    add_version("mine")
    add_version("mine")
    assert artifacts.promoted() is None
    artifacts.promote("mnist-linear")
    artifacts.promote("mine", 1)
    assert (artifacts.promoted(), load_artifact("mine").version) == ("mine", 1)
    assert artifacts.previous_default() == "mnist-linear"
    assert artifacts.rollback_default() == "mnist-linear"
    assert artifacts.previous_default() == ""
    assert artifacts.rollback_default() is None
    assert artifacts.promoted() is None
    with pytest.raises(VersionConflictError, match="answered by default before"):
        artifacts.rollback_default()


def test_what_is_not_there_cannot_be_promoted_and_changes_nothing(home: Path) -> None:
    add_version("mine")
    artifacts.promote("mine")
    for call in (lambda: artifacts.promote("nobody"), lambda: artifacts.promote("../mine")):
        with pytest.raises(ModelNotFoundError):
            call()
    with pytest.raises(VersionNotFoundError):
        artifacts.promote("mnist-linear", 4)
    assert artifacts.promoted() == "mine"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": "x"}', '{"version": 99}'])
def test_a_damaged_pointer_leaves_the_model_readable(home: Path, content: str) -> None:
    add_version("mine")
    (get_settings().artifacts_dir / "mine" / "current.json").write_text(content)
    (get_settings().artifacts_dir / ".default.json").write_text(content)
    assert load_artifact("mine").version == 1
    assert artifacts.promoted() is None


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../mine", "-x", "x" * 61, "a b", "a\0b"])
def test_a_name_that_cannot_be_a_folder_and_an_address_is_refused_first(home: Path, name: str) -> None:
    card = load_artifact("mnist-linear").card.model_copy(update={"name": name})
    with pytest.raises(InvalidConfigurationError, match="a model's name must be"):
        save_artifact(object(), card)
    assert not get_settings().artifacts_dir.exists()


def test_a_folder_that_cannot_be_written_is_said_without_its_path(home: Path) -> None:
    (home / "artifacts").write_text("a file where a folder is expected")
    with pytest.raises(StorageError) as caught:
        artifacts.promote("mnist-linear")
    assert str(home) not in str(caught.value)


def test_two_savers_at_once_get_two_versions(home: Path) -> None:
    add_version("mine")
    folders = []
    for index in range(8):
        folder = get_settings().artifacts_dir / f".copy-{index}"
        shutil.copytree(BUNDLED_DIR / "mnist-linear", folder)
        folders.append(folder)
    card = load_artifact("mine").card
    threads = [threading.Thread(target=artifacts.install, args=(folder, card)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers("mine")) == list(range(1, 10))
    pointer = json.loads((get_settings().artifacts_dir / "mine" / "current.json").read_text())
    assert (pointer["version"], len(pointer["before"])) == (9, 8)
