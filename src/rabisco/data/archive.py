"""Reading members of zip archives in place; nothing is ever unpacked onto the disk."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from rabisco.data.content import invalid

# zipfile bounds what it decompresses of these two; of bzip2 and LZMA it decompresses whole blocks unbounded.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


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
    if info.compress_type not in _METHODS:
        raise invalid(name, f"{member} stored or deflated", f"compression method {info.compress_type}")
    return archive.open(info)
