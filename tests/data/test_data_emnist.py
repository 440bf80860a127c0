"""EMNIST's archive in its official form: transposed images, letters from 1, members in a zip."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rabisco import data
from rabisco.data.idx import read_emnist
from rabisco.errors import InvalidDataError

Pixels = NDArray[np.uint8]
LETTERS = np.tile(np.arange(1, 27, dtype=np.uint8), 3)  # three of each


def test_images_stored_transposed_come_out_upright(
    data_dir: Path, emnist_zip: Callable[..., bytes], glyphs: Pixels
) -> None:
    (data_dir / "gzip.zip").write_bytes(emnist_zip("letters", LETTERS))
    test = data.load("emnist-letters").test
    np.testing.assert_array_equal(test.images[..., 0], glyphs[: len(LETTERS)])
    upright = test.images[0, ..., 0]
    assert upright[5, 7] == 255, "the long bar stands on the left"
    assert upright[22, 14] == 200, "the short bar lies at the bottom"


def test_letters_from_1_to_26_are_the_classes_a_to_z(data_dir: Path, emnist_zip: Callable[..., bytes]) -> None:
    (data_dir / "emnist").mkdir()
    (data_dir / "emnist" / "gzip.zip").write_bytes(emnist_zip("letters", LETTERS))
    dataset = data.load("emnist-letters", validation_fraction=0.3)
    assert "".join(dataset.class_names[label] for label in dataset.test.labels[:26]) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (52, 26, 78)


def test_each_part_is_read_from_its_own_members(data_dir: Path, emnist_zip: Callable[..., bytes]) -> None:
    (data_dir / "gzip.zip").write_bytes(emnist_zip("balanced", np.tile(np.arange(47, dtype=np.uint8), 2)))
    dataset = data.load("emnist-balanced", validation_fraction=0.5)
    assert "".join(dataset.class_names) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
    assert np.bincount(dataset.test.labels).tolist() == [2] * 47
    with pytest.raises(InvalidDataError, match=r"expected gzip/emnist-digits-train-images-idx3-ubyte.gz in it"):
        data.load("emnist-digits")


def test_a_letter_labeled_0_is_refused(emnist_zip: Callable[..., bytes]) -> None:
    with pytest.raises(InvalidDataError, match="labels from 1 to 26, received 0"):
        read_emnist(io.BytesIO(emnist_zip("letters", LETTERS - 1)), "letters", 26, "gzip.zip")


def test_a_file_that_is_no_zip_is_refused(data_dir: Path) -> None:
    (data_dir / "gzip.zip").write_bytes(b"<html>not found</html>")
    with pytest.raises(InvalidDataError, match=r"^gzip.zip is not as it should be: expected a zip archive"):
        data.load("emnist-letters")


def test_a_method_that_cannot_be_decompressed_in_bounds_is_refused(emnist_zip: Callable[..., bytes]) -> None:
    archive = emnist_zip("letters", LETTERS, zipfile.ZIP_LZMA)
    with pytest.raises(InvalidDataError, match="stored or deflated, received compression method 14"):
        read_emnist(io.BytesIO(archive), "letters", 26, "gzip.zip")


def test_a_member_that_is_a_bomb_is_refused_by_its_own_header(idx: Callable[[Pixels], bytes]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gzip/emnist-letters-train-images-idx3-ubyte.gz", bytes(50_000_000))
    with pytest.raises(InvalidDataError, match="gzip"):
        read_emnist(buffer, "letters", 26, "gzip.zip")


@given(st.data())
def test_a_damaged_archive_is_read_or_refused(emnist_zip: Callable[..., bytes], data: st.DataObject) -> None:
    archive = bytearray(emnist_zip("letters", LETTERS[:2]))
    for _ in range(data.draw(st.integers(1, 3))):
        archive[data.draw(st.integers(0, len(archive) - 1))] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.one_of(st.just(len(archive)), st.integers(0, len(archive))))
    try:
        read_emnist(io.BytesIO(bytes(archive[:end])), "letters", 26, "gzip.zip")
    except InvalidDataError:
        return
