"""Files that are no data, or made to do harm, each with the message that its sender reads."""

import gzip
import stat
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from tests.intake.tables import Writing, glyphs, png, write_table, zipped

from rabisco.errors import UnusableDataError
from rabisco.intake import Choices, inspect, lines, load
from rabisco.intake.findings import MESSAGES

IMAGES, LABELS = glyphs()
GOOD = write_table(IMAGES, LABELS.tolist())
HEADER, FIRST, *REST = GOOD.split(b"\n")
PICTURES = {
    f"{label}/{place}.png": png(image) for place, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True))
}


def header_of(dtype: str) -> bytes:
    buffer = BytesIO()
    np.save(buffer, np.zeros(4, dtype))
    return buffer.getvalue()


def of_columns(count: int) -> bytes:
    return b"\n".join(b",".join([b"1"] * count) for _ in range(5))


def with_cell(cell: bytes, column: int = 5) -> bytes:
    """Return the good table, every row of which has that cell."""
    rows = [row.split(b",") for row in (FIRST, *REST) if row]
    return b"\n".join([HEADER, *(b",".join([*row[:column], cell, *row[column + 1 :]]) for row in rows)])


def zip_with(name: str, *, mode: int = 0, flag: int = 0) -> bytes:
    info = zipfile.ZipInfo("placeholder")
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, content in PICTURES.items():
            archive.writestr(member, content)
        archive.writestr(info, b"../../etc/passwd")
    content = bytearray(buffer.getvalue())
    if flag:
        for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = content.rfind(signature)
            content[place + offset] |= flag
    return bytes(content)


