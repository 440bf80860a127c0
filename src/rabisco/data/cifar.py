"""CIFAR-10's binary version: per record one label byte, then 1024 red, 1024 green and 1024 blue bytes.

The version in Python pickles is never read: unpickling a file runs the code in it.

Source: https://www.cs.toronto.edu/~kriz/cifar.html ("binary version").
"""

import io
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from rabisco.data.content import fingerprint, gunzip, invalid, open_binary, read_exactly
from rabisco.data.dataset import Parts, Split

TRAIN_BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_BATCH = "test_batch.bin"
BATCHES = (*TRAIN_BATCHES, TEST_BATCH)
RECORD_BYTES = 1 + 3 * 32 * 32
MAX_BATCH_BYTES = 10_000 * RECORD_BYTES
_MAX_ARCHIVE_BYTES = 200_000_000  # the official one has 184 MB


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
        return _bounded(source, path.stat().st_size, path.name)


def _bounded(stream: IO[bytes], size: int, name: str) -> bytes:
    if size > MAX_BATCH_BYTES:
        raise invalid(name, f"at most {MAX_BATCH_BYTES:,} bytes", f"{size:,}")
    return read_exactly(stream, size, name)


def _read_archive(source: IO[bytes], name: str) -> dict[str, bytes]:
    found = {}
    try:
        with gunzip(source, name) as stream:
            capped = _Capped(stream, name)
            with tarfile.open(fileobj=capped, mode="r|", bufsize=1 << 20) as archive:
                for member in archive:
                    content = archive.extractfile(member)
                    if content is not None and PurePosixPath(member.name).name in BATCHES:
                        base_name = PurePosixPath(member.name).name
                        found[base_name] = _bounded(content, member.size, base_name)
    except tarfile.TarError:
        raise invalid(name, "a whole tar archive", "one that is cut off or damaged") from None
    return found


class _Capped(io.BufferedIOBase):
    """A stream that refuses to be read beyond what the archive can hold, however well it was compressed."""

    def __init__(self, stream: io.BufferedIOBase, name: str) -> None:
        self._stream = stream
        self._name = name
        self._left = _MAX_ARCHIVE_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= size if size and size > 0 else _MAX_ARCHIVE_BYTES
        if self._left < 0:
            raise invalid(self._name, f"at most {_MAX_ARCHIVE_BYTES:,} bytes of content", "more")
        return self._stream.read(size)
