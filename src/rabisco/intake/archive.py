"""The files of a folder or of a zip or tar archive; an archive is read in place, nothing is unpacked by name."""

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rabisco.errors import N_, InvalidImageError, Sentence
from rabisco.images import begins_as_picture
from rabisco.intake import tar
from rabisco.intake.findings import Finding, refuse
from rabisco.intake.lines import MAX_RATIO
from rabisco.settings import get_settings
from rabisco.text import guess_encoding, normalized

MAX_FILES = 200_000
MAX_TOTAL_BYTES = 8 << 30
HARMLESS_BYTES = 1 << 20
MAX_DIRECTORY_BYTES = 128 << 20
END_BYTES = 22 + (1 << 16) + 76  # the end of a zip archive, its comment, and what comes before in large ones
HEAD = 16  # bytes that tell a picture
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # zipfile bounds what it decompresses of these two alone
_METHOD_NAMES = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 96: "JPEG", 98: "PPMd"}
_UTF_8 = 0x800  # flag of a zip entry
_UNICODE_PATH = 0x7075  # extra field of a zip entry

_CLUTTER = frozenset(("thumbs.db", "desktop.ini", "readme.md", "readme.txt", "license", "license.txt"))
_PICTURE_SUFFIXES = ".png .apng .jpg .jpeg .jpe .jfif .pjpeg .gif .bmp .dib .webp .tif .tiff .avif .heic .heif"
_PICTURES = frozenset(_PICTURE_SUFFIXES.split())
_TABLES = frozenset((".csv", ".tsv", ".txt"))
_OTHER_SUFFIXES = ".json .xml .yaml .yml .md .html .py .ipynb .npy .npz .pkl .mat"
_OTHERS = frozenset(_OTHER_SUFFIXES.split())
_OFFICE = {
    "xl": N_("an Excel workbook (XLSX)"),
    "word": N_("a Word document"),
    "ppt": N_("a presentation"),
}

Form = Literal["folder", "zip", "tar"]


