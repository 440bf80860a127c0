"""Tar archives as programs write them are read; those made to cost much are refused at little cost."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import processor_time_below
from tests.intake.tables import glyphs, png

from rabisco.errors import UnusableDataError
from rabisco.intake import inspect
from rabisco.intake.archive import MAX_FILES

MOST_SECONDS = 2.0  # of processor time, as SECURITY.md promises
END = bytes(1024)
PICTURE = png(glyphs()[0][0])
PACKED: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def with_size(field: bytes) -> bytes:
    """Return the header of a file whose size is written so, its checksum put right."""
    changed = bytearray(header("a/1.png"))
    changed[124:136], changed[148:156] = field, b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


def note(content: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    return header("note", len(content), kind) + content + bytes(-len(content) % 512)


def packed_zeros(pack: Callable[[bytes], bytes], megabytes: int) -> bytes:
    return pack(header("a/1.png", megabytes << 20)) + pack(bytes(1 << 20)) * megabytes + pack(END)


COSTLY: dict[str, tuple[Callable[[], bytes], str]] = {
    "many files": (lambda: header("a/1.png") * (MAX_FILES + 1) + END, "files, received more"),
    "many folders": (lambda: header("a/", kind=tarfile.DIRTYPE) * (MAX_FILES + 1) + END, "files, received more"),
    "a link after many files": (
        lambda: header("a/1.png") * (MAX_FILES - 1) + header("evil", kind=tarfile.SYMTYPE) + END,
        "received the link evil",
    ),
    "damage after many files": (lambda: header("a/1.png") * 20_000 + b"x" * 512, "cut off or damaged"),
    "no picture among many files": (lambda: header("a/1.txt") * (MAX_FILES // 2) + END, "files that are no pictures"),
    **{
        f"a bomb, {name}": (lambda pack=pack: packed_zeros(pack, 500), "unpacks to more")
        for name, pack in PACKED.items()
    },
    **{
        f"a bomb behind noise, {name}": (
            lambda pack=pack: pack(header("a/0.png", 1 << 20) + os.urandom(1 << 20)) + packed_zeros(pack, 300),
            "unpacks to more than",
        )
        for name, pack in PACKED.items()
    },
    "a bomb after the end": (
        lambda: gzip.compress(header("a/1.png") + END) + gzip.compress(bytes(1 << 20)) * 300,
        "unpacks to more than",
    ),
    "a size beyond all": (lambda: gzip.compress(with_size(b"\x80" + b"\x7f" * 11) + END), "bytes of pictures"),
    "a note of 300 MB": (
        lambda: gzip.compress(header("x", 300 << 20, tarfile.XHDTYPE)) + gzip.compress(bytes(1 << 20)) * 300,
        "cut off or damaged",
    ),
    "notes without end": (lambda: note(b"30 comment=" + b"x" * 18 + b"\n") * 5000, "cut off or damaged"),
    "long names without end": (lambda: note(b"", tarfile.GNUTYPE_LONGNAME) * 5000, "cut off or damaged"),
    "a size below zero": (lambda: with_size(b"\xff" * 12) + END, "cut off or damaged"),
    "a size below zero in octal": (lambda: with_size(b"-0000000777\0") + END, "cut off or damaged"),
    "a note of a size below zero": (lambda: note(b"12 size=-99\n") + header("a/1.png") + END, "cut off or damaged"),
    "a note of a way out": (lambda: note(b"19 path=../evil.png\n") + header("a/1.png") + END, "leads out of it"),
    "a file with holes": (lambda: header("a/1.png", kind=tarfile.GNUTYPE_SPARSE) + END, "has holes"),
    "a file with holes by a note": (
        lambda: note(b"22 GNU.sparse.major=1\n") + header("a/1.png") + END,
        "has holes",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COSTLY)
def test_an_archive_made_to_cost_much_is_refused_within_two_seconds(name: str, tmp_path: Path) -> None:
    make, said = COSTLY[name]
    path = tmp_path / "own.tar"
    path.write_bytes(make())
    with processor_time_below(MOST_SECONDS), pytest.raises(UnusableDataError, match=said):
        inspect(path)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("length", [10, 90])
def test_names_of_any_length_are_read_in_every_form(form: int, length: int, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers={"comment": "é"}) as archive:
        for label in "ab":
            folder = tarfile.TarInfo(label * length)
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
            for place in range(6):
                info = tarfile.TarInfo(f"{label * length}/{place}{'x' * length}é.png")
                info.size = len(PICTURE)
                archive.addfile(info, io.BytesIO(PICTURE))
    path = tmp_path / "own"
    path.write_bytes(buffer.getvalue())
    found = inspect(path)
    assert {one.name: one.train for one in found.classes} == {"a" * length: 6, "b" * length: 6}
