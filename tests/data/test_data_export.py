"""A data set as folders of pictures by class, and back."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rabisco.data import load
from rabisco.data.dataset import Dataset, Split
from rabisco.data.export import export_folders
from rabisco.errors import InvalidConfigurationError
from rabisco.intake import inspect
from rabisco.intake import load as load_own


def photographs() -> Dataset:
    """Return small colored images of two classes, 64×64."""
    images = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    labels = np.arange(40, dtype=np.int64) % 2
    images[labels == 1, ..., 0] //= 4
    parts = [Split(images[a:b], labels[a:b]) for a, b in ((0, 24), (24, 32), (32, 40))]
    return Dataset("things", ("cat", "dog"), *parts, "", 0)


def test_every_image_lies_in_the_folder_of_its_split_and_class(tmp_path: Path) -> None:
    dataset = load("digits")
    written = export_folders(dataset, tmp_path / "digits")
    assert written == len(dataset.train) + len(dataset.validation) + len(dataset.test)
    for name in ("train", "validation", "test"):
        split = getattr(dataset, name)
        found = {path.stem: path for path in (tmp_path / "digits" / name).rglob("*.png")}
        assert len(found) == len(split)
        for number in (0, len(split) - 1):
            path = found[f"{number:0{len(str(len(split)))}}"]
            assert path.parent.name == dataset.class_names[split.labels[number]]
            np.testing.assert_array_equal(np.asarray(Image.open(path)), split.images[number][..., 0])


def test_exported_photographs_come_back_as_they_were(tmp_path: Path) -> None:
    dataset = photographs()
    export_folders(dataset, tmp_path / "things")
    inspection = inspect(tmp_path / "things")
    assert inspection.dialect.normalizer == "photo64@2"
    again = load_own(tmp_path / "things", inspection.dialect)
    assert again.class_names == ("cat", "dog")
    assert again.image_shape == (64, 64, 3)
    assert len(again.test) == 8
    assert {image.tobytes() for image in again.test.images} == {image.tobytes() for image in dataset.test.images}


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(InvalidConfigurationError, match="empty folder"):
        export_folders(load("digits"), tmp_path)
