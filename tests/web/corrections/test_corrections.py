"""Corrections over HTTP: stored with consent, seen, exported and deleted by the browser that gave them."""

import base64
import io
import re
import zipfile

import pytest
from flask.testing import FlaskClient
from tests.web.serving import seven_png

from rabisco import corrections
from rabisco.web import create_app

PAGE = {"Accept": "text/html"}
SEVEN = base64.b64encode(seven_png()).decode()
READING = {"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}
BODY = {"image": SEVEN, "true_label": "7", "consent": True, "readings": [READING]}


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


def test_a_correction_is_stored_listed_exported_and_deleted(client: FlaskClient) -> None:
    (stored,) = client.post("/corrections", json=BODY).json["corrections"]
    assert (stored["true_label"], stored["right"], stored["version"]) == ("7", False, 0)
    listing = client.get("/corrections").json
    assert (listing["total"], listing["corrections"]) == (1, [stored])
    with zipfile.ZipFile(io.BytesIO(client.get("/corrections/export").data)) as archive:
        assert f"images/{stored['id']}.png" in archive.namelist()
    assert client.delete(f"/corrections/{stored['id']}").json == {"deleted": 1}
    assert client.get("/corrections").json["total"] == 0
    assert client.delete(f"/corrections/{stored['id']}").status_code == 404


def test_every_reading_of_a_picture_is_corrected_at_once(client: FlaskClient) -> None:
    readings = [READING, {**READING, "model": "mnist-linear", "predicted": "7"}]
    answer = client.post("/corrections", json={**BODY, "readings": readings}).json
    assert [one["right"] for one in answer["corrections"]] == [False, True]
    assert client.get("/corrections?show=wrong").json["total"] == 1
    listing = client.get("/corrections").json
    assert (listing["total"], listing["pictures"]) == (2, 1)
    assert client.post(f"/corrections/{answer['corrections'][0]['id']}/delete").json == {"deleted": 2}


def test_the_key_is_a_cookie_that_no_script_reads_and_the_database_does_not_hold(client: FlaskClient) -> None:
    answer = client.post("/corrections", json=BODY)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    token = re.match(r"reader=([^;]+)", cookie)[1]
    (stored,) = corrections.listed().corrections
    assert token not in stored.person
    assert "person" not in answer.text


def test_another_browser_sees_and_deletes_nothing_of_it(client: FlaskClient) -> None:
    (stored,) = client.post("/corrections", json=BODY).json["corrections"]
    other = create_app().test_client()
    assert other.get("/corrections").json["total"] == 0
    assert other.delete(f"/corrections/{stored['id']}").status_code == 404
    assert other.post("/corrections/delete").json == {"deleted": 0}
    with zipfile.ZipFile(io.BytesIO(other.get("/corrections/export").data)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("images/")]
    assert client.get("/corrections").json["total"] == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"consent": False}, 400),
        ({"consent": "yes"}, 400),
        ({"true_label": "A"}, 400),
        ({"true_label": 7}, 400),
        ({"readings": []}, 400),
        ({"readings": [READING] * 10}, 400),
        ({"readings": [{**READING, "version": "x"}]}, 400),
        ({"readings": [{**READING, "version": -1}]}, 400),
        ({"readings": [{**READING, "probability": "NaN"}]}, 400),
        ({"readings": [{**READING, "model": "nobody"}]}, 404),
        ({"readings": "mnist-cnn"}, 400),
        ({"image": "?!"}, 400),
        ({"image": base64.b64encode(b"text").decode()}, 415),
        ({"image": 7}, 400),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_stored(
    client: FlaskClient, changes: dict[str, object], status: int
) -> None:
    answer = client.post("/corrections", json={**BODY, **changes})
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert corrections.listed().total == 0


def fields(page: str) -> dict[str, list[str]]:
    """Return the hidden fields of the first form that corrects, as a browser would send them."""
    form = re.search(r'action="/corrections">(.*?)</form>', page, re.DOTALL)[1]
    sent: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
        sent.setdefault(name, []).append(value)
    return sent


def test_without_javascript_the_upload_page_stores_and_the_list_shows_and_deletes(client: FlaskClient) -> None:
    page = client.post("/upload", data={"file": (io.BytesIO(seven_png()), "seven.png")}, headers=PAGE).text
    sent = {**fields(page), "true_label": "none", "consent": "yes"}
    assert sent["read_by"] == ["mnist-cnn", "mnist-linear"]
    refused = client.post("/corrections", data={**sent, "consent": ""}, headers=PAGE)
    assert refused.status_code == 400
    after = client.post("/corrections", data=sent, headers=PAGE, follow_redirects=True).text
    assert "Thank you" in after
    assert after.count("<strong>not a character</strong>") == 1
    assert after.count("data:image/png;base64,") == 1
    assert "1 picture<" in after
    listed = after[after.index('<ol class="list') :]
    assert [listed.count(f">{model}</a>") for model in sent["read_by"]] == [1, 1]
    client.post("/corrections", data=sent, headers=PAGE)
    assert client.get("/corrections").json["pictures"] == 2
    address = re.search(r'action="(/corrections/\d+/delete)"', after)[1]
    assert client.post(address, headers=PAGE, follow_redirects=True).text.count("<strong>not a character") == 1
    client.post("/corrections/delete", headers=PAGE)
    assert corrections.listed().total == 0


def test_long_lists_have_pages(client: FlaskClient) -> None:
    for _ in range(corrections.PAGE_SIZE + 1):
        client.post("/corrections", json=BODY)
    first = client.get("/corrections", headers=PAGE).text
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert client.get("/corrections?page=2").json["page"] == 2
    assert client.get("/corrections?page=x").status_code == 404
