"""The entries of a tar archive, compressed or not, by their headers: where each lies, to be read in place.

The standard library's ``tarfile`` makes an object of each entry and reads headers of any length into memory; here an
archive that is refused costs little, however it is made.

Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html ("ustar Interchange Format").
"""

import bz2
import gzip
import lzma
import os
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from rabisco.errors import N_, StorageError
from rabisco.intake.findings import refuse
from rabisco.intake.lines import MAX_RATIO
from rabisco.settings import get_settings

BLOCK = 512
CREDIT = 64 << 20  # bytes that may come of fewer compressed ones than MAX_RATIO asks for
PIECE = 1 << 20
MAX_NOTE_BYTES = 1 << 20  # of a header that says more of the next entry
MAX_NOTES = 8  # such headers before one entry
MAX_RECORDS = 20  # that matter in one of them
DAMAGED = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)

_LONG_NAME, _LONG_LINK, _PAX, _PAX_OF_ALL = b"L", b"K", b"x", b"g"
_NOTES = (_LONG_NAME, _LONG_LINK, _PAX, _PAX_OF_ALL)
_FILES, _LINKS, _SPARSE = (b"0", b"\0", b"7"), (b"1", b"2"), b"S"
_WITHOUT_CONTENT = (b"1", b"2", b"3", b"4", b"5", b"6")

_RECORD = re.compile(rb"(?:^|\n)(\d{1,7}) (?:(path|size)=|(GNU\.sparse)\.)")

_Compressed = gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile


class TarEntry(NamedTuple):
    """A file, link, folder or other thing in an archive: its name, and where its content lies."""

    name: bytes
    size: int
    place: int
    is_file: bool
    is_link: bool


class Archive:
    """A tar archive to be read in place; one that is compressed is decompressed into a nameless file as it is read.

    It is refused once it expands too much. Each compressed byte read adds to a credit that is capped at its initial
    value, so incompressible data at the start cannot pay for a bomb later.
    """

    def __init__(self, path: Path, files: ExitStack) -> None:
        self._raw = files.enter_context(path.open("rb"))
        self._stream = _decompressing(self._raw, self._raw.read(BLOCK))
        self._plain: IO[bytes] = self._raw
        if self._stream is not None:
            files.callback(self._stream.close)
            self._plain = files.enter_context(_nameless_file())
        self._length, self._credit = 0, CREDIT

    def read_at(self, place: int, size: int) -> bytes:
        """Return ``size`` bytes from ``place`` on; fewer at the end."""
        while self._length < place + size and (piece := self._next()):
            with _needing_room():
                self._plain.write(piece)
                self._plain.flush()
            self._length += len(piece)
        return os.pread(self._plain.fileno(), size, place)

    def finish(self) -> None:
        """Read what comes after the end of the archive."""
        while self._next():
            pass

    def _next(self) -> bytes:
        if self._stream is None:
            return b""
        before = self._raw.tell()
        piece = self._stream.read(PIECE)
        self._credit = min(CREDIT, self._credit + MAX_RATIO * (self._raw.tell() - before)) - len(piece)
        if self._credit < 0:
            raise refuse("compression-bomb", ratio=MAX_RATIO)
        return piece


def is_tar(path: Path, head: bytes) -> bool:
    """Return whether a file that begins with these 512 bytes is a tar archive, compressed or not."""
    try:
        with path.open("rb") as raw:
            stream = _decompressing(raw, head)
            return (head if stream is None else stream.read(BLOCK))[257:262] == b"ustar"
    except DAMAGED:
        return False


def entries(archive: Archive) -> Iterator[TarEntry]:
    """Yield each entry, as soon as its header has been read.

    Raises:
        UnusableDataError: It is damaged, unpacks to far more than its size, or holds files with holes.
    """
    place, notes = 0, list[tuple[bytes, bytes]]()
    try:
        while any(header := archive.read_at(place, BLOCK)):
            kind, size, content = header[156:157], _size(header), place + BLOCK
            if kind in _NOTES:
                if size > MAX_NOTE_BYTES or len(notes) == MAX_NOTES:
                    raise refuse("tar-damaged")
                notes.append((kind, archive.read_at(content, size)))
            else:
                entry = _entry(header, size, content, _said(notes))
                size, notes = entry.size, []
                yield entry
            place = content + -(-size // BLOCK) * BLOCK
        if len(header) < BLOCK or notes:
            raise refuse("tar-damaged")
        archive.finish()
    except DAMAGED:
        raise refuse("tar-damaged") from None


def _size(header: bytes) -> int:
    """Return the bytes that follow a header, after a look at its checksum."""
    # The lower half of Adler-32 is one more than the sum of all bytes, modulo 65521: much faster than sum().
    total = zlib.adler32(header[:148] + b" " * 8 + header[156:]) & 0xFFFF
    if len(header) < BLOCK or (_number(header[148:156]) + 1) % 65521 != total:
        raise refuse("tar-damaged")
    return _number(header[124:136])


def _number(field: bytes) -> int:
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    number = int(field.partition(b"\0")[0].strip() or b"0", 8)
    if number < 0:
        raise ValueError
    return number


def _said(notes: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return what headers say of the entry that comes next: its ``path``, its ``size``, that it has holes."""
    said: dict[bytes, bytes] = {}
    for kind, note in notes:
        if kind == _LONG_NAME:
            said[b"path"] = note.partition(b"\0")[0]
        if kind == _PAX:
            for record in islice(_RECORD.finditer(note), MAX_RECORDS):
                said[record[2] or record[3]] = note[record.end() : record.start(1) + int(record[1]) - 1]
    return said


def _entry(header: bytes, size: int, place: int, said: dict[bytes, bytes]) -> TarEntry:
    kind, name = header[156:157], header[:100].partition(b"\0")[0]
    if header[257:263] == b"ustar\0" and (prefix := header[345:500].partition(b"\0")[0]):
        name = prefix + b"/" + name
    if said:
        name, size = said.get(b"path", name), _number(b"%o" % int(said.get(b"size", size)))
    if kind == _SPARSE or b"GNU.sparse" in said:
        raise refuse("tar-sparse", name=name[-60:].decode("utf-8", "replace"))
    if kind in _WITHOUT_CONTENT or (kind == b"\0" and name.endswith(b"/")):
        size, is_file = 0, False
    else:
        is_file = kind in _FILES
    return TarEntry(name, size, place, is_file, kind in _LINKS)


def _decompressing(raw: IO[bytes], head: bytes) -> _Compressed | None:
    """Return what decompresses a file, by its first bytes; ``None`` if it is not compressed."""
    raw.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)
    if head.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    return lzma.LZMAFile(raw) if head.startswith(b"\xfd7zXZ") else None


def _nameless_file() -> IO[bytes]:
    """Return a file without a name in the folder of uploads; the system's folder for such files may be small."""
    folder = get_settings().home / "uploads"
    with _needing_room():
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)


@contextmanager
def _needing_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            N_("unpacking the archive needs a folder that is writable and has room. Received: %(reason)s"),
            reason=str(error.strerror or error),
        ) from error
