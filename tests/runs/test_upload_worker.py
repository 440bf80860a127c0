"""Looking through uploads: by itself, and to an end that is told, whatever the file does to the process."""

import os
import random
import signal
import sqlite3
import struct
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tests.intake.tables import glyphs, png, write_table, zipped
from tests.web.serving import Server, serving
from tests.web.training import digits_csv, looked_through, send

from rabisco import store, uploads
from rabisco.errors import UnusableDataError
from rabisco.intake import inspect
from rabisco.runs import upload_worker
from rabisco.runs.kinds import INSPECTION
from rabisco.runs.process import host

IMAGES, LABELS = glyphs(12)
PICTURES = zipped({f"{label}/{at}.png": png(one) for at, (one, label) in enumerate(zip(IMAGES, LABELS, strict=True))})
TABLE = write_table(IMAGES, LABELS.tolist())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, workers=2) as running:
        yield running


def rows(folder: Path) -> dict[str, tuple[str, int | None]]:
    """Return state and process of every upload, as they are kept, without asking the server."""
    with closing(sqlite3.connect(folder / "rabisco.db")) as database:
        return {row[0]: row[1:] for row in database.execute("SELECT id, state, pid FROM uploads")}


def wait_until(condition: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def with_version(archive: bytes, version: int) -> bytes:
    """Return an archive whose first entry needs that version of the format, in tenths."""
    content = bytearray(archive)
    content[archive.index(b"PK\x01\x02") + 6 :][:2] = b""
    struct.pack_into("<H", content, archive.index(b"PK\x01\x02") + 6, version)
    return bytes(content)


def with_name(archive: bytes, name: bytes, flags: int = 0) -> bytes:
    """Return an archive whose first entry has another name of the same length, in both of its places."""
    first = archive.index(b"PK\x01\x02")
    length = struct.unpack_from("<H", archive, first + 28)[0]
    content = bytearray(archive)
    for place, flag in ((first + 46, first + 8), (30, 6)):
        content[place : place + length] = name.ljust(length, b"x")
        content[flag + 1] |= flags >> 8
    return bytes(content)


def with_empty_name(archive: bytes) -> bytes:
    """Return an archive with an entry of no name at all, as ``ZipInfo`` writes one."""
    buffer = BytesIO(archive)
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.writestr(zipfile.ZipInfo(""), b"nothing")
    return buffer.getvalue()


def test_uploads_that_nobody_asks_for_are_looked_through(server: Server, folder: Path) -> None:
    sent = {send(server, train=digits_csv(0, 200 + number))["id"] for number in range(3)}
    wait_until(lambda: {rows(folder)[one][0] for one in sent} == {"ready"})
    assert {rows(folder)[one][1] for one in sent} == {None}


def test_a_process_that_is_killed_leaves_a_refusal_and_can_be_asked_again(server: Server, folder: Path) -> None:
    row = digits_csv(0, 1, wide=True).splitlines()[1] + b"\n"
    sent = send(server, train=row * 5_000)["id"]
    wait_until(lambda: rows(folder)[sent][1])
    os.kill(rows(folder)[sent][1] or 0, signal.SIGKILL)
    wait_until(lambda: rows(folder)[sent][0] == "refused", seconds=5)
    told = server.get(f"/uploads/{sent}").json()
    assert (told["state"], told["refusal"]["code"]) == ("refused", "looking-died")
    page = server.get(f"/uploads/{sent}", headers={"Accept": "text/html"}).text
    assert f'action="/uploads/{sent}/inspect"' in page
    assert server.post(f"/uploads/{sent}/inspect").json()["state"] == "looking"
    assert looked_through(server, sent)["state"] == "unusable"


@pytest.mark.parametrize(
    "content",
    [
        with_version(PICTURES, 99),
        with_name(PICTURES, b"\xff\xfe/\xed\xa0\x80", flags=0x800),
        with_empty_name(PICTURES),
        b"1,2\n" * 3 + b"1,2,3,4\n1\n" * 400,
        b"label" + b",0" * 64 + b"\n" + b'"' * 500 + b"\n",
    ],
    ids=["version of the format", "name that is no UTF-8", "empty name", "uneven rows", "quotation marks"],
)
def test_a_strange_file_comes_to_an_end_that_is_told(server: Server, content: bytes) -> None:
    found = looked_through(server, send(server, train=content)["id"])
    if found["state"] == "refused":
        assert found["refusal"]["code"] not in ("looking-failed", "looking-died")


def test_an_error_that_nobody_foresaw_is_a_refusal(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = iter((ZeroDivisionError(), MemoryError()))

    def fail(*_: object, **__: object) -> None:
        raise next(errors)

    monkeypatch.setattr(upload_worker, "inspect", fail)
    for code in ("looking-failed", "looking-memory"):
        upload = uploads.create({"train": BytesIO(TABLE)}, "own.csv", choices={})
        session = upload_worker.claim(upload.id)
        assert session is not None
        session.end(upload_worker._look(upload.id, session))
        found = uploads.get(upload.id)
        assert found.refusal is not None
        assert (found.state, found.refusal.code) == ("refused", code)


def test_what_a_cancelled_process_finds_is_not_kept(database: str) -> None:
    upload = uploads.create({"train": BytesIO(TABLE)}, "own.csv", choices={})
    session = upload_worker.claim(upload.id)
    assert session is not None
    assert upload_worker.claim(upload.id) is None
    assert uploads.cancel(upload.id).state == "waiting"
    session.end(upload_worker._look(upload.id, session))
    assert uploads.get(upload.id).state == "waiting"
    assert uploads.look(upload.id, {"inverted": True}).state == "looking"


def test_the_row_of_a_process_that_is_gone_is_refused_and_no_other(database: str) -> None:
    with store.writing() as session:
        for name, where in (("gone", host()), ("elsewhere", "another machine")):
            row = store.UploadRow(id=name, folder=f"uploads/{name}", state="looking", pid=2**22 + 1, host=where)
            row.process_started, row.heartbeat = "before", store.now()
            session.add(row)
    INSPECTION.reconcile()
    with store.reading() as session:
        states = {row.id: row.state for row in session.query(store.UploadRow)}
    assert states == {"gone": "refused", "elsewhere": "looking"}


def test_damaged_files_are_refused_in_words_or_read(tmp_path: Path) -> None:
    chance, path = random.Random(7), tmp_path / "train"
    pieces = b'\n , " \r ; \t =1 nan \0 \xff | 1e999 _ PK\x01\x02'.split(b" ")
    for _ in range(300):
        content = bytearray(chance.choice((TABLE[:9000], PICTURES)))
        for _ in range(chance.choice((1, 2, 8, 30))):
            place = chance.choice((chance.randrange(len(content)), chance.randrange(200), -chance.randrange(1, 700)))
            width = chance.choice((0, 1, 4, 300))
            content[place : place + width] = chance.choice(pieces) * chance.choice((1, 2, 60))
        path.write_bytes(content)
        with suppress(UnusableDataError):  # and nothing else may be raised
            inspect(path).to_dict()
