"""What the tests of data share: an empty data folder and cache, and files in the official formats, drawn by code."""

import gzip
import io
import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rabisco.settings import get_settings

Pixels = NDArray[np.uint8]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data folder that the settings name, beside an empty cache."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("RABISCO_DATA_DIR", str(folder))
    monkeypatch.setenv("RABISCO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    get_settings.cache_clear()
    yield folder
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The data folder of this machine, if it has one."""
    folder = os.environ.get("RABISCO_DATA_DIR")
    if not folder:
        pytest.skip("RABISCO_DATA_DIR is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def idx() -> Callable[[Pixels], bytes]:
    """Writes an array as an IDX file, uncompressed."""

    def write(array: Pixels) -> bytes:
        magic = 0x0800 | array.ndim
        return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.astype(np.uint8).tobytes()

    return write


@pytest.fixture(scope="session")
def glyphs() -> Pixels:
    """Images in which up, down, left and right differ: a long bar on the left, a short one at the bottom."""
    images = np.zeros((94, 28, 28), np.uint8)
    images[:, 4:24, 6:9] = 255
    images[:, 21:24, 6:16] = 200
    images[:, 0, 0] = np.arange(94)  # no two are the same
    return images


@pytest.fixture(scope="session")
def emnist_zip(idx: Callable[[Pixels], bytes], glyphs: Pixels) -> Callable[..., bytes]:
    """Writes a small ``gzip.zip`` in the official form: each image transposed, members gzipped in ``gzip/``."""

    def write(split: str, labels: Pixels, method: int = zipfile.ZIP_DEFLATED) -> bytes:
        stored = glyphs[: len(labels)].transpose(0, 2, 1)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for part in ("train", "test"):
                for kind, array in (("images-idx3", stored), ("labels-idx1", labels)):
                    archive.writestr(f"gzip/emnist-{split}-{part}-{kind}-ubyte.gz", gzip.compress(idx(array), mtime=0))
        return buffer.getvalue()

    return write