def damaged_zip() -> bytes:
    content = zipped(PICTURES)
    return content[: len(content) // 2]


# name -> content of the file, part of the message. Each is refused outright, or reported among the errors.
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "received an empty file"),
    "only blank lines": (lambda: b"\n\n  \r\n", "received an empty file"),
    "only a header": (lambda: HEADER + b"\n", "expected at least one row that can be read"),
    "a web page": (lambda: b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "received a web page"),
    "XML": (lambda: b'<?xml version="1.0"?><data/>', "received a web page"),
    "a PDF": (lambda: b"%PDF-1.7\n1 0 obj", "received a PDF document"),
    "an Excel workbook": (
        lambda: zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}),
        "received an Excel workbook (XLSX)",
    ),
    "a Word document": (
        lambda: zipped({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}),
        "received a Word document",
    ),
    "an OpenDocument sheet": (
        lambda: zipped({"mimetype": b"application/vnd.oasis", "content.xml": b"<x/>"}),
        "received an OpenDocument file (ODS)",
    ),
    "an old Excel workbook": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an old Excel workbook (XLS)"),
    "a picture": (lambda: png(IMAGES[0]), "received a PNG picture"),
    "a NumPy array": (lambda: header_of("u1"), "received a NumPy array"),
    "a NumPy archive": (lambda: zipped({"x.npy": header_of("u1")}), "received a NumPy archive (NPZ)"),
    "an IDX file": (lambda: struct.pack(">4I", 0x803, 1, 28, 28) + bytes(784), "received an IDX file"),
    "JSON": (lambda: b'{"images": [[0, 0, 0]]}', "received JSON"),
    "a pickle": (lambda: b"\x80\x04\x95\x10\x00cos\nsystem\n", "received a Python pickle"),
    "a Parquet file": (lambda: b"PAR1" + bytes(50), "received a Parquet file"),
    "a tar archive": (lambda: b"a.csv".ljust(257, b"x") + b"ustar" + bytes(300), "cut off or damaged"),
    "NUL bytes": (lambda: GOOD[:9000] + b"\0\0\0" + GOOD[9000:], "received a NUL byte near line"),
    "UTF-32": (lambda: GOOD.decode().encode("utf-32"), "received UTF-32; save it as UTF-8"),
    "half a character of UTF-16": (lambda: GOOD.decode().encode("utf-16")[:-1], "received damaged UTF-16"),
    "gzip cut off": (
        lambda: gzip.compress(GOOD)[:-200],
        "gzip file, received one that is cut off",
    ),
    "gzip damaged": (
        lambda: gzip.compress(GOOD)[:40] + b"\xff" * 40 + gzip.compress(GOOD)[80:],
        "received one that cannot be decompressed",
    ),
    "a gzip bomb": (lambda: gzip.compress(b"0,0\n" * (17 << 20), 9), "unpacks to more than 250 times its size"),
    "one endless line": (lambda: b"0," * (lines.MAX_LINE_BYTES // 2 + 600_000), "line 1 is longer"),
    "a million columns": (lambda: of_columns(1_000_000), "expected at most 196,611 columns, received more"),
    "one column": (lambda: b"label\n1\n2\n3\n", "found none of them"),
    "prose": (lambda: b"Dear Sir or Madam\nplease find enclosed\nmy handwriting\n", "many different ones"),
    "no square": (lambda: of_columns(701), "received 701 columns"),
    "images of 3 by 3": (lambda: of_columns(10), "received 10 columns"),
    "no labels": (lambda: of_columns(784), "received 784 columns, which are pixels alone"),
    "no two rows alike": (
        lambda: b"\n".join(b",".join([b"1"] * count) for count in range(20, 48)),
        "many different ones",
    ),
    "words for pixels": (lambda: with_cell(b"dark"), "received"),
    "standardized pixels": (
        lambda: b"\n".join(b"1," + b",".join([b"-0.42", b"2.8"] * 392) for _ in range(5)),
        "received -0.42 to 2.8; export the pixels themselves",
    ),
    "16-bit pixels": (
        lambda: b"\n".join(b"1," + b",".join([b"65535", b"12"] * 392) for _ in range(5)),
        "12.0 to 65535",
    ),
    "empty pixels": (lambda: with_cell(b""), "received"),
    "not a number": (lambda: with_cell(b"nan"), "expected"),
    "a formula for a pixel": (
        lambda: GOOD + FIRST.replace(b",0,", b",=1+1,", 1) + b"\n",
        "line 62 holds a spreadsheet formula",
    ),
    "a command for a label": (
        lambda: GOOD + b"=cmd|'/c calc'!A1" + FIRST[1:] + b"\n",
        "line 62 holds a spreadsheet formula",
    ),
    "a hidden formula": (lambda: GOOD + b"+1+cmd|'/c calc'!A1" + FIRST[1:] + b"\n", "spreadsheet formula"),
    "a formula that splits its row": (
        lambda: GOOD + b"=SUM(1,2)" + FIRST[1:] + b"\n",
        "line 62 holds a spreadsheet formula",
    ),
    "one class": (lambda: write_table(IMAGES, ["a"] * len(IMAGES)), "received only a; add another class"),
    "a class for each image": (
        lambda: write_table(IMAGES, [f"class {place}" for place in range(len(IMAGES))]),
        "expected at least 3 images of a class",
    ),
    "too many classes": (
        lambda: write_table(np.repeat(IMAGES[:, ::7, ::7], 20, axis=0), [f"c{place}" for place in range(1200)]),
        "expected at most 1,000 classes",
    ),
    "a zip cut off": (damaged_zip, "cut off or damaged"),
    "a zip with nothing": (lambda: zipped({}), "without any file"),
    "a zip of a CSV file": (lambda: zipped({"train.csv": GOOD}), "received a CSV file; unpack it"),
    "a zip without pictures": (
        lambda: zipped({"a/notes.doc": b"x", "b/notes.doc": b"y"}),
        "received files that are no pictures",
    ),
    "a zip that leads out": (lambda: zip_with("../../evil.png"), "../../evil.png, which leads out of it"),
    "a zip with an absolute name": (lambda: zip_with("/etc/cron.d/evil.png"), "which leads out of it"),
    "a zip with a drive letter": (lambda: zip_with("C:\\evil.png"), "which leads out of it"),
    "a zip with backslashes": (lambda: zip_with("a\\..\\..\\evil.png"), "which leads out of it"),
    "a zip with a link": (lambda: zip_with("a/link.png", mode=stat.S_IFLNK | 0o777), "received the link a/link.png"),
    "a zip with a password": (lambda: zip_with("a/secret.png", flag=1), "received an encrypted one"),
    "a zip bomb": (
        lambda: zipped({**PICTURES, "a/b.png": bytes(40 << 20)}),
        "unpacks to more than 250 times its size",
    ),
    "a zip of damaged pictures": (
        lambda: zipped({name: content[:60] for name, content in PICTURES.items()}),
        "the first reason: expected a whole PNG file",
    ),
    "a zip without classes": (
        lambda: zipped({f"{place}.png": content for place, content in enumerate(PICTURES.values())}),
        "it lies in no class's folder",
    ),
}


def refusal(path: Path, test: Path | None = None, choices: Choices | None = None) -> str:
    """Return why data are refused, outright or once they have been looked through; ``load`` refuses these too."""
    found: list[str] = []
    with pytest.raises(UnusableDataError) as refused:
        look_and_load(path, test, choices, found)
    assert refused.value.code in MESSAGES
    return found[0] if found else str(refused.value)


def look_and_load(path: Path, test: Path | None, choices: Choices | None, found: list[str]) -> None:
    inspection = inspect(path, test, choices)
    assert not inspection.usable
    found.append(inspection.errors[0].text)
    load(path, inspection.dialect)


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_data_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    make, expected = REFUSED[name]
    path = tmp_path / "own.csv"
    path.write_bytes(make())
    message = refusal(path)
    assert expected in message
    assert str(tmp_path) not in message
    assert "%(" not in message


def test_there_are_forty_of_them() -> None:
    assert len(REFUSED) >= 40


# name -> what is put in place of the fifth row, its reason
BAD_ROWS: dict[str, tuple[bytes, str]] = {
    "a cell too few": (FIRST.rpartition(b",")[0], "expected 785 cells, received 784"),
    "a cell too many": (FIRST + b",0", "expected 785 cells, received 786"),
    "half a row": (FIRST[:100], "expected 785 cells, received"),
    "an empty cell": (FIRST.replace(b",0,", b",,", 1), "the cell in column 2 is empty"),
    "a word": (FIRST.replace(b",0,", b",dark,", 1), "expected a number in column 2, received 'dark'"),
    "a number in hexadecimal": (FIRST.replace(b",0,", b",0x1F,", 1), "expected a number in column 2, received '0x1F'"),
    "a number with underscores": (FIRST.replace(b",0,", b",1_0,", 1), "expected a number in column 2"),
    "infinity": (FIRST.replace(b",0,", b",inf,", 1), "expected a pixel from 0 to 255 in column 2, received 'inf'"),
    "not a number": (FIRST.replace(b",0,", b",NaN,", 1), "expected a pixel from 0 to 255 in column 2, received 'NaN'"),
    "a negative pixel": (
        FIRST.replace(b",0,", b",-1,", 1),
        "expected a pixel from 0 to 255 in column 2, received '-1'",
    ),
    "a pixel too bright": (FIRST.replace(b",0,", b",256,", 1), "expected a pixel from 0 to 255 in column 2"),
    "a huge number": (FIRST.replace(b",0,", b"," + b"9" * 300 + b",", 1), "received '999999999999999999999999…'"),
    "no label": (FIRST[1:], "the label is empty"),
    "a label without end": (b"a" * 200 + FIRST[1:], "the label is longer than 100 characters"),
    "an open quotation mark": (b'"' + FIRST, "a quotation mark is opened and not closed"),
    "the header again": (HEADER, "expected a number in column 2, received 'pixel0'"),
    "control characters": (FIRST.replace(b",0,", b",\x1b[31m,", 1), "received '�[31m'"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_left_out_and_named_with_its_line(name: str, tmp_path: Path) -> None:
    row, expected = BAD_ROWS[name]
    path = tmp_path / "own.csv"
    path.write_bytes(b"\n".join([HEADER, FIRST, *REST[:3], row, *REST[4:]]))
    inspection = inspect(path)
    assert inspection.train.rows == len(IMAGES) - 1
    (bad,) = inspection.train.bad_rows
    assert bad.row == 6
    assert expected in bad.reason.text
    assert inspection.usable
    assert len(load(path, inspection.dialect).train) == len(IMAGES) - 1 - 12


def test_no_more_than_a_hundred_bad_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(GOOD + b"1,2,3\n" * 500)
    inspection = inspect(path)
    assert (inspection.train.bad_count, len(inspection.train.bad_rows)) == (500, 100)
    assert "500 of 560 rows cannot be read and are left out" in {finding.text for finding in inspection.warnings}


def test_a_test_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_bytes(GOOD)
    small, labels = glyphs(side=16)
    test.write_bytes(write_table(small, labels.tolist()))
    assert "expected test images of 28×28×1 pixels" in refusal(train, test)
    test.write_bytes(zipped(PICTURES))
    assert "expected test images of 28×28×1 pixels" in refusal(train, test)


def test_a_test_file_of_other_classes_is_refused(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_bytes(GOOD)
    test.write_bytes(write_table(IMAGES, [f"c{label}" for label in LABELS]))
    assert "at least one test row of a class that the training file has" in inspect(train, test).errors[0].text


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (Choices(delimiter="#"), "as delimiter"),
        (Choices(scale=7), "expected 1, 16 or 255 as scale"),
        (Choices(label_column="species"), "expected a column called 'species'"),
        (Choices(normalizer="mine@1"), "as normalizer, received mine@1"),
    ],
    ids=str,
)
def test_a_choice_that_there_is_not_is_refused(choices: Choices, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(GOOD)
    assert expected in refusal(path, choices=choices)


def test_a_file_that_is_not_there_is_refused_by_its_name_alone(tmp_path: Path) -> None:
    message = refusal(tmp_path / "own.csv")
    assert "expected at own.csv" in message
    assert str(tmp_path) not in message


def test_a_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    for name, content in PICTURES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert inspect(tmp_path).usable
    (tmp_path / "0" / "link.png").symlink_to("/etc/hostname")
    assert "received the link 0/link.png" in refusal(tmp_path)


def test_labels_in_latin_1_are_read_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(
        write_table(IMAGES, ["é" if label else "a" for label in LABELS], Writing(";")).decode().encode("latin-1")
    )
    inspection = inspect(path)
    assert inspection.class_names == ("a", "é")
    assert "labels are read as cp1252" in " ".join(finding.text for finding in inspection.warnings)
