"""What no honest client sends gets a status that says so, on both databases, with all headers, and is no fault."""

import base64
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.databases import postgresql  # noqa: F401 - a fixture
from tests.web.serving import Server, problem_of, serving, seven_png

from rabisco.web.platform.security import HEADERS

SEVEN = seven_png()
JSON = {"Content-Type": "application/json"}
NESTED = b'{"notes": ' + b"[" * 1000 + b"]" * 1000 + b"}"
BODIES = (NESTED, b"[" * 200_000, b'{"notes": "\\ud800"}', b'{"\\udfff": 1}', b'{"notes": "a\\u0000b"}', b'{"a')
DOORS = ("/predict", "/explain", "/training", "/corrections", "/uploads/drawn", "/compare/measurements")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def keeping(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on each database in turn, with one run that waits."""
    address = "" if request.param == "sqlite" else request.getfixturevalue("postgresql")
    with serving(tmp_path_factory.mktemp("odd"), database_url=address, trainings=0) as running:
        yield running


@pytest.fixture(scope="module")
def run(keeping: Server) -> str:
    """The address of a run."""
    return str(keeping.post("/training", json={"recipe": "digits-linear"}).json()["page"])


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_json_that_is_none_is_a_bad_request_at_every_door(keeping: Server, run: str, body: bytes) -> None:
    for path in (*DOORS, f"{run}/notes", f"{run}/rename"):
        response = keeping.post(path, data=body, headers=JSON)
        assert response.status_code in (400, 422), (path, response.text)
        assert problem_of(response)["type"] != "urn:rabisco:problem:storage"


@pytest.mark.parametrize("name", ["notes", "rename"])
def test_text_that_no_database_keeps_is_refused_in_forms_too(keeping: Server, run: str, name: str) -> None:
    field = "notes" if name == "notes" else "name"
    for options in ({"data": {field: "a\0b"}}, {"files": {field: (None, "a\0b")}}, {"json": {field: "a\0b"}}):
        response = keeping.post(f"{run}/{name}", **options)
        assert response.status_code == 400, response.text
        assert "NUL" in problem_of(response)["detail"]


ADDRESSES = """/runs/a%00b /runs/a%00b/events /models/a%00b /uploads/a%00b /compare/measurements/%00 /static/%00
/runs?state=%00 /compare?models=a%00 /corrections?page=%00 /runs/%ed%a0%80
/models/mnist-cnn/versions/99999999999999999999"""


@pytest.mark.parametrize("path", ADDRESSES.split())
def test_an_address_that_holds_nul_is_nothing_there_or_a_bad_request(keeping: Server, path: str) -> None:
    response = keeping.get(path)
    assert response.status_code in (400, 404), response.text
    problem_of(response)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "[", "null", "//", "http://a b"])
def test_an_origin_that_is_none_is_another_site(keeping: Server, origin: str) -> None:
    for path in ("/training", "/predict"):
        assert keeping.post(path, headers={"Origin": origin}, files={"file": SEVEN}).status_code == 403


def test_what_is_refused_has_all_headers(keeping: Server) -> None:
    for response in (keeping.get("/nothing"), keeping.post("/predict", data=NESTED, headers=JSON)):
        assert {name: response.headers.get(name) for name in HEADERS} == HEADERS


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose disk is full."""
    folder = tmp_path_factory.mktemp("full")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        with serving(folder) as running:
            assert running.get("/runs").status_code == 200
            Path(folder / "ballast").write_bytes(bytes(shutil.disk_usage(folder).free))
            yield running
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_named_whatever_is_kept(full: Server) -> None:
    picture = base64.b64encode(SEVEN).decode()
    drawings = [{"label": str(number % 2), "image": picture} for number in range(40)]
    table = ("t.csv", b"label,a\n" + b"1,2\n2,3\n" * 50)
    asked = [
        full.post("/uploads", files={"train": table}),
        full.post("/training", files={"train": table}),
        full.post("/uploads/drawn", json={"drawings": drawings}),
        full.post("/training", json={"recipe": "digits-linear", "notes": "n" * 20_000}),
        full.post("/corrections", json={"image": picture, "true_label": "3", "consent": True}),
    ]
    assert [(each.status_code, problem_of(each)["type"]) for each in asked] == [
        (507, "urn:rabisco:problem:storage")
    ] * len(asked)
    assert full.post("/predict", files={"file": SEVEN}).status_code == 200
    assert full.get("/health").status_code == 200
    assert json.loads(full.get("/runs").text)


def test_no_cache_keeps_pages_with_a_readers_own_pictures(server: Server) -> None:
    picture = base64.b64encode(SEVEN).decode()
    kept = server.post("/corrections", json={"image": picture, "true_label": "7", "consent": True})
    page = {"headers": {"Accept": "text/html"}, "cookies": kept.cookies}
    answers = [
        kept,
        server.get("/corrections", **page),
        server.get("/corrections", cookies=kept.cookies),
        server.get("/corrections/export", cookies=kept.cookies),
        server.post("/upload", files={"file": SEVEN}),
        server.get("/assistant", **page),
    ]
    assert [each.headers.get("Cache-Control") for each in answers] == ["private, no-store"] * len(answers)


def test_a_database_of_a_later_release_is_called_that(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.get("/runs").status_code == 200
    with closing(sqlite3.connect(tmp_path / "rabisco.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with serving(tmp_path) as server:
        problem = problem_of(server.get("/runs"))
        assert problem["title"] == "The database is of a later release of Rabisco"
        assert server.post("/predict", files={"file": SEVEN}).status_code == 200
