"""Saving, finding and verifying artifacts."""

import hashlib
import json
import shutil
import time
from pathlib import Path

import pytest
from tests.drawing import digit_dataset, save_quickly

from rabisco import artifacts
from rabisco.artifacts import list_artifacts, list_names, load_artifact, loading, paths, save_artifact
from rabisco.errors import (
    InvalidArtifactError,
    InvalidConfigurationError,
    ModelNotFoundError,
    NoModelError,
    StorageError,
)
from rabisco.inference import get_predictor
from rabisco.models import create_model
from rabisco.settings import get_settings

pytestmark = pytest.mark.training


def save() -> Path:
    """Save a linear model called ``mine`` and return its folder."""
    return save_quickly(create_model("linear", (28, 28, 1), 10), "mine", digit_dataset(100)).folder


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with that model; no test changes it."""
    folder = tmp_path_factory.mktemp("saved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RABISCO_HOME", str(folder))
        get_settings.cache_clear()
        save()
    get_settings.cache_clear()
    return folder


@pytest.fixture
def saved(saved_once: Path, home: Path) -> Path:
    """The folder of that model in the home of this test."""
    shutil.copytree(saved_once, home, dirs_exist_ok=True)
    return load_artifact("mine").folder


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_saved_artifact_holds_weights_onnx_and_a_card_with_their_hashes(home: Path) -> None:
    saved = save()
    assert sorted(path.name for path in saved.iterdir()) == ["card.json", "model.onnx", "pesos.h5"]
    card = json.loads((saved / "card.json").read_text())
    assert set(card["files"]) == {"model.onnx", "pesos.h5"}
    assert load_artifact("mine").card.parameters == 7850


def test_saving_leaves_nothing_else_behind(home: Path) -> None:
    saved = save()
    assert [path.name for path in saved.parent.iterdir()] == ["1"]
    assert visible(saved.parents[1]) == ["current.json", "versions"]
    assert visible(saved.parents[2]) == ["mine"]


def test_saving_again_replaces_the_artifact_and_the_predictor_notices(saved: Path) -> None:
    before = get_predictor("mine")
    assert get_predictor("mine") is before
    save()
    assert get_predictor("mine") is not before
    assert get_predictor("mine").version == 2
    assert visible(saved.parent) == ["1", "2"]


def test_a_failed_save_keeps_the_earlier_artifact(saved: Path) -> None:
    class Broken:
        def __call__(self, images: object) -> None: ...

        def save(self, path: Path, include_optimizer: bool) -> None:  # noqa: ARG002
            path.write_bytes(b"half")
            raise OSError("disk full")

    card = load_artifact("mine").card
    with pytest.raises(StorageError, match="disk full"):
        save_artifact(Broken(), card)
    assert load_artifact("mine").card == card
    assert visible(saved.parent) == ["1"]
    assert not list(saved.parents[2].glob(".saving-*"))


@pytest.mark.parametrize("name", ["pesos.h5", "model.onnx"])
def test_a_changed_or_missing_file_is_refused_by_name(saved: Path, name: str) -> None:
    file = saved / name
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InvalidArtifactError, match=name):
        load_artifact("mine")
    file.unlink()
    with pytest.raises(InvalidArtifactError, match=name):
        load_artifact("mine")
    assert "mine" not in [artifact.name for artifact in list_artifacts()]


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    kept = loading._sha256.cache_info
    for settled, reads in ((3600 * 10**9, 0), (0, 2)):
        monkeypatch.setattr(loading, "SETTLED", settled)
        before = kept().misses
        for content in (b"one", b"two"):
            file.write_bytes(content)
            time.sleep(0.02)  # a file system's clock stands still for so long
            assert {loading.sha256(file) for _ in range(3)} == {hashlib.sha256(content).hexdigest()}
        assert kept().misses - before == reads
    file.unlink()
    assert loading.sha256(file) == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "mine"}', "\ud800"])
def test_a_damaged_card_is_refused_without_naming_its_path(saved: Path, content: str) -> None:
    (saved / "card.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(InvalidArtifactError) as caught:
        load_artifact("mine")
    assert str(saved) not in str(caught.value)


@pytest.mark.parametrize("name", ["linear", "cnn", "cifar10", "Linear", "CNN"])
def test_a_name_that_an_alias_would_hide_is_refused_with_another(name: str) -> None:
    with pytest.raises(InvalidConfigurationError, match=f"my-{name}"):
        artifacts.check_name(name)
    artifacts.check_name(f"my-{name}")


@pytest.mark.parametrize("name", ["Mnist-CNN", "MNIST-cnn", "mnist-çnn"])
def test_a_name_that_only_case_or_accents_tell_from_another_is_refused(name: str) -> None:
    with pytest.raises(InvalidConfigurationError, match="from the model “mnist-cnn”"):
        artifacts.check_name(name)
    artifacts.check_name("mnist-cnn")


def test_an_unknown_name_is_answered_with_the_known_ones(saved: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="mine"):
        load_artifact("yours")


@pytest.mark.parametrize("name", ["../mine", "/etc", "", ".", "mine/.."])
def test_a_name_that_is_a_path_is_unknown(saved: Path, name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        load_artifact(name)


def test_without_any_artifact_the_error_says_how_to_train_one(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "BUNDLED_DIR", tmp_path / "none")
    assert list_names() == []
    with pytest.raises(NoModelError, match="rabisco train"):
        load_artifact("mnist-cnn")
