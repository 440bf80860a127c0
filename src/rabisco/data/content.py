"""What every reader of a data file shares: bounded reading, and the words that refuse a damaged file."""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import IO

from rabisco.errors import N_, InvalidDataError

# EMNIST's largest member, 697,932 images of 28×28, has 547 MB.
MAX_CONTENT_BYTES = 1 << 30
# zipfile bounds what it decompresses of these two; of bzip2 and LZMA it decompresses whole blocks unbounded.
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def invalid(name: str, expected: str, received: str) -> InvalidDataError:
    """Return the error for the file called ``name``: what was expected, what came, what to do."""
    return InvalidDataError(
        N_(
            "%(name)s is not as it should be: expected %(expected)s, received %(received)s; "
            "put an undamaged copy in its place, or delete it so that it is downloaded again"
        ),
        name=name,
        expected=expected,
        received=received,
    )


def fingerprint(contents: Iterable[bytes]) -> str:
    """Return one sha256 (hex) for several contents: that of their sha256, one after another."""
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()


@contextmanager
def open_binary(path: Path) -> Iterator[IO[bytes]]:
    """Yield the file at ``path``, opened for reading.

    Raises:
        InvalidDataError: It cannot be opened: a folder, or not permitted.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise invalid(path.name, "a file that can be read", f"{error.strerror!r}") from None
    with file:
        yield file


@contextmanager
def gunzip(source: IO[bytes], name: str) -> Iterator[gzip.GzipFile]:
    """Yield the decompressed stream of ``source``; the reader decides how much of it to decompress.

    Raises:
        InvalidDataError: While reading: the stream is not gzip, ends early or fails its own checksum.
    """
    try:
        with gzip.GzipFile(fileobj=source) as stream:
            yield stream
    except EOFError:
        raise invalid(name, "a whole gzip file", "one that is cut off") from None
    except (zlib.error, gzip.BadGzipFile):
        raise invalid(name, "a gzip file", "one that cannot be decompressed") from None


def read_exactly(stream: IO[bytes] | BufferedIOBase, size: int, name: str) -> bytes:
    """Return the ``size`` bytes that are all ``stream`` still holds, decompressing one byte more at most.

    Raises:
        InvalidDataError: There are more or fewer, or ``size`` is beyond what any data set needs.
    """
    if size > MAX_CONTENT_BYTES:
        raise invalid(name, f"at most {MAX_CONTENT_BYTES:,} bytes of content", f"a header that promises {size:,}")
    content = stream.read(size + 1)
    if len(content) != size:
        received = f"{len(content):,}" if len(content) < size else "more"
        raise invalid(name, f"{size:,} bytes of content", received)
    return content


@contextmanager
def open_zip(source: IO[bytes], name: str) -> Iterator[zipfile.ZipFile]:
    """Yield the zip archive in ``source``.

    Raises:
        InvalidDataError: At once or while reading: it is no zip archive, or is damaged.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except EOFError:
        raise invalid(name, "a whole zip archive", "one that is cut off") from None
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError):
        raise invalid(name, "a zip archive", "one that cannot be read") from None


def open_member(archive: zipfile.ZipFile, member: str, name: str) -> IO[bytes]:
    """Return the stream of one member; a reader takes from it no more than it asks for.

    Raises:
        InvalidDataError: There is no such member, or it is compressed in a way that cannot be read in bounds.
    """
    try:
        info = archive.getinfo(member)
    except KeyError:
        raise invalid(name, f"{member} in it", "an archive without it") from None
    if info.compress_type not in _ZIP_METHODS:
        raise invalid(name, f"{member} stored or deflated", f"compression method {info.compress_type}")
    return archive.open(info)
