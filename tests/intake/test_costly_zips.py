"""Zip archives made to cost much are refused at little cost, in time and in memory."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import processor_time_below
from tests.intake.tables import glyphs, png, zipped

from rabisco.errors import UnusableDataError
from rabisco.intake import inspect
from rabisco.intake.archive import MAX_FILES

MOST_SECONDS = 2.0  # of processor time, as SECURITY.md promises
PICTURE = png(glyphs()[0][0])


def repeated(name: str, times: int, last: str = "", content: bytes = b"") -> bytes:
    """Return an archive whose directory lists one file many times, and a link in the end if it has a name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
        if last:
            link = zipfile.ZipInfo(last)
            link.external_attr = 0o120777 << 16
            archive.writestr(link, b"")
    packed = buffer.getvalue()
    start, end = packed.index(b"PK\1\2"), packed.index(b"PK\5\6")
    first = packed[start : packed.index(b"PK\1\2", start + 1) if last else end]
    directory = first * (times - 1) + packed[start:end]
    record = bytearray(packed[end:])
    record[12:16] = len(directory).to_bytes(4, "little")
    return packed[:start] + directory + bytes(record)


COSTLY: dict[str, tuple[Callable[[], bytes], str]] = {
    "many files": (lambda: repeated("a/1.png", MAX_FILES + 1), "files, received more"),
    "a link after many files": (lambda: repeated("a/1.png", MAX_FILES - 1, "evil"), "received the link evil"),
    "no picture among many files": (lambda: repeated("a/1.txt", MAX_FILES // 2), "files that are no pictures"),
    "many empty pictures": (lambda: repeated("a/1.png", 20_000), "at least one row that can be read"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", COSTLY)
def test_an_archive_made_to_cost_much_is_refused_within_two_seconds(name: str, tmp_path: Path) -> None:
    make, said = COSTLY[name]
    path = tmp_path / "own.zip"
    path.write_bytes(make())
    with processor_time_below(MOST_SECONDS), pytest.raises(UnusableDataError, match=said):
        inspect(path)


def test_many_tables_beside_many_pictures_are_looked_through_quickly(tmp_path: Path) -> None:
    pictures = {f"{place:04}.png": PICTURE for place in range(1000)}
    tables = {f"notes/{place:04}.csv": b"file,label\nx.png,1\ny.png,2\n" for place in range(1000)}
    path = tmp_path / "own.zip"
    path.write_bytes(zipped({**pictures, **tables}))
    with processor_time_below(2 * MOST_SECONDS):
        inspect(path)


def test_a_table_with_an_endless_cell_tells_nothing_and_the_pictures_are_read(tmp_path: Path) -> None:
    pictures = {f"{name}_{place}.png": PICTURE for name in ("cat", "dog") for place in range(6)}
    path = tmp_path / "own.zip"
    path.write_bytes(zipped({**pictures, "labels.csv": b'file,label\n"' + b"x" * 200_000}))
    assert inspect(path).class_names == ("cat", "dog")


@pytest.mark.slow
def test_a_table_of_very_many_cells_is_not_held_in_memory(tmp_path: Path) -> None:
    table = b"".join(b"%07d,b,c,d,e,f,g,h\n" % row for row in range(550_000))
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.png", PICTURE)
        archive.writestr("labels.csv", table)
    tracemalloc.start()
    inspect(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * len(table)
