"""The members of a tar archive, from a stream, in one pass and in bounds.

The standard library's ``tarfile`` believes sizes below zero and headers without end (CVE-2025-8194 among others);
a data set needs none of what it can do beyond this.

Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html ("ustar Interchange Format").
"""

import gzip
import re
from collections.abc import Iterator

from rabisco.data.content import invalid
from rabisco.errors import InvalidDataError

_BLOCK = 512
_REGULAR_FILE = (b"0", b"\0")
_MAX_BYTES = 200_000_000  # CIFAR-10, the only data set in this form, has 184 MB
_SKIP_BYTES = 1 << 16


def tar_members(stream: gzip.GzipFile, name: str) -> Iterator[tuple[str, int]]:
    """Yield name and size of each regular file, ``stream`` standing at its first byte.

    Whoever iterates may read the file, or a part of it; the rest is skipped.

    Args:
        stream: A decompressed tar archive, at its beginning.
        name: Base name of the archive, for the error.

    Raises:
        InvalidDataError: A header is damaged, the archive is cut off, or it is larger than any data set.
    """
    while any(header := stream.read(_BLOCK)):
        size = _size(header, name)
        begin = stream.tell()
        if begin + size > _MAX_BYTES:
            raise _too_large(name)
        if header[156:157] in _REGULAR_FILE:
            yield header[:100].rstrip(b"\0").decode("latin-1"), size
        _skip_to(stream, begin + -(-size // _BLOCK) * _BLOCK, name)
    while stream.read(_SKIP_BYTES):  # to the end, where gzip's checksum stands
        if stream.tell() > _MAX_BYTES:
            raise _too_large(name)


def _too_large(name: str) -> InvalidDataError:
    return invalid(name, f"at most {_MAX_BYTES:,} bytes of content", "more")


def _size(header: bytes, name: str) -> int:
    checksum = re.fullmatch(rb" *([0-7]+)[ \0]*", header[148:156])
    size = re.fullmatch(rb" *([0-7]+)[ \0]*", header[124:136])
    unsigned_sum = sum(header[:148]) + sum(b" " * 8) + sum(header[156:])
    if not checksum or not size or len(header) < _BLOCK or int(checksum[1], 8) != unsigned_sum:
        raise invalid(name, "a tar archive", "a damaged header in it")
    return int(size[1], 8)


def _skip_to(stream: gzip.GzipFile, position: int, name: str) -> None:
    while stream.tell() < position:
        if not stream.read(min(_SKIP_BYTES, position - stream.tell())):
            raise invalid(name, "a whole tar archive", "one that is cut off")
