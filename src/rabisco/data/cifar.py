"""CIFAR-10's binary version: per record one label byte, then 1024 red, 1024 green and 1024 blue bytes.

The version in Python pickles is never read: unpickling a file runs the code in it.

Source: https://www.cs.toronto.edu/~kriz/cifar.html ("binary version").
"""

import gzip
import io
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from rabisco.data.content import fingerprint, gunzip, invalid, open_binary, read_exactly
from rabisco.data.dataset import Parts, Split
from rabisco.errors import InvalidDataError

TRAIN_BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_BATCH = "test_batch.bin"
BATCHES = (*TRAIN_BATCHES, TEST_BATCH)
RECORD_BYTES = 1 + 3 * 32 * 32
MAX_BATCH_BYTES = 10_000 * RECORD_BYTES
MAX_ARCHIVE_BYTES = 200_000_000  # the official one has 184 MB
_PIECE_BYTES = 1 << 16


def read_cifar(path: Path) -> Parts:
    """Return CIFAR-10: images uint8 ``(N, 32, 32, 3)``, RGB, and labels from 0 to 9.

    Args:
        path: The official archive, or the folder that it unpacks to.

    Raises:
        InvalidDataError: A batch is missing or damaged, or the archive is damaged or a decompression bomb.
    """
    contents = _read_batches(path)
    *train, test = (parse_batch(content, name) for content, name in zip(contents, BATCHES, strict=True))
    images = np.concatenate([batch.images for batch in train])
    labels = np.concatenate([batch.labels for batch in train])
    return Parts(Split(images, labels), test, fingerprint(contents))


def _read_batches(path: Path) -> list[bytes]:
    if path.is_dir():
        return [_read_file(path / name) for name in BATCHES]
    with open_binary(path) as source:
        found = _read_archive(source, path.name)
    missing = [name for name in BATCHES if name not in found]
    if missing:
        raise invalid(path.name, f"{missing[0]} in it", "an archive without it")
    return [found[name] for name in BATCHES]


def parse_batch(content: bytes, name: str) -> Split:
    """Return the images and labels of one batch.

    Raises:
        InvalidDataError: Its size is no multiple of a record's 3,073 bytes, or a label is out of range.
    """
    if not content or len(content) % RECORD_BYTES:
        raise invalid(name, f"records of {RECORD_BYTES:,} bytes each", f"{len(content):,} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD_BYTES)
    labels = records[:, 0].astype(np.int64)
    if labels.max() > 9:
        row = int((labels > 9).argmax())
        raise invalid(name, "labels from 0 to 9", f"{labels[row]} as label number {row + 1:,}")
    channels_first = records[:, 1:].reshape(-1, 3, 32, 32)  # (N, C, H, W)
    return Split(np.ascontiguousarray(channels_first.transpose(0, 2, 3, 1)), labels)


def _read_file(path: Path) -> bytes:
    with open_binary(path) as source:
        return read_exactly(source, _checked(path.stat().st_size, path.name), path.name)


def _checked(size: int, name: str) -> int:
    if not 0 <= size <= MAX_BATCH_BYTES:
        raise invalid(name, f"at most {MAX_BATCH_BYTES:,} bytes", f"{size:,}")
    return size


def _read_archive(source: IO[bytes], name: str) -> dict[str, bytes]:
    found = {}
    with gunzip(source, name) as unpacked:
        stream = _Bounded(unpacked, name)
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                while (member := archive.next()) is not None:
                    if archive.offset > MAX_ARCHIVE_BYTES:  # where the next is said to be: tarfile would go there
                        raise _too_large(name)
                    base_name = PurePosixPath(member.name).name
                    if base_name in BATCHES and member.isreg() and (content := archive.extractfile(member)):
                        found[base_name] = content.read(_checked(member.size, base_name))
        except (tarfile.TarError, ValueError, KeyError, IndexError, RecursionError):
            raise invalid(name, "a tar archive", "a damaged header in it") from None
        while stream.read(_PIECE_BYTES):  # to the end, where gzip's checksum stands
            pass
    return found


class _Bounded(io.RawIOBase):
    """A stream of which no more is read than the official archive holds."""

    def __init__(self, stream: gzip.GzipFile, name: str) -> None:
        self._stream, self._name = stream, name

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        if self._stream.tell() > MAX_ARCHIVE_BYTES:
            raise _too_large(self._name)
        return piece


def _too_large(name: str) -> InvalidDataError:
    return invalid(name, f"at most {MAX_ARCHIVE_BYTES:,} bytes of content", "more")
