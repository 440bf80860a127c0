"""Files and folders of this machine to train on, from the command line."""

from pathlib import Path

import numpy as np
import pytest
from tests.intake.tables import glyphs, png, write_table, zipped

from rabisco import intake, runs, uploads
from rabisco.cli.train import source_of
from rabisco.errors import InvalidConfigurationError, UnusableDataError
from rabisco.runs.resolving import check
from rabisco.runs.tasks import load_data

IMAGES, LABELS = glyphs()
PICTURES = {
    f"{label}/{place}.png": png(image) for place, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True))
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures by class in a folder whose name is no model's."""
    own = tmp_path / "my digits.2"
    for name, content in PICTURES.items():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_bytes(content)
    return own


def loaded(values: dict, tmp_path: Path) -> intake.loading.Dataset:
    request = runs.RunRequest.parse(values)
    assert runs.submit(request).state == "queued"
    return load_data(check(request), request=request, folder=tmp_path)[1]


def test_a_folder_of_pictures_is_trained_on_as_it_was_when_it_was_ordered(
    home: Path, folder: Path, tmp_path: Path
) -> None:
    expected = intake.load(folder, intake.inspect(folder).dialect)
    values = source_of(str(folder), None)
    assert values["artifact"] == "my-digits"
    for picture in folder.rglob("*.png"):
        picture.unlink()
    dataset = loaded(values, tmp_path)
    assert dataset.class_names == expected.class_names
    np.testing.assert_array_equal(dataset.train.images, expected.train.images)
    assert uploads.get(values["data"]["upload"].rpartition("/")[2]).state == "ready"


def test_an_archive_and_a_table_with_its_test_are_trained_on(home: Path, tmp_path: Path) -> None:
    (tmp_path / "own.zip").write_bytes(zipped(PICTURES))
    assert len(loaded(source_of(str(tmp_path / "own.zip"), None), tmp_path).train) > 0
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_bytes(write_table(IMAGES, LABELS.tolist()))
    dataset = loaded(source_of(str(tmp_path / "train.csv"), tmp_path / "test.csv"), tmp_path)
    assert len(dataset.test) == len(IMAGES)


def test_what_cannot_be_trained_on_is_refused_and_not_kept(home: Path, folder: Path) -> None:
    (folder / "0" / "link.png").symlink_to("/etc/hostname")
    with pytest.raises(UnusableDataError, match=r"received the link 0/link\.png"):
        source_of(str(folder), None)
    assert not (home / "uploads").exists()


def test_a_recipe_is_a_recipe_and_has_its_own_test(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert source_of("digits-linear", None) == {"data": {"recipe": "digits-linear"}, "artifact": "digits-linear"}
    with pytest.raises(InvalidConfigurationError, match="leave --test out"):
        source_of("digits-linear", Path("test.csv"))
    with pytest.raises(InvalidConfigurationError, match="a file or a folder was expected at"):
        runs.submit(runs.RunRequest.parse(source_of("nowhere.csv", None)))