@dataclass(frozen=True)
class Member:
    """One file among pictures.

    Attributes:
        name: With its folders, ``/`` between them, normalized; see ``rabisco.text``.
        size: In bytes, unpacked.
        source: What finds it where it lies.
    """

    name: str
    size: int
    source: Any = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Folders and name."""
        return tuple(self.name.split("/"))

    @property
    def suffix(self) -> str:
        """The end of its name from the last dot on, in small letters."""
        stem, _, end = self.parts[-1].rpartition(".")
        return f".{end.lower()}" if stem and end else ""

    @property
    def is_table(self) -> bool:
        """Whether it is named as a table is."""
        return self.suffix in _TABLES


Read = Callable[[Member, int], bytes]


@dataclass(frozen=True)
class Contents:
    """What a folder or an archive holds.

    Attributes:
        members: Its files, in the order of their names, without those that systems leave behind.
        read_start: Returns the first bytes of one of them, at most the given number.
        notes: What is to be known of their names.
    """

    members: list[Member]
    read_start: Read
    notes: tuple[Finding, ...] = ()

    def read(self, member: Member) -> bytes:
        """Return the bytes of a file, one more than an upload may have if it is larger.

        Raises:
            InvalidImageError: It is damaged.
        """
        return self.read_start(member, get_settings().max_upload_bytes + 1)

    def is_picture(self, member: Member) -> bool:
        """Return whether a file is named as a picture is, or begins as one where its name says nothing."""
        if member.suffix in _PICTURES:
            return True
        if member.suffix in _TABLES | _OTHERS:
            return False
        try:
            return begins_as_picture(self.read_start(member, HEAD))
        except InvalidImageError:
            return False


def form_of(path: Path) -> Form | None:
    """Return what pictures lie in: a folder, a zip or a tar archive, compressed or not; ``None`` for other files.

    Raises:
        UnusableDataError: It is an archive of a kind that cannot be read.
    """
    if path.is_dir():
        return "folder"
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) or zipfile.is_zipfile(path):
        return "zip"
    for magic, kind in ((b"7z\xbc\xaf", N_("a 7-Zip archive")), (b"Rar!", N_("a RAR archive"))):
        if head.startswith(magic):
            raise refuse("other-archive", kind=Sentence(kind))
    return "tar" if tar.is_tar(path, head) else None


@contextmanager
def open_members(path: Path) -> Iterator[Contents]:
    """Yield the files of a folder or archive.

    Raises:
        UnusableDataError: It is damaged, or made to do harm: names that lead out of it, links, bombs.
    """
    form = form_of(path)
    with ExitStack() as files:
        if form == "folder":
            yield _contents(_folder_members(path), lambda member, most: _read_file(path / member.source, most))
        elif form == "tar":
            packed = tar.Archive(path, files)
            yield _contents(_tar_members(packed), lambda member, most: _read_tar_member(packed, member, most))
        else:
            archive = files.enter_context(_opened_zip(path))
            members = _zip_members(archive, path.stat().st_size)
            yield _contents(members, lambda member, most: _read_zip_member(archive, member, most))


def _contents(found: list[tuple[bytes, int, Any]], read_start: Read) -> Contents:
    """Return files with normalized names: composed, ``/`` between folders, encoding guessed."""
    encoding = guess_encoding(name for name, _, _ in found)
    members = []
    for raw, size, source in found:
        parts = [normalized(part) for part in raw.decode(encoding, "replace").replace("\\", "/").split("/")]
        kept = [part for part in parts if part not in ("", ".")]
        if not _is_clutter(kept):
            members.append(Member("/".join(kept), size, source))
    if sum(member.size for member in members) > MAX_TOTAL_BYTES:
        raise refuse("total-too-large", limit=MAX_TOTAL_BYTES)
    members.sort(key=lambda member: member.name)
    notes: tuple[Finding, ...] = ()
    if encoding != "utf-8":
        example = next(name for name, _, _ in found if not name.isascii()).decode(encoding, "replace")
        notes = (Finding("names-encoding", {"encoding": encoding, "example": normalized(example)[-40:]}),)
    contents = Contents(members, read_start, notes)
    _refuse_other_archives(contents)
    return contents


def _is_clutter(parts: Sequence[str]) -> bool:
    return not parts or parts[-1].lower() in _CLUTTER or any(part.startswith((".", "__MACOSX")) for part in parts)


def _refuse_other_archives(contents: Contents) -> None:
    names = [member.name for member in contents.members]
    if "[Content_Types].xml" in names:
        folder = next((name.partition("/")[0] for name in names if name.partition("/")[0] in _OFFICE), "")
        raise refuse("binary", kind=Sentence(_OFFICE.get(folder, N_("an Office document"))))
    if "mimetype" in names and "content.xml" in names:
        raise refuse("binary", kind=Sentence(N_("an OpenDocument file (ODS)")))
    if names and all(name.endswith(".npy") for name in names):
        raise refuse("binary", kind=Sentence(N_("a NumPy archive (NPZ)")))
    tables = any(name.lower().endswith((".csv", ".tsv")) for name in names)
    if tables and not any(contents.is_picture(member) for member in contents.members):
        raise refuse("zip-of-tables")


def _refuse_harmful_name(name: str) -> None:
    if name.startswith("/") or name[1:2] == ":" or (".." in name and ".." in name.split("/")) or "\0" in name:
        shown = "".join(character if character.isprintable() else "�" for character in name[:60])
        raise refuse("zip-slip", name=shown)


def _folder_members(folder: Path) -> list[tuple[bytes, int, Any]]:
    members = []
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent) / name
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise refuse("symlink", name=relative)
            if name in files:
                members.append((os.fsencode(relative), path.stat().st_size, relative))
        if len(members) > MAX_FILES:
            raise refuse("too-many-files", limit=MAX_FILES)
    return members


def _read_file(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


def _opened_zip(path: Path) -> zipfile.ZipFile:
    if _zip_entries(path) > MAX_FILES:  # zipfile makes an object of each before anybody can count them
        raise refuse("too-many-files", limit=MAX_FILES)
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError):
        raise refuse("zip-damaged") from None


def _zip_entries(path: Path) -> int:
    """Return how many files the directory of a zip archive lists, by its bytes; too many if it is too large."""
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - END_BYTES))
        end = file.read()
        place = end.rfind(b"PK\x05\x06")
        record = end[place : place + 22]
        if place < 0 or len(record) < 22:
            return 0
        size, start = int.from_bytes(record[12:16], "little"), length - len(end) + place
        locator = end[place - 20 : place] if place >= 20 else b""
        if size == 0xFFFFFFFF and locator.startswith(b"PK\x06\x07"):  # 64 bits
            start = int.from_bytes(locator[8:16], "little")
            file.seek(start)
            size = int.from_bytes(file.read(56)[40:48], "little")
        if size > MAX_DIRECTORY_BYTES:
            return MAX_FILES + 1
        file.seek(max(0, start - size))
        return file.read(size).count(b"PK\x01\x02")


def _zip_members(archive: zipfile.ZipFile, archive_bytes: int) -> list[tuple[bytes, int, Any]]:
    infos = archive.infolist()
    if len(infos) > MAX_FILES:
        raise refuse("too-many-files", limit=MAX_FILES)
    if sum(info.file_size for info in infos) > max(MAX_RATIO * archive_bytes, HARMLESS_BYTES):
        raise refuse("compression-bomb", ratio=MAX_RATIO)
    for info in infos:
        _refuse_harm(info)
    # zipfile asks an empty name for its last letter
    return [(_zip_name(info), info.file_size, info) for info in infos if info.filename and not info.is_dir()]


def _zip_name(info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a name as in the archive; zipfile decodes those that declare no encoding as CP437."""
    rest = info.extra
    while len(rest) > 4:
        kind, size = int.from_bytes(rest[:2], "little"), int.from_bytes(rest[2:4], "little")
        if kind == _UNICODE_PATH and size > 5:
            return rest[9 : 4 + size]
        rest = rest[4 + size :]
    return info.filename.encode("utf-8" if info.flag_bits & _UTF_8 else "cp437", "surrogateescape")


