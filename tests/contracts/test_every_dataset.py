"""What holds for every data set of the catalog: its form when it is there, its message when it is not."""

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rabisco import data
from rabisco.data import Dataset, Split
from rabisco.errors import DataUnavailableError, MissingExtraError
from rabisco.settings import get_settings

pytestmark = pytest.mark.slow

LOCAL = [name for name in data.dataset_names() if data.is_local(name)]
WITH_FILES = [name for name in data.dataset_names() if data.get_entry(name).files]


@pytest.fixture(scope="module", params=LOCAL)
def dataset(request: pytest.FixtureRequest) -> Dataset:
    try:
        return data.load(request.param)
    except MissingExtraError as error:
        pytest.skip(str(error))


def splits(dataset: Dataset) -> list[Split]:
    return [dataset.train, dataset.validation, dataset.test]


def test_images_and_labels_have_the_one_form_of_every_data_set(dataset: Dataset) -> None:
    for split in splits(dataset):
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert split.images.shape == (len(split), *data.get_entry(dataset.name).image_shape)
        assert split.images.flags.c_contiguous
        assert split.images.flags.writeable
        if len(split):
            assert split.labels.min() >= 0
            assert split.labels.max() < dataset.num_classes


def test_it_has_as_many_examples_as_its_entry_says(dataset: Dataset) -> None:
    entry = data.get_entry(dataset.name)
    assert len(dataset.train) + len(dataset.validation) == entry.train_examples
    assert len(dataset.test) == entry.test_examples


def test_validation_is_a_tenth_and_has_every_class_of_train(dataset: Dataset) -> None:
    assert len(dataset.validation) == round(0.1 * data.get_entry(dataset.name).train_examples)
    assert set(dataset.validation.labels.tolist()) == set(dataset.train.labels.tolist())


def test_loading_it_again_gives_the_same(dataset: Dataset) -> None:
    repeated = data.load(dataset.name)
    np.testing.assert_array_equal(repeated.validation.labels, dataset.validation.labels)
    assert repeated.fingerprint == dataset.fingerprint
    assert len(dataset.fingerprint) == 64


def test_handwriting_is_bright_on_a_dark_background(dataset: Dataset) -> None:
    if dataset.name in ("cifar-10", "fashion-mnist"):
        pytest.skip("no handwriting")
    split = dataset.train if len(dataset.train) else dataset.test
    images = split.images[..., 0].astype(np.float64)
    border = np.concatenate([images[:, [0, -1]].ravel(), images[:, :, [0, -1]].ravel()])
    assert images.max(axis=(1, 2)).mean() > border.mean() + 60
    assert border.mean() < 80


def test_no_image_is_blank(dataset: Dataset) -> None:
    for split in splits(dataset):
        assert (np.ptp(split.images, axis=(1, 2, 3)) > 0).all()


@pytest.fixture
def nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No file anywhere, and a network that leads to a port on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}"
    monkeypatch.setenv("HTTPS_PROXY", closed)
    monkeypatch.setenv("https_proxy", closed)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("RABISCO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RABISCO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("rabisco.data.download.RETRIES", 0)  # a retry waits a second
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("nothing_there")
@pytest.mark.parametrize("name", WITH_FILES)
def test_offline_and_absent_the_error_says_which_file_to_put_where(name: str, tmp_path: Path) -> None:
    assert not data.is_local(name)
    with pytest.raises(DataUnavailableError) as caught:
        data.load(name)
    message = str(caught.value)
    assert "RABISCO_DATA_DIR" in message
    assert str(tmp_path) not in message
    for file in data.get_entry(name).files:
        assert file.places[0] in message
        assert all(url.split("/")[2] in message for url in file.urls)
    assert caught.value.__cause__ is None
