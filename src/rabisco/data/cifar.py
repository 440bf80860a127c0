"""CIFAR-10's binary version: per record one label byte, then 1024 red, 1024 green and 1024 blue bytes.

The version in Python pickles is never read: unpickling a file runs the code in it.

Source: https://www.cs.toronto.edu/~kriz/cifar.html ("binary version").
"""

from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from rabisco.data.content import fingerprint, gunzip, invalid, open_binary, read_exactly
from rabisco.data.dataset import Parts, Split
from rabisco.data.tar import tar_members

TRAIN_BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_BATCH = "test_batch.bin"
BATCHES = (*TRAIN_BATCHES, TEST_BATCH)
RECORD_BYTES = 1 + 3 * 32 * 32
MAX_BATCH_BYTES = 10_000 * RECORD_BYTES


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
    if size > MAX_BATCH_BYTES:
        raise invalid(name, f"at most {MAX_BATCH_BYTES:,} bytes", f"{size:,}")
    return size


def _read_archive(source: IO[bytes], name: str) -> dict[str, bytes]:
    found = {}
    with gunzip(source, name) as stream:
        for member, size in tar_members(stream, name):
            base_name = PurePosixPath(member).name
            if base_name in BATCHES:
                found[base_name] = stream.read(_checked(size, base_name))
    return found