def _refuse_harm(info: zipfile.ZipInfo) -> None:
    # zipfile ends a name at a NUL and turns backslashes round on Windows alone: the name as stored is what counts
    name = info.orig_filename.replace("\\", "/")
    _refuse_harmful_name(name)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise refuse("symlink", name=normalized(name)[:60])
    if info.flag_bits & 1:
        raise refuse("zip-encrypted")
    if info.compress_type not in _METHODS:
        method = _METHOD_NAMES.get(info.compress_type, str(info.compress_type))
        raise refuse("zip-method", name=normalized(name)[-60:], method=method)
    if info.file_size > max(MAX_RATIO * info.compress_size, HARMLESS_BYTES):
        raise refuse("compression-bomb", ratio=MAX_RATIO)


def _read_zip_member(archive: zipfile.ZipFile, member: Member, most: int) -> bytes:
    try:
        with archive.open(member.source) as stream:
            return stream.read(most)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        raise _damaged() from None


def _damaged() -> InvalidImageError:
    return InvalidImageError(N_("expected a whole file in the archive, received a damaged one; make it again"))


def _tar_members(archive: tar.Archive) -> list[tuple[bytes, int, Any]]:
    members = []
    for count, entry in enumerate(tar.entries(archive), start=1):
        name = entry.name.decode("utf-8", "surrogateescape")
        _refuse_harmful_name(name.replace("\\", "/"))
        if entry.is_link:
            raise refuse("symlink", name=normalized(name)[:60])
        if count > MAX_FILES:
            raise refuse("too-many-files", limit=MAX_FILES)
        if entry.place + entry.size > MAX_TOTAL_BYTES:
            raise refuse("total-too-large", limit=MAX_TOTAL_BYTES)
        if entry.is_file:
            members.append((entry.name, entry.size, entry.place))
    return members


def _read_tar_member(archive: tar.Archive, member: Member, most: int) -> bytes:
    try:
        content = archive.read_at(member.source, min(member.size, most))
    except tar.DAMAGED:
        raise _damaged() from None
    if len(content) < min(member.size, most):
        raise _damaged()
    return content
