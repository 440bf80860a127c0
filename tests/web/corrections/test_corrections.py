"""Corrections over HTTP: stored with consent, seen, exported and deleted by the browser that gave them."""

import base64
import io
import re
import zipfile

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from tests.web.serving import draw_seven, encoded, seven_png

from rabisco import corrections, store
from rabisco.retraining.correction_set import gather
from rabisco.settings import get_settings
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


def test_one_damaged_picture_hides_no_other_and_ends_no_retraining(client: FlaskClient) -> None:
    for body in (BODY, {**BODY, "image": base64.b64encode(encoded(draw_seven(200))).decode()}):
        assert client.post("/corrections", json=body).status_code == 200
    with store.writing() as session:
        first = session.scalars(select(store.Picture)).first()
        assert first
        first.image = first.image[:40]
    page = client.get("/corrections", headers=PAGE)
    assert page.status_code == 200
    assert page.text.count("data:image/png;base64,") == 2
    assert len(gather("mnist-cnn").given) == 1


def test_a_label_in_another_form_of_text_is_the_same(client: FlaskClient) -> None:
    answer = client.post("/corrections", json={**BODY, "true_label": " e\u0301 "})
    assert [one["true_label"] for one in answer.json["corrections"]] == ["é"]


def test_the_key_is_a_cookie_that_no_script_reads_and_the_database_does_not_hold(client: FlaskClient) -> None:
    answer = client.post("/corrections", json=BODY)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    token = re.match(r"reader=([^;]+)", cookie)[1]
    (stored,) = corrections.listed().corrections
    assert token not in stored.picture.person
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
        ({"true_label": "AB"}, 400),
        ({"true_label": "?"}, 400),
        ({"box": [1, 2, 3, 4]}, 400),
        ({"box": {"left": 0, "top": 0, "width": 0, "height": 9}}, 400),
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
    client.post("/corrections", data=sent, headers=PAGE)  # said again, stored once
    assert client.get("/corrections").json["pictures"] == 1
    address = re.search(r'action="(/corrections/\d+/delete)"', after)[1]
    assert "<strong>not a character" not in client.post(address, headers=PAGE, follow_redirects=True).text
    assert corrections.listed().total == 0


@pytest.mark.slow
def test_long_lists_have_pages(client: FlaskClient) -> None:
    for side in range(40, 40 + corrections.PAGE_SIZE + 1):
        client.post("/corrections", json={**BODY, "image": base64.b64encode(encoded(draw_seven(side))).decode()})
    first = client.get("/corrections", headers=PAGE).text
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert client.get("/corrections?page=2").json["page"] == 2
    assert client.get("/corrections?page=x").status_code == 400


def predicted(client: FlaskClient, **further: object) -> dict[str, object]:
    """Return what the default model reads in the seven."""
    return client.post("/predict", json={"image": SEVEN, **further}).json["predictions"][0]


@pytest.mark.parametrize("label", ["1", "A", "another-character", None])
def test_what_was_corrected_is_remembered_at_once_and_undone(client: FlaskClient, label: str | None) -> None:
    before = predicted(client)
    assert (before["category"], before["remembered"]) == ("7", False)
    answer = client.post("/corrections", json={"image": SEVEN, "true_label": label, "consent": True}).json
    (result,) = answer["taught"]
    assert (result["model"], result["version"], result["counted"]) == ("mnist-cnn", 1, 10_000)
    assert result["unchanged"] == result["counted"]
    after = predicted(client)
    assert after["remembered"] is True
    if label == "1":
        assert (after["category"], after["refused"]) == ("1", None)
    else:
        reason = "another-character" if label else "not-a-character"
        assert after["refused"]["reason"] == reason
    client.post(f"/corrections/{answer['corrections'][0]['id']}/delete")
    assert {**predicted(client), "latency_ms": 0, "version": 0} == {**before, "latency_ms": 0}


def test_the_version_that_learned_is_rolled_back_like_any(client: FlaskClient) -> None:
    client.post("/corrections", json=BODY | {"true_label": "1"})
    assert predicted(client)["category"] == "1"
    assert client.post("/models/mnist-cnn/rollback").status_code == 200
    assert (predicted(client)["category"], predicted(client)["remembered"]) == ("7", False)


def test_a_right_reading_is_stored_and_teaches_nothing(client: FlaskClient) -> None:
    right = {**READING, "predicted": "7"}
    assert client.post("/corrections", json={**BODY, "readings": [right]}).json["taught"] == []


@pytest.mark.slow
def test_one_character_of_several_is_corrected_by_its_box(client: FlaskClient) -> None:
    row = Image.new("L", (560, 280), 255)
    row.paste(draw_seven(), (0, 0))
    row.paste(draw_seven(), (280, 0))
    picture = base64.b64encode(encoded(row)).decode()

    def read() -> dict[str, object]:
        return client.post("/predict", json={"image": picture, "characters": "many"}).json["predictions"][0]

    assert read()["text"] == "77"
    body = {"image": picture, "true_label": "1", "consent": True, "box": read()["characters"][1]["box"]}
    assert client.post("/corrections", json=body).json["taught"]
    assert [one["remembered"] for one in read()["characters"]][1] is True
    assert read()["text"].endswith("1")


def test_who_may_not_change_models_is_heard_but_teaches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABISCO_ACCESS_TOKEN", "a token that is long")
    get_settings.cache_clear()
    stranger = create_app().test_client()
    answer = stranger.post("/corrections", json={**BODY, "true_label": "1"}).json
    assert (len(answer["corrections"]), answer["taught"]) == (1, [])
    assert predicted(stranger)["remembered"] is False
