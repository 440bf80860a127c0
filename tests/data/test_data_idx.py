"""IDX files, whole and damaged."""

import gzip
import io
import struct
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabisco.data.content import MAX_CONTENT_BYTES
from rabisco.data.idx import parse_labels, read_idx_gz
from rabisco.errors import InvalidDataError

IMAGES = np.arange(3 * 5 * 4, dtype=np.uint8).reshape(3, 5, 4)
LABELS = np.array([0, 9, 4], np.uint8)
Writer = Callable[[np.ndarray], bytes]


def read(compressed: bytes, dimensions: int = 3) -> np.ndarray:
    return read_idx_gz(io.BytesIO(compressed), dimensions, "some-idx3-ubyte.gz")[0]


def test_images_come_out_with_their_pixels_and_the_content_of_the_file(idx: Writer) -> None:
    images, content = read_idx_gz(io.BytesIO(gzip.compress(idx(IMAGES))), 3, "some-idx3-ubyte.gz")
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, IMAGES)
    assert content == idx(IMAGES)


def test_labels_come_out_as_int64(idx: Writer) -> None:
    labels = parse_labels(read(gzip.compress(idx(LABELS)), 1), "labels", 10)
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 9, 4]


def test_labels_that_begin_with_one_come_out_from_zero() -> None:
    assert parse_labels(np.array([1, 26, 2], np.uint8), "letters", 26, first=1).tolist() == [0, 25, 1]


@pytest.mark.parametrize(("labels", "first"), [([0, 10], 0), ([0, 255], 0), ([1, 0], 1), ([10, 11], 1)])
def test_a_label_out_of_range_is_refused(labels: list[int], first: int) -> None:
    wrong = labels[1]
    with pytest.raises(InvalidDataError, match=rf"received {wrong} as label number 2"):
        parse_labels(np.array(labels, np.uint8), "labels", 10, first)


@pytest.mark.parametrize("size", [0, 3, 15])
def test_a_file_shorter_than_its_header_is_refused(idx: Writer, size: int) -> None:
    with pytest.raises(InvalidDataError, match=f"header of 16 bytes, received {size} bytes in all"):
        read(gzip.compress(idx(IMAGES)[:size]))


def test_a_truncated_file_is_refused(idx: Writer) -> None:
    with pytest.raises(InvalidDataError, match="expected 60 bytes of content, received 59"):
        read(gzip.compress(idx(IMAGES)[:-1]))


def test_a_file_longer_than_its_header_says_is_refused(idx: Writer) -> None:
    with pytest.raises(InvalidDataError, match="expected 60 bytes of content, received more"):
        read(gzip.compress(idx(IMAGES) + b"\0"))


def test_another_magic_number_is_refused(idx: Writer) -> None:
    content = struct.pack(">I", 0x00000D03) + idx(IMAGES)[4:]  # 0x0D: floats
    with pytest.raises(InvalidDataError, match="begins with 00000803, received 00000d03"):
        read(gzip.compress(content))


def test_labels_in_the_place_of_images_are_refused(idx: Writer) -> None:
    with pytest.raises(InvalidDataError, match="00000803, received 00000801"):
        read(gzip.compress(idx(np.zeros(100, np.uint8))))


def test_a_file_of_nothing_is_refused(idx: Writer) -> None:
    with pytest.raises(InvalidDataError, match=r"the shape \(0, 28, 28\)"):
        read(gzip.compress(idx(np.zeros((0, 28, 28), np.uint8))))


def test_a_file_that_is_no_gzip_is_refused(idx: Writer) -> None:
    with pytest.raises(InvalidDataError, match="expected a gzip file, received one that cannot be decompressed"):
        read(idx(IMAGES))


def test_a_gzip_file_that_is_cut_off_is_refused(idx: Writer) -> None:
    with pytest.raises(InvalidDataError, match="one that is cut off"):
        read(gzip.compress(idx(IMAGES))[:-9])


def test_a_gzip_file_that_fails_its_own_checksum_is_refused(idx: Writer) -> None:
    compressed = bytearray(gzip.compress(idx(IMAGES)))
    compressed[-8] ^= 1
    with pytest.raises(InvalidDataError, match="cannot be decompressed"):
        read(bytes(compressed))


def test_a_gzip_bomb_is_refused_after_the_bytes_that_its_header_promises(idx: Writer) -> None:
    bomb = gzip.compress(idx(IMAGES) + bytes(100_000_000))
    source = io.BytesIO(bomb)
    tracemalloc.start()
    with pytest.raises(InvalidDataError, match="received more"):
        read_idx_gz(source, 3, "bomb.gz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
    assert source.tell() < len(bomb) / 4


def test_a_header_that_promises_too_much_is_refused_before_anything_is_read() -> None:
    header = struct.pack(">4I", 0x00000803, 70_000, 28_000, 28_000)
    with pytest.raises(InvalidDataError, match=f"at most {MAX_CONTENT_BYTES:,} bytes"):
        read(gzip.compress(header))


def test_an_error_names_the_file_and_says_what_to_do() -> None:
    with pytest.raises(InvalidDataError) as caught:
        read(b"")
    assert str(caught.value).startswith("some-idx3-ubyte.gz is not as it should be: expected")
    assert str(caught.value).endswith("or delete it so that it is downloaded again")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for compressed in (content, gzip.compress(content)):
        with suppress(InvalidDataError):
            read(compressed)
        with suppress(InvalidDataError):
            parse_labels(read(compressed, 1), "x", 3)


@given(st.data())
def test_a_damaged_file_is_read_as_images_or_refused(idx: Writer, data: st.DataObject) -> None:
    compressed = bytearray(gzip.compress(idx(IMAGES), mtime=0))
    for _ in range(data.draw(st.integers(1, 3))):
        compressed[data.draw(st.integers(0, len(compressed) - 1))] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.integers(0, len(compressed)))
    try:
        images = read(bytes(compressed[:end]))
    except InvalidDataError:
        return
    np.testing.assert_array_equal(images, IMAGES)  # only gzip's own header may have changed
