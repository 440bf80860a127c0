"""The pictures of a folder, archive or table, one after another in an order that is always the same.

Each picture has a name and a function that returns its path or bytes. Call it before asking for the next picture, or
not at all: pictures answered by an earlier run are skipped unread. No more than one is held at a time.
"""

import csv
import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import IO, Any

from rabisco.errors import InvalidDataError, InvalidRequestError, MissingExtraError

MOST_BYTES = 256 << 20  # of one picture file
PARQUET_ROWS = 64  # that are read at once
COLUMNS = ("path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "picture", "img")
_DELIMITERS = ",;\t|"
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, csv.Error)

Content = Path | bytes
Found = Iterator[tuple[str, Callable[[], Content]]]


@dataclass(frozen=True)
class PictureSource:
    """Where pictures come from.

    Attributes:
        found: Their names, each with what returns its path or bytes.
        expected: Returns how many there will be, by how many have come; ``None`` if that cannot be told.
    """

    found: Found
    expected: Callable[[int], int | None]


class UnreadableMemberError(Exception):
    """One picture of an archive or table cannot be had, the others can."""


@contextmanager
def open_source(path: Path, left_out: Callable[[str, str], bool] = lambda *_: False) -> Iterator[PictureSource]:
    """Yield the pictures at ``path``.

    Args:
        path: A folder, a zip or tar archive (compressed or not), a Parquet file, or a table of paths (CSV, TSV).
        left_out: Tells, by folder and name, which files of a folder are not meant.

    Raises:
        InvalidRequestError: It is none of these.
        InvalidDataError: At once or while reading: it is damaged, so that what comes after cannot be found.
        MissingExtraError: Parquet needs the extra ``parquet``.
    """
    with ExitStack() as files:
        try:
            yield _opened(path, files, left_out)
        except _BROKEN as error:
            raise InvalidDataError(
                f"expected a whole archive or table. Received: {path.name}, which is damaged: {error}"
            ) from error


def _opened(path: Path, files: ExitStack, left_out: Callable[[str, str], bool]) -> PictureSource:
    if path.is_dir():
        total = sum(1 for _ in _files_of(path, left_out))
        found = ((str(PurePath(one).relative_to(path)), partial(Path, one)) for one in _files_of(path, left_out))
        return PictureSource(found, lambda _: total)
    if not path.is_file():
        raise InvalidRequestError(f"expected a folder or file. Received: {path}, which is not there; check the name")
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PAR1":
        return _parquet(path, files)
    if zipfile.is_zipfile(path):
        return _zip(path, files)
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return _table(path, files)
    if tarfile.is_tarfile(path):
        return _tar(path, files)
    raise InvalidRequestError(
        f"expected a folder, a zip or tar archive, a Parquet file or a CSV table of paths. Received: {path.name}"
    )


def _files_of(folder: Path, left_out: Callable[[str, str], bool]) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in sorted(names):
            if not _is_hidden(name) and not left_out(here, name):
                yield os.path.join(here, name)  # noqa: PTH118 - two million of them


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) or name in ("Thumbs.db", "desktop.ini")


def _zip(path: Path, files: ExitStack) -> PictureSource:
    archive = files.enter_context(zipfile.ZipFile(path))
    members = [one for one in archive.infolist() if not one.is_dir() and not _hidden_within(one.filename)]

    return PictureSource(((one.filename, partial(_from_zip, archive, one)) for one in members), lambda _: len(members))


