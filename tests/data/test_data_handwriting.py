"""Handwriting in ``.npz`` files: what is left out, what is turned bright, what is refused."""

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from rabisco import data
from rabisco.data.catalog import CHARACTERS
from rabisco.data.handwriting import read_emnist_pages, read_pictures
from rabisco.errors import InvalidDataError


def npz(**arrays: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    buffer.seek(0)
    return buffer


def pages(correlation: list[float] | None = None, **changes: Any) -> io.BytesIO:
    images = np.zeros((4, 28, 28), np.uint8)
    images[:, 0, 0] = [1, 2, 3, 4]
    arrays: dict[str, Any] = {}
    for part in ("train", "test"):
        arrays[f"x_{part}"] = images
        arrays[f"y_{part}"] = np.array([10, 10, 61, 61], np.uint8)
        arrays[f"mnist_test_corr_{part}"] = np.array(correlation or [0] * 4, np.float32)
    return npz(**(arrays | changes))


def picture(ink: int, background: int) -> np.ndarray:
    image = np.full((64, 64), background, np.uint8)
    image[20:40, 30:34] = ink
    return image


def test_what_looks_like_an_image_of_mnists_test_set_is_left_out() -> None:
    parts = read_emnist_pages(pages([0.2, 0.951, 0.95, 0.99]), CHARACTERS, "pages.npz")
    for split in (parts.train, parts.test):
        assert split.images[:, 0, 0, 0].tolist() == [1, 3]
        assert [CHARACTERS[label] for label in split.labels] == ["A", "z"]


def test_the_pages_at_hand_lack_the_407_and_111_lookalikes(real_data: Path) -> None:
    path = real_data / "emnist_pages62.npz"
    if not path.exists():
        pytest.skip("emnist_pages62.npz is not there")
    with path.open("rb") as source:
        parts = read_emnist_pages(source, CHARACTERS, path.name)
    assert (len(parts.train), len(parts.test)) == (16_766 - 407, 10_708 - 111)
    absent = set(range(62)) - set(parts.train.labels.tolist())
    assert "".join(CHARACTERS[label] for label in sorted(absent)) == "JQXYZjqxyz"


def test_pictures_come_out_bright_on_dark() -> None:
    source = npz(x=picture(20, 250)[np.newaxis], y=np.array(["l"]))
    image = read_pictures(source, CHARACTERS, "pictures.npz").train.images[0, ..., 0]
    assert (image[30, 32], image[0, 0]) == (235, 5)


def test_blank_pictures_are_left_out() -> None:
    source = npz(x=np.stack([picture(200, 210), picture(200, 216), picture(255, 255)]), y=np.array(["a", "b", "c"]))
    parts = read_pictures(source, CHARACTERS, "pictures.npz")
    assert [CHARACTERS[label] for label in parts.train.labels] == ["b"]


def test_the_pictures_at_hand_are_bright_on_dark_but_for_one(real_data: Path) -> None:
    path = real_data / "handwriting_extra62.npz"
    if not path.exists():
        pytest.skip("handwriting_extra62.npz is not there")
    with path.open("rb") as source:
        images = read_pictures(source, CHARACTERS, path.name).train.images[..., 0].astype(np.float64)
    assert len(images) == 8_234
    some = images[3000:3300]
    inner = some - gaussian_filter(some, (0, 8, 8))
    assert np.sum((inner[:, 6:-6, 6:-6] ** 3).mean(axis=(1, 2)) < 0) == 1


def test_characters_become_indices_of_the_class_names() -> None:
    source = npz(x=np.stack([picture(0, 255)] * 3), y=np.array(["a", "Z", "0"]), source=np.array(["x"] * 3))
    parts = read_pictures(source, CHARACTERS, "pictures.npz")
    assert [CHARACTERS[label] for label in parts.train.labels] == ["a", "Z", "0"]
    assert parts.train.images.shape == (3, 64, 64, 1)
    assert len(parts.test) == 0


def test_an_unknown_character_is_refused_by_its_row() -> None:
    source = npz(x=np.stack([picture(0, 255)] * 3), y=np.array(["a", "é", "0"]))
    with pytest.raises(InvalidDataError, match="labels from 0 to z, received another in row 2"):
        read_pictures(source, CHARACTERS, "pictures.npz")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"y_train": np.array([0, 1], np.uint8)}, "as many labels"),
        ({"y_test": np.array([0, 1, 2, 62], np.uint8)}, "labels from 0 to 61"),
        ({"x_train": np.zeros((4, 28, 28), np.float32)}, "gray images"),
        ({"x_train": np.zeros((0, 28, 28), np.uint8), "y_train": np.zeros(0, np.uint8)}, "gray images|header"),
        ({"mnist_test_corr_test": np.zeros(3, np.float32)}, "one correlation for each image"),
        ({"x_train": np.array([{}, 1], object)}, "another header"),
        ({"x_train": np.asfortranarray(np.ones((4, 28, 28), np.uint8))}, "another header"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidDataError, match=words):
        read_emnist_pages(pages(**changes), CHARACTERS, "pages.npz")


def test_an_archive_without_an_array_names_it() -> None:
    with pytest.raises(InvalidDataError, match=r"expected y.npy in it"):
        read_pictures(npz(x=np.zeros((1, 2, 2), np.uint8)), CHARACTERS, "pictures.npz")


def test_an_array_longer_than_its_header_promises_is_refused_in_little_memory() -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 64, 64), }\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(100_000_000)
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", content)
    tracemalloc.start()
    with pytest.raises(InvalidDataError, match="8,192 bytes of content, received more"):
        read_pictures(source, CHARACTERS, "pictures.npz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_data_set_without_a_training_part_loads_with_it_empty(data_dir: Path) -> None:
    arrays = {"x_test": np.ones((20, 28, 28), np.uint8), "y_test": np.tile(np.arange(10, dtype=np.uint8), 2)}
    (data_dir / "emnist_digits_test.npz").write_bytes(npz(**arrays).getvalue())
    dataset = data.load("emnist-digits-test")
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (0, 0, 20)
    assert dataset.image_shape == (28, 28, 1)


def test_a_header_made_to_be_slow_to_read_is_refused_at_once() -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (" + b"1" * 300 + b"), } \n"
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    with pytest.raises(InvalidDataError, match="another header"):
        read_pictures(source, CHARACTERS, "pictures.npz")


@given(st.data())
def test_a_damaged_archive_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(npz(x=np.stack([picture(0, 255)] * 2), y=np.array(["a", "b"])).getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    try:
        read_pictures(io.BytesIO(bytes(content[:end])), CHARACTERS, "pictures.npz")
    except InvalidDataError:
        return


@given(st.binary(max_size=80))
def test_any_array_header_is_read_or_refused(header: bytes) -> None:
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    with pytest.raises(InvalidDataError):
        read_pictures(source, CHARACTERS, "pictures.npz")
