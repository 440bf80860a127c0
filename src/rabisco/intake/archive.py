"""Pictures in folders by class, in a folder or a zip archive; an archive is read in place, nothing is unpacked."""

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rabisco.errors import N_, InvalidImageError
from rabisco.intake.findings import refuse
from rabisco.settings import get_settings

MAX_FILES = 200_000
MAX_TOTAL_BYTES = 8 << 30
MAX_RATIO = 250
HARMLESS_BYTES = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # zipfile bounds what it decompresses of these two alone

_CLUTTER = frozenset(("thumbs.db", "desktop.ini", "readme.md", "readme.txt", "license", "license.txt"))
_PICTURES = frozenset((".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".webp", ".tif", ".tiff"))
_OFFICE = {"xl": "an Excel workbook (XLSX)", "word": "a Word document", "ppt": "a presentation"}


@dataclass(frozen=True)
class Member:
    """One file among pictures.

    Attributes:
        name: With its folders, ``/`` between them.
        size: In bytes, unpacked.
    """

    name: str
    size: int

    @property
    def parts(self) -> tuple[str, ...]:
        """Folders and name."""
        return PurePosixPath(self.name).parts

    @property
    def is_picture(self) -> bool:
        """Whether it is named as a picture is."""
        return PurePosixPath(self.name).suffix.lower() in _PICTURES


Read = Callable[[Member], bytes]


@contextmanager
def open_members(path: Path) -> Iterator[tuple[list[Member], Read]]:
    """Yield the files of a folder or archive, in the order of their names, and what reads one of them.

    Raises:
        UnusableDataError: It is damaged, or made to do harm: names that lead out of it, links, bombs.
    """
    if path.is_dir():
        yield _bounded(_folder_members(path)), lambda member: _read_file(path / member.name)
        return
    with _opened(path) as archive:
        yield _bounded(_zip_members(archive, path.stat().st_size)), lambda member: _read_member(archive, member)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError):
        raise refuse("zip-damaged") from None


def _bounded(members: list[Member]) -> list[Member]:
    if sum(member.size for member in members) > MAX_TOTAL_BYTES:
        raise refuse("total-too-large", limit=MAX_TOTAL_BYTES)
    return sorted(members, key=lambda member: member.name)


def _is_clutter(parts: tuple[str, ...]) -> bool:
    return not parts or parts[-1].lower() in _CLUTTER or any(part.startswith((".", "__MACOSX")) for part in parts)


def _folder_members(folder: Path) -> list[Member]:
    members = []
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent) / name
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise refuse("symlink", name=relative)
            if name in files and not _is_clutter(PurePosixPath(relative).parts):
                members.append(Member(relative, path.stat().st_size))
        if len(members) > MAX_FILES:
            raise refuse("too-many-files", limit=MAX_FILES)
    return members


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(get_settings().max_upload_bytes + 1)


def _zip_members(archive: zipfile.ZipFile, archive_bytes: int) -> list[Member]:
    infos = archive.infolist()
    if len(infos) > MAX_FILES:
        raise refuse("too-many-files", limit=MAX_FILES)
    _refuse_other_archives([info.filename for info in infos])
    if sum(info.file_size for info in infos) > max(MAX_RATIO * archive_bytes, HARMLESS_BYTES):
        raise refuse("compression-bomb", ratio=MAX_RATIO)
    members = []
    for info in infos:
        _refuse_harm(info)
        parts = PurePosixPath(info.filename).parts
        if not _is_clutter(parts) and not info.is_dir():  # zipfile asks an empty name for its last letter
            members.append(Member(info.filename, info.file_size))
    return members


def _refuse_other_archives(names: list[str]) -> None:
    if "[Content_Types].xml" in names:
        folder = next((name.partition("/")[0] for name in names if name.partition("/")[0] in _OFFICE), "")
        raise refuse("binary", kind=_OFFICE.get(folder, "an Office document"))
    if "mimetype" in names and "content.xml" in names:
        raise refuse("binary", kind="an OpenDocument file (ODS)")
    if names and all(name.endswith(".npy") for name in names):
        raise refuse("binary", kind="a NumPy archive (NPZ)")
    tables = [name for name in names if name.lower().endswith((".csv", ".tsv"))]
    if tables and not any(Member(name, 0).is_picture for name in names):
        raise refuse("zip-of-tables")


def _refuse_harm(info: zipfile.ZipInfo) -> None:
    # zipfile ends a name at a NUL and turns backslashes round on Windows alone: the name as stored is what counts
    name = info.orig_filename.replace("\\", "/")
    shown = "".join(character if character.isprintable() else "�" for character in name[:60])
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/") or "\0" in name:
        raise refuse("zip-slip", name=shown)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise refuse("symlink", name=shown)
    if info.flag_bits & 1:
        raise refuse("zip-encrypted")
    if info.file_size > max(MAX_RATIO * info.compress_size, HARMLESS_BYTES):
        raise refuse("compression-bomb", ratio=MAX_RATIO)


def _read_member(archive: zipfile.ZipFile, member: Member) -> bytes:
    info = archive.getinfo(member.name)
    try:
        if info.compress_type in _METHODS:
            with archive.open(info) as stream:
                return stream.read(get_settings().max_upload_bytes + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        pass
    raise InvalidImageError(N_("expected a whole file in the archive, received a damaged one; make the zip again"))
