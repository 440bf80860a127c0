"""CIFAR-10's binary version, as a folder and as the official archive."""

import gzip
import io
import pickle
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabisco import data
from rabisco.data.cifar import BATCHES, MAX_BATCH_BYTES, RECORD_BYTES, parse_batch, read_cifar
from rabisco.errors import InvalidDataError


def batch(count: int = 10, first_label: int = 0) -> bytes:
    """Return records whose picture has a red upper left, a green upper right and a blue lower left corner."""
    records = np.zeros((count, RECORD_BYTES), np.uint8)
    records[:, 0] = (first_label + np.arange(count)) % 10
    records[:, 1] = 250
    records[:, 1 + 1024 + 31] = 240
    records[:, 1 + 2048 + 31 * 32] = 230
    return records.tobytes()


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def official(**changes: bytes) -> dict[str, bytes]:
    members = {f"cifar-10-batches-bin/{name}": batch(first_label=at) for at, name in enumerate(BATCHES)}
    members["cifar-10-batches-bin/readme.html"] = b"<html>"
    return members | {f"cifar-10-batches-bin/{name}.bin": content for name, content in changes.items()}


def test_channels_rows_and_columns_come_out_where_they_belong() -> None:
    image = parse_batch(batch(1), "batch").images[0]
    assert image.shape == (32, 32, 3)
    assert image[0, 0].tolist() == [250, 0, 0]
    assert image[0, 31].tolist() == [0, 240, 0]
    assert image[31, 0].tolist() == [0, 0, 230]


def test_folder_and_archive_give_the_same_data_set(data_dir: Path) -> None:
    (data_dir / "cifar-10-binary.tar.gz").write_bytes(archive(official()))
    from_archive = data.load("cifar-10", validation_fraction=0.2)
    (data_dir / "cifar-10-binary.tar.gz").unlink()
    folder = data_dir / "cifar-10-batches-bin"
    folder.mkdir()
    for name, content in official().items():
        (data_dir / name).write_bytes(content)
    from_folder = data.load("cifar-10", validation_fraction=0.2)
    assert from_folder.fingerprint == from_archive.fingerprint
    np.testing.assert_array_equal(from_folder.train.images, from_archive.train.images)
    assert (len(from_folder.train), len(from_folder.validation), len(from_folder.test)) == (40, 10, 10)
    assert from_folder.train.images.flags.c_contiguous


@pytest.mark.parametrize("content", [b"", batch()[:-1], batch() + b"\0"])
def test_a_batch_that_is_no_whole_number_of_records_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidDataError, match=f"records of 3,073 bytes each, received {len(content):,} bytes"):
        parse_batch(content, "data_batch_1.bin")


def test_a_label_above_9_is_refused() -> None:
    content = bytearray(batch(3))
    content[RECORD_BYTES] = 10
    with pytest.raises(InvalidDataError, match="labels from 0 to 9, received 10 as label number 2"):
        parse_batch(bytes(content), "data_batch_1.bin")


def test_a_missing_batch_is_named(tmp_path: Path) -> None:
    members = official()
    del members["cifar-10-batches-bin/data_batch_3.bin"]
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(archive(members))
    with pytest.raises(InvalidDataError, match=r"expected data_batch_3.bin in it"):
        read_cifar(tmp_path / "cifar-10-binary.tar.gz")
    (tmp_path / "cifar-10-batches-bin").mkdir()
    with pytest.raises(InvalidDataError, match=r"^data_batch_1.bin is not as it should be"):
        read_cifar(tmp_path / "cifar-10-batches-bin")


def test_a_batch_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    with (folder / "data_batch_1.bin").open("wb") as file:
        file.truncate(MAX_BATCH_BYTES + 1)
    with pytest.raises(InvalidDataError, match="at most 30,730,000 bytes, received 30,730,001"):
        read_cifar(folder)


def test_an_archive_that_is_a_bomb_is_refused_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    info = tarfile.TarInfo("junk")
    info.size = 400_000_000
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(info.tobuf())
        for _ in range(40):
            file.write(bytes(10_000_000))
    tracemalloc.start()
    with pytest.raises(InvalidDataError, match="at most 200,000,000 bytes of content, received more"):
        read_cifar(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("offset", "field"),
    [
        (124, b"\xff" * 12),
        (124, b"\x80" + b"\xff" * 11),
        (124, b"-0000000100\0"),
        (124, bytes(12)),
        (148, b"0000000\0"),
    ],
)
def test_a_size_below_zero_or_a_wrong_header_is_refused(tmp_path: Path, offset: int, field: bytes) -> None:
    content = bytearray(gzip.decompress(archive(official())))
    content[offset : offset + len(field)] = field
    if offset == 124:
        content[148:156] = b"%06o\0 " % (sum(content[:148]) + 256 + sum(content[156:512]))
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(
        InvalidDataError,
        match=r"damaged header|without it|bytes of content, received more|at most 30,730,000 bytes, received",
    ):
        read_cifar(path)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_usual_form_of_tar_is_read(tmp_path: Path, form: int) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz", format=form) as tar:
        if form != tarfile.USTAR_FORMAT:
            tar.addfile(tarfile.TarInfo("cifar-10-batches-bin/readme-" + "é" * 90))
        folder = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in official().items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1.5
            tar.addfile(info, io.BytesIO(content))
    assert len(read_cifar(path).train) == 50


def test_an_archive_that_fails_gzips_own_checksum_is_refused(tmp_path: Path) -> None:
    content = bytearray(archive(official()))
    content[-8] ^= 1
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(content)
    with pytest.raises(InvalidDataError, match="cannot be decompressed"):
        read_cifar(path)


def test_an_archive_that_goes_on_after_its_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(gzip.decompress(archive(official())))
        for _ in range(21):
            file.write(bytes(10_000_000))
    with pytest.raises(InvalidDataError, match="at most 200,000,000 bytes"):
        read_cifar(path)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(archive({f"cifar-10-batches-py/data_batch_{n}": pickle.dumps([n]) for n in range(1, 6)}))
    with pytest.raises(InvalidDataError, match=r"expected data_batch_1.bin in it"):
        read_cifar(path)


def test_an_error_never_shows_a_path(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    for content in (b"", b"no gzip", gzip.compress(b"no tar"), archive(official())[:300]):
        path.write_bytes(content)
        with pytest.raises(InvalidDataError) as caught:
            read_cifar(path)
        assert str(tmp_path) not in str(caught.value)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_damaged_archive_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(archive({name: batch(1) for name in official()}))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("cifar") / "cifar-10-binary.tar.gz"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        read_cifar(path)
    except InvalidDataError:
        return


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_damaged_tar_inside_whole_gzip_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(gzip.decompress(archive({name: batch(1) for name in official()})))
    header = 512 * data.draw(st.integers(0, len(content) // 512 - 1))
    for _ in range(data.draw(st.integers(1, 6))):
        content[header + data.draw(st.integers(0, 511))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("cifar") / "cifar-10-binary.tar.gz"
    path.write_bytes(gzip.compress(bytes(content), compresslevel=1))
    try:
        read_cifar(path)
    except InvalidDataError:
        return
