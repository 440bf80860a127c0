"""A text file, compressed or not, in any encoding and with any line ends, as blocks of whole lines in UTF-8.

However large or hostile the file is, never more than a block and one line of it are in memory.
"""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rabisco.errors import N_, Sentence
from rabisco.intake.findings import refuse

BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 8 << 20  # 200,000 pixels in the longest notation that NumPy writes take 5 MB
MAX_TEXT_BYTES = 16 << 30
MAX_RATIO = 250  # a CSV of nothing but black images is compressed 200 times
HARMLESS_BYTES = 64 << 20  # so much is read whatever its ratio

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", N_("a PDF document")),
    (b"\xd0\xcf\x11\xe0", N_("an old Excel workbook (XLS)")),
    (b"\x89PNG", N_("a PNG picture")),
    (b"\xff\xd8\xff", N_("a JPEG picture")),
    (b"GIF8", N_("a GIF picture")),
    (b"\x93NUMPY", N_("a NumPy array")),
    (b"\x89HDF", N_("an HDF5 file")),
    (b"SQLite format 3", N_("a database")),
    (b"PAR1", N_("a Parquet file")),
    (b"BZh", N_("a bzip2 file")),
    (b"\xfd7zXZ", N_("an xz file")),
    (b"\x28\xb5\x2f\xfd", N_("a Zstandard file")),
    (b"\x80\x04", N_("a Python pickle")),
    (b"\x80\x05", N_("a Python pickle")),
    (b"\x7fELF", N_("a program")),
    (b"MZ", N_("a program")),
    (b"\x00\x00\x08", N_("an IDX file")),
    (b"MATLAB", N_("a MATLAB file")),
    (b"\x04\x22\x4d\x18", N_("an LZ4 file")),
    (b"@relation", N_("an ARFF file")),
    (b"@RELATION", N_("an ARFF file")),
    (b"PK\x03\x04", N_("a zip archive")),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"{\\rtf", N_("a text document (RTF)")),
)

_SVMLIGHT = re.compile(rb"[+-]?\d+(?:\.\d+)?(?: \d+:\S+){2}")


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield the text of a file in blocks of whole lines, each ended by a line feed; no byte order mark.

    Raises:
        UnusableDataError: It is no text, too large, damaged, or has a line beyond all measure.
    """
    line = 1
    try:
        with _opened(path) as stream:
            encoding = _encoding(stream.read(BLOCK_BYTES))
            stream.seek(0)
            # Bytes that are no UTF-8 come through as they are.
            errors = "surrogateescape" if encoding == "utf-8-sig" else "strict"
            text = io.TextIOWrapper(stream, encoding, errors)
            while start := text.read(BLOCK_BYTES):
                end = "" if start.endswith("\n") else text.readline(MAX_LINE_BYTES)
                block = (start + end).encode("utf-8", errors)
                if b"\0" in block:
                    raise refuse("nul", line=line + block.count(b"\n", 0, block.index(b"\0")))
                if len(end) == MAX_LINE_BYTES:
                    raise refuse("line-too-long", limit=MAX_LINE_BYTES, line=line + block.count(b"\n"))
                if isinstance(stream, gzip.GzipFile):
                    _refuse_bomb(stream.tell(), path)
                yield block if block.endswith(b"\n") else block + b"\n"
                line += block.count(b"\n")
    except UnicodeError:
        raise refuse("encoding", encoding=Sentence(N_("damaged UTF-16"))) from None


def _refuse_bomb(received: int, path: Path) -> None:
    """Refuse a file that is decompressed further than data would be."""
    if received > max(HARMLESS_BYTES, MAX_RATIO * path.stat().st_size):
        raise refuse("compression-bomb", ratio=MAX_RATIO)
    if received > MAX_TEXT_BYTES:
        raise refuse("text-too-large", limit=MAX_TEXT_BYTES)


def _encoding(head: bytes) -> str:
    """Return the encoding of a text, by Python's name; UTF-8 stands for all whose bytes can be read as they are."""
    if not head.strip():
        raise refuse("empty")
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise refuse("encoding", encoding="UTF-32")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = head.removeprefix(codecs.BOM_UTF8)[:512]
    _refuse_other_kinds(start)
    pairs = max(1, len(start) // 2)
    if start[1::2].count(0) > 0.9 * pairs and not start[::2].count(0):
        return "utf-16-le"
    if start[::2].count(0) > 0.9 * pairs and not start[1::2].count(0):
        return "utf-16-be"
    return "utf-8-sig"


def _refuse_other_kinds(start: bytes) -> None:
    text = start.lstrip()
    for magic, kind in _KINDS:
        if text.startswith(magic):
            raise refuse("binary", kind=Sentence(kind))
    if start[4:8] == b"ftyp":
        raise refuse("binary", kind=Sentence(N_("a film or a photograph")))
    if _SVMLIGHT.match(text):
        raise refuse("binary", kind=Sentence(N_("an SVMlight file")))
    if start[257:262] == b"ustar":
        raise refuse("binary", kind=Sentence(N_("a tar archive")))
    if text.startswith(b"<"):
        raise refuse("page")


@contextmanager
def _opened(path: Path) -> Iterator[gzip.GzipFile | io.BufferedReader]:
    try:
        file = path.open("rb")
    except OSError:
        raise refuse("missing", name=path.name) from None
    with file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            yield gzip.GzipFile(fileobj=file) if compressed else file
        except EOFError:
            raise refuse("compressed-truncated") from None
        except (zlib.error, gzip.BadGzipFile):
            raise refuse("compressed-damaged") from None
