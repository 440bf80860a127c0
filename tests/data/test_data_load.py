"""``load``: from a name to three splits."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rabisco import data
from rabisco.data.entry import DataFile
from rabisco.errors import InvalidConfigurationError, InvalidDataError, UnknownDatasetError
from rabisco.settings import get_settings

Writer = Callable[[NDArray[np.uint8]], bytes]
FILES = data.get_entry("fashion-mnist").files


def write(folder: Path, files: tuple[DataFile, ...], arrays: list[NDArray[np.uint8]], idx: Writer) -> None:
    folder.mkdir(exist_ok=True)
    for file, array in zip(files, arrays, strict=True):
        (folder / file.name).write_bytes(gzip.compress(idx(array)))


def small_set(count: int = 100) -> list[NDArray[np.uint8]]:
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(count)
    labels = (np.arange(count) % 10).astype(np.uint8)
    return [images, labels, images, labels]


@pytest.fixture
def fashion(data_dir: Path, idx: Writer) -> Path:
    write(data_dir / "fashion-mnist", FILES, small_set(), idx)
    return data_dir / "fashion-mnist"


def test_validation_is_cut_from_train_and_the_test_part_is_untouched(fashion: Path) -> None:
    dataset = data.load("fashion-mnist", validation_fraction=0.2, seed=3)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (80, 20, 100)
    assert np.bincount(dataset.validation.labels).tolist() == [2] * 10
    rows = [*dataset.train.images[:, 0, 0, 0], *dataset.validation.images[:, 0, 0, 0]]
    assert sorted(rows) == list(range(100))
    assert dataset.test.images[:, 0, 0, 0].tolist() == list(range(100))
    for split in (dataset.train, dataset.validation, dataset.test):
        assert (split.images[:, 0, 0, 0] % 10 == split.labels).all(), "images and labels stay together"
    assert (dataset.name, dataset.split_seed, dataset.class_names[9]) == ("fashion-mnist", 3, "Ankle boot")


def test_a_limit_leaves_a_share_of_each_class_in_train_and_test(fashion: Path) -> None:
    dataset = data.load("fashion-mnist", limit=40)
    assert (len(dataset.train) + len(dataset.validation), len(dataset.test)) == (40, 40)
    assert np.bincount(dataset.test.labels).tolist() == [4] * 10
    assert len(data.load("fashion-mnist", limit=1000).test) == 100


@pytest.mark.parametrize("limit", [-1, 0, 19])
def test_a_limit_too_small_for_its_splits_is_refused(fashion: Path, limit: int) -> None:
    with pytest.raises(InvalidConfigurationError, match=f"fashion-mnist, 20; received {limit}"):
        data.load("fashion-mnist", limit=limit)


@pytest.mark.parametrize("fraction", [-0.1, 0.0, 1.0, 2.0, float("nan")])
def test_a_fraction_out_of_range_is_refused(fashion: Path, fraction: float) -> None:
    with pytest.raises(InvalidConfigurationError, match=f"received {fraction}"):
        data.load("fashion-mnist", validation_fraction=fraction)


def test_the_fingerprint_follows_the_content_and_not_its_compression(fashion: Path, idx: Writer) -> None:
    first = data.load("fashion-mnist", seed=1)
    images = fashion / FILES[0].name
    images.write_bytes(gzip.compress(gzip.decompress(images.read_bytes()), compresslevel=1, mtime=5))
    assert data.load("fashion-mnist", seed=2).fingerprint == first.fingerprint
    changed = small_set()
    changed[0][0, 5, 5] = 1
    write(fashion, FILES, changed, idx)
    assert data.load("fashion-mnist").fingerprint != first.fingerprint


def test_more_labels_than_images_are_refused(fashion: Path, idx: Writer) -> None:
    images, labels, *test = small_set()
    write(fashion, FILES, [images[:99], labels, *test], idx)
    with pytest.raises(InvalidDataError, match="as many labels as images, 99, received 100"):
        data.load("fashion-mnist")


def test_images_of_another_shape_are_refused(fashion: Path, idx: Writer) -> None:
    images, labels, *test = small_set()
    write(fashion, FILES, [images[:, :20], labels, *test], idx)
    with pytest.raises(InvalidDataError, match=r"shape \(28, 28, 1\), received \(20, 28, 1\)"):
        data.load("fashion-mnist")


def test_other_content_in_the_place_of_mnist_is_refused(data_dir: Path, idx: Writer) -> None:
    write(data_dir, data.get_entry("mnist").files, small_set(), idx)
    with pytest.raises(InvalidDataError, match=r"^train-images-idx3-ubyte.gz .* the official content of MNIST"):
        data.load("mnist")


def test_mnists_files_beside_fashion_mnists_folder_are_not_taken_for_it(data_dir: Path, idx: Writer) -> None:
    write(data_dir, FILES, small_set(), idx)
    assert not data.is_local("fashion-mnist")
    assert data.is_local("mnist")


def test_a_folder_in_the_place_of_a_file_is_refused(fashion: Path) -> None:
    (fashion / FILES[0].name).unlink()
    (fashion / FILES[0].name).mkdir()
    with pytest.raises(InvalidDataError, match="a file that can be read, received 'Is a directory'"):
        data.load("fashion-mnist")


def test_an_unknown_data_set_is_refused() -> None:
    with pytest.raises(UnknownDatasetError):
        data.load("mnist2")
    with pytest.raises(UnknownDatasetError):
        data.is_local("mnist2")


@pytest.fixture
def real_settings(real_data: Path) -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("real_settings")
def test_the_real_mnist_has_the_known_counts_in_every_split() -> None:
    if not data.is_local("mnist"):
        pytest.skip("MNIST is not there")
    dataset = data.load("mnist")
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (54_000, 6_000, 10_000)
    assert np.bincount(dataset.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    both = np.concatenate([dataset.train.labels, dataset.validation.labels])
    assert np.bincount(both).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert dataset.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