def _from_zip(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as file:
            return _bounded(file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnreadableMemberError(f"it cannot be taken out of the archive: {error}") from error


def _tar(path: Path, files: ExitStack) -> PictureSource:
    raw = files.enter_context(path.open("rb"))
    archive = files.enter_context(tarfile.open(fileobj=raw, mode="r|*"))  # noqa: SIM115 - it is entered
    size = path.stat().st_size

    def found() -> Found:
        while (member := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined] # else it remembers each
            if member.isreg() and not _hidden_within(member.name):
                yield member.name, partial(_from_tar, archive, member)

    return PictureSource(found(), lambda done: max(done, round(done * size / max(raw.tell(), 1))))


def _from_tar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return b"" if file is None else _bounded(file)


def _hidden_within(name: str) -> bool:
    return any(map(_is_hidden, PurePath(name).parts))


def _bounded(file: IO[bytes]) -> bytes:
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UnreadableMemberError(f"a picture file has at most {MOST_BYTES:,} bytes; it has more")
    return content


def _table(path: Path, files: ExitStack) -> PictureSource:
    def opened() -> IO[str]:
        # Bytes that are no UTF-8 come through, and are those of the name of the file again.
        return files.enter_context(path.open(encoding="utf-8-sig", errors="surrogateescape", newline=""))

    line = opened().readline()
    delimiter = max(_DELIMITERS, key=line.count)
    first = next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    heads = [head.strip().casefold() for head in first]
    named = next((heads.index(name) for name in COLUMNS if name in heads), None)
    column = next((place for place, one in enumerate(first) if PurePath(one).suffix), None) if named is None else named
    if column is None:
        raise InvalidRequestError(
            f"{path.name}: expected a column called path, file or image, or a path in the first line. "
            f"Received: {line.strip()[:80]!r}"
        )

    def rows() -> Iterator[list[str]]:
        lines = csv.reader(opened(), delimiter=delimiter)
        if named is not None:
            next(lines)
        yield from (row for row in lines if row)

    def found() -> Found:
        for row in rows():
            name = row[column].strip() if column < len(row) else ""
            yield name, partial(Path, path.parent, name)

    total = sum(1 for _ in rows())
    return PictureSource(found(), lambda _: total)


def parquet() -> Any:
    """Return the module that reads and writes Parquet.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(
            'Parquet needs pyarrow, which is not installed; install the extra: pip install "rabisco[parquet]"'
        ) from error
    return pyarrow


def _parquet(path: Path, files: ExitStack) -> PictureSource:
    pyarrow = parquet()
    try:
        file = files.enter_context(pyarrow.parquet.ParquetFile(path, pre_buffer=False))
    except (pyarrow.ArrowException, OSError) as error:
        raise InvalidDataError(f"expected a whole Parquet file. Received: {path.name}, {error}") from error
    kinds, types = {field.name: field.type for field in file.schema_arrow}, pyarrow.types
    bytes_in = [
        name
        for name, kind in kinds.items()
        if types.is_binary(kind)
        or types.is_large_binary(kind)
        or (types.is_struct(kind) and any(kind.field(at).name == "bytes" for at in range(kind.num_fields)))
    ]
    texts = [name for name, kind in kinds.items() if types.is_string(kind) or types.is_large_string(kind)]
    names = [name for name in texts if name.casefold() in (*COLUMNS, "name", "id")]
    pictures = (bytes_in or [name for name in names if name.casefold() in COLUMNS])[:1]
    if not pictures:
        raise InvalidRequestError(
            f"{path.name}: expected a column of bytes, or of text called path, file or image. "
            f"Received: {', '.join(kinds)}"
        )

    def found() -> Found:
        number = 0
        for batch in file.iter_batches(PARQUET_ROWS, columns=list({*pictures, *names[:1]})):
            for row in batch.to_pylist():
                value, number = row[pictures[0]], number + 1
                inside = value.get("path") if isinstance(value, dict) else None
                name = (row[names[0]] if names else None) or inside or f"row {number}"
                yield str(name), _value_of(value, path.parent)

    return PictureSource(found(), lambda _: int(file.metadata.num_rows))


def _value_of(value: Any, folder: Path) -> Callable[[], Content]:
    """Return the content of a cell: bytes, a path, or both as data sets of pictures hold them."""
    content = (value.get("bytes") or value.get("path")) if isinstance(value, dict) else value
    return lambda: folder / content if isinstance(content, str) else bytes(content or b"")
