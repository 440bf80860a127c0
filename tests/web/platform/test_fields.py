"""A field counts wherever it stands, and one that nobody knows is refused by name: on every route, in every body."""

import base64
import io
import itertools
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from tests.conftest import processor_time_below
from tests.web.serving import seven_png
from tests.web.training import digits_csv

from rabisco import corrections, runs
from rabisco.errors import UnknownFieldError
from rabisco.web import create_app
from rabisco.web.platform.application import ROUTES
from rabisco.web.platform.fields import only_known
from rabisco.web.platform.openapi import document
from rabisco.web.platform.routing import Route
from rabisco.web.train.form import Training

JSON, PAGE = "application/json", {"Accept": "text/html"}
UNKNOWN = "urn:rabisco:problem:unknown-field"
PNG = seven_png()
SEVEN = base64.b64encode(PNG).decode()
READING = {"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}
CORRECTION = {"image": SEVEN, "true_label": "7", "consent": True, "readings": [READING]}
DRAWINGS = [{"label": label, "image": SEVEN} for label in "ab"]

BODIES: dict[str, dict[str, Any]] = {
    "/training": {"dataset": "digits", "epoch": 3},
    "/uploads/drawn": {"drawings": DRAWINGS, "epoch": 3},
    "/uploads/x/inspect": {"inverted": "no", "epoch": 3},
    "/runs/x/rename": {"name": "mine", "epoch": 3},
    "/runs/x/notes": {"notes": "mine", "epoch": 3},
    "/models/x/classes": {"class_names": "0 = A", "epoch": 3},
    "/corrections": {**CORRECTION, "epoch": 3},
    "/corrections/retrain": {"model": "mnist-cnn", "epoch": 3},
    "/compare/measurements": {"model": ["mnist-cnn", "mnist-tiny"], "epoch": 3},
    "/predict": {"image": SEVEN, "epoch": 3},
    "/predict/cnn": {"images": [SEVEN], "epoch": 3},
    "/explain": {"image": SEVEN, "epoch": 3},
    "/label-errors": {"dataset": "digits", "epoch": 3},
    "/sweeps": {"sweep": "recipe = 1", "epoch": 3},
    "/assistant/messages": {"question": "Why?", "epoch": 3},
}
TEXTS = ("question", "classes", "next")  # which may say anything; the last leads nowhere else than to this server
ADDRESSES = itertools.count()
FILES = ("file", "files[]", "image", "Image", "images", "img", "picture", "photo", "photos", "files[0]")


def path_of(route: Route) -> str:
    """Return an address of a route; nothing needs to be there, names are looked at first."""
    known = {"model": "cnn", "name": "mnist-cnn", "version": "0", "number": "1"}
    return re.sub(r"<(\w+)>", lambda found: known.get(found[1], "x"), route.path)


def sent_as(place: str, name: str) -> dict[str, Any]:
    """Return how a request holds a field: in its address, as a form or a part of one, as a file, or in JSON."""
    request: dict[str, dict[str, Any]] = {
        "address": {"query_string": {name: "x"}},
        "form": {"data": {name: "x"}},
        "multipart": {"data": {name: "x", "token": (io.BytesIO(PNG), "a.png")}},
        "file": {"data": {name: (io.BytesIO(PNG), "a.png")}},
        "json": {"json": {name: "x"}},
    }
    return {
        **request[place],
        "environ_overrides": {"REMOTE_ADDR": f"10.0.0.{next(ADDRESSES)}"},
    }  # signing in is limited


def file(name: str = "file", **fields: str) -> dict[str, Any]:
    return {**fields, name: (io.BytesIO(PNG), "a.png")}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of an application that queues work and starts none of it."""
    monkeypatch.setattr(runs, "tend", lambda: None)
    return create_app().test_client()


@pytest.fixture(scope="module")
def app_client() -> FlaskClient:
    """A client of an application that nothing changes."""
    return create_app().test_client(use_cookies=False)


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation of the OpenAPI document with its path."""
    with create_app().test_request_context():
        paths = document()["paths"]
    for path, methods in paths.items():
        for operation in methods.values():
            yield path, operation


def content_of(operation: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    return content


@pytest.mark.parametrize("place", ["address", "form", "multipart", "file", "json"])
@pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.operation)
def test_what_a_route_does_not_know_is_refused_by_name(app_client: FlaskClient, route: Route, place: str) -> None:
    answer = app_client.open(path_of(route), method=route.method, **sent_as(place, "zzyzx"))
    assert (answer.status_code, answer.json["type"]) == (422, UNKNOWN)
    assert "“zzyzx”" in answer.json["detail"]


@pytest.mark.parametrize("place", ["address", "form", "json"])
@pytest.mark.parametrize(
    "route", [route for route in ROUTES.values() if route.receives], ids=lambda route: route.operation
)
def test_the_nearest_known_name_is_told(app_client: FlaskClient, route: Route, place: str) -> None:
    assert route.receives
    for field, info in route.receives.model_fields.items():
        name = info.alias or field
        answer = app_client.open(path_of(route), method=route.method, **sent_as(place, f"{name}x"))
        assert answer.status_code == 422
        assert f"Did you mean “{name}”?" in answer.json["detail"]


def test_every_route_that_takes_json_is_asked_here() -> None:
    takes_json = {path for path, operation in operations() if JSON in content_of(operation)}
    asked = {path.replace("/x/", "/{}/").replace("/cnn", "/{}") for path in BODIES}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in takes_json} == asked


@pytest.mark.parametrize("path", BODIES)
def test_a_refusal_names_the_fields_that_are_known_and_nothing_is_done(client: FlaskClient, path: str) -> None:
    answer = client.post(path, json=BODIES[path])
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    for name in BODIES[path]:
        assert name in answer.json["detail"]
    assert runs.list_runs() == []
    assert corrections.listed().total == 0


def test_unknown_fields_within_lists_are_refused_too(client: FlaskClient) -> None:
    reading = {"propability": 0.6, **{name: READING[name] for name in ("model", "version", "predicted")}}
    drawing = {**DRAWINGS[0], "lable": "a"}
    for path, body, name, meant in (
        ("/corrections", {**CORRECTION, "readings": [reading]}, "propability", "probability"),
        ("/corrections", {**CORRECTION, "box": {"heigth": 3}}, "heigth", "height"),
        ("/uploads/drawn", {"drawings": [drawing, DRAWINGS[1]]}, "lable", "label"),
    ):
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.json["type"]) == (422, UNKNOWN)
        assert f"“{name}”" in answer.json["detail"]
        assert f"Did you mean “{meant}”?" in answer.json["detail"]


def test_every_field_of_a_training_is_known(client: FlaskClient) -> None:
    answer = client.post("/training", json=dict.fromkeys(Training.model_fields, ""))
    assert (answer.status_code, answer.json["type"]) == (400, "urn:rabisco:problem:invalid-request")


@pytest.mark.parametrize("place", ["query_string", "data", "json"])
def test_a_training_hears_its_fields_wherever_they_stand(client: FlaskClient, place: str) -> None:
    asked = {"dataset": "digits", "epochs": "3", "name": "mine"}
    refused = client.post("/training", **{place: {**asked, "epoch": "3"}})
    assert (refused.status_code, runs.list_runs()) == (422, [])
    run = client.post("/training", **{place: asked}).json
    assert (run["configuration"]["epochs"], run["artifact"]) == (3, "mine")


def test_a_field_may_stand_in_the_address_beside_a_body(client: FlaskClient) -> None:
    run = client.post("/training?epochs=3", json={"dataset": "digits"}).json
    assert run["configuration"]["epochs"] == 3
    assert client.post(f"/runs/{run['id']}/rename?name=evening").json["name"] == "evening"


@pytest.mark.parametrize(
    "sent", [{"query_string": "model=cnn&model=linear"}, {"query_string": "model=cnn", "json": {"model": "linear"}}]
)
def test_a_field_of_one_value_is_given_one(app_client: FlaskClient, sent: dict[str, Any]) -> None:
    answer = app_client.post("/predict", **{"json": {}, **sent})
    assert (answer.status_code, "“model”" in answer.json["detail"]) == (400, True)
    asked = {"image": SEVEN, "model": "linear", "top_k": 2}
    (prediction,) = app_client.post("/predict?model=linear&top_k=2", json=asked).json["predictions"]
    assert (prediction["model"], len(prediction["top_k"])) == ("mnist-linear", 2)


@pytest.mark.parametrize("path", ["/predict", "/predict/cnn", "/explain", "/upload"])
@pytest.mark.parametrize("name", FILES)
def test_pictures_are_taken_under_their_usual_names(app_client: FlaskClient, path: str, name: str) -> None:
    assert app_client.post(path, data=file(name)).status_code == 200


@pytest.mark.parametrize(("name", "status"), [("train", 201), ("training", 201), ("file", 201), ("train2", 422)])
def test_training_data_are_taken_under_their_usual_names(client: FlaskClient, name: str, status: int) -> None:
    for path, fine in (("/uploads", 201), ("/training", 202)):
        answer = client.post(path, data={name: (io.BytesIO(digits_csv(0, 20)), "my.csv")})
        assert answer.status_code == (fine if status == 201 else status)
        assert status == 201 or "Did you mean “train”?" in answer.json["detail"]


def test_a_file_that_is_sent_as_if_it_were_a_form_is_no_field(client: FlaskClient) -> None:
    kind = "application/x-www-form-urlencoded"  # as curl --data-binary says
    answer = client.post("/training", data=digits_csv(0, 20), content_type=kind)
    assert answer.status_code == 400
    assert "curl -F train=@file" in answer.json["detail"]


def test_a_correction_may_be_a_form_with_a_file(client: FlaskClient) -> None:
    answer = client.post("/corrections", data=file("image", true_label="7", consent="yes"))
    assert [one["true_label"] for one in answer.json["corrections"]] == ["7"]


@pytest.mark.parametrize("value", ["false", "False", "0", "no", "off", ""])
def test_steps_that_are_refused_are_not_shown_wherever_it_is_said(app_client: FlaskClient, value: str) -> None:
    answers = [
        app_client.post(f"/predict?steps={value}", data=file()),
        app_client.post("/predict", data=file(steps=value)),
        app_client.post("/predict", data={"image": SEVEN, "steps": value}),
        app_client.post("/predict", json={"image": SEVEN, "steps": value}),
    ]
    assert all("steps" not in answer.json["predictions"][0] for answer in answers)


@pytest.mark.parametrize("value", ["true", "True", "1", "yes", "on"])
def test_steps_that_are_asked_for_are_shown(app_client: FlaskClient, value: str) -> None:
    assert app_client.post("/predict", data=file(steps=value)).json["predictions"][0]["steps"]


ASKED = [
    (path_of(route), name)
    for route in ROUTES.values()
    if route.method == "GET" and route.receives and "_id>" not in route.path
    for field, info in route.receives.model_fields.items()
    if (name := info.alias or field) not in TEXTS
]


@pytest.mark.parametrize(("path", "name"), ASKED)
def test_what_an_address_asks_for_is_never_taken_for_something_else(
    app_client: FlaskClient, path: str, name: str
) -> None:
    asked = {"question": "Why?"} if path == "/model" else {}
    answer = app_client.get(path, query_string={**asked, name: "zzyzx"})
    of_something = name in ("model", "name", "dataset", "version", "beside") or path == "/label-errors"
    assert answer.status_code == (404 if of_something else 400)
    assert "zzyzx" in answer.json["detail"]
    named = name if name not in ("category", "read_as") else "classes of the model"
    assert answer.status_code == 404 or named in answer.json["detail"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/datasets?name=digits&page=0", "page: a whole number from 1 to 4 was expected, received “0”"),
        ("/train/draw?classes=a+b&each=1000", "each: a whole number from 3 to 200 was expected, received “1000”"),
        (f"/assistant?question={'?' * 1001}", "question: at most 1,000 characters were expected, received 1,001"),
        ("/assistant?from=//x", "from: a path of this server was expected, such as /train, received “//x”"),
    ],
)
def test_what_is_out_of_range_is_told_with_its_limits(app_client: FlaskClient, path: str, words: str) -> None:
    answer = app_client.get(path)
    assert (answer.status_code, answer.json["detail"]) == (400, words)


def test_an_example_that_is_not_there_is_refused(app_client: FlaskClient) -> None:
    answer = app_client.post("/upload", data={"example": "zzyzx"})
    assert (answer.status_code, "received “zzyzx”" in answer.json["detail"]) == (400, True)


def test_what_sites_hang_on_links_does_not_matter(app_client: FlaskClient) -> None:
    assert app_client.get("/?utm_source=letter&fbclid=1&lang=fr&theme=dark", headers=PAGE).status_code == 200


class Forms(HTMLParser):
    """The forms of a page: where each leads, how, and the fields that are sent with it."""

    def __init__(self, page: str, address: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, str]]] = []
        self._address = address
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = True
            where = urljoin(self._address, given.get("action", self._address))
            self.forms.append((given.get("method", "get").upper(), where, {}))
        elif self._inside and given.get("name") and given.get("type") != "file":
            self.forms[-1][2][given["name"]] = given.get("value", "")
        if self._inside and "formaction" in given:
            self.forms.append(("POST", urljoin(self._address, given["formaction"]), self.forms[-1][2]))

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "form"


@pytest.mark.slow
def test_the_fields_of_every_form_on_every_page_are_known(client: FlaskClient) -> None:
    upload = client.post("/uploads", data={"train": (io.BytesIO(digits_csv(0, 60)), "my.csv")}).json["id"]
    run = client.post("/training", json={"dataset": "digits", "preset": "seconds"}).json["id"]
    client.post("/corrections", json=CORRECTION)
    pages = {path_of(route) for route in ROUTES.values() if route.page and route.method == "GET"}
    pages |= {f"/uploads/{upload}", f"/runs/{run}", "/train?dataset=digits", "/?model=cnn&model=linear"}
    pages |= {"/upload?kind=photographs", "/compare?model=cnn&model=linear", "/corrections?show=wrong"}
    shown = [(page, client.get(page, headers=PAGE).text) for page in sorted(pages)]
    shown.append(("/upload", client.post("/upload", data=file(), headers=PAGE).text))
    shown.append(("/training", client.post("/training", data={"dataset": "digits", "epochs": "no"}).text))
    forms = [form for page, text in shown for form in Forms(text, page).forms]
    assert len({where for _, where, _ in forms}) > 20
    for method, where, fields in forms:
        if where == "/docs" and "type" in fields:
            continue  # JavaScript shows it, and sends what it holds to other addresses
        how = {"query_string": fields} if method == "GET" else {"data": fields}
        answer = client.open(where.partition("?")[0], method=method, **how)
        assert not answer.is_json or answer.json.get("type") != UNKNOWN, (method, where, answer.text)


def test_the_document_says_that_objects_have_no_other_fields() -> None:
    for _, operation in operations():
        for body in content_of(operation).values():
            assert body["schema"].get("format") == "binary" or body["schema"]["additionalProperties"] is False
        assert "422" in operation["responses"]


def test_of_very_many_unknown_fields_a_few_are_compared_with_the_known() -> None:
    known = [name * 4 for name in "abcdefghijklmnopqrst"]
    with processor_time_below(0.5), pytest.raises(UnknownFieldError, match="“x0y0”"):
        only_known((f"x{number}y{number}" for number in range(50_000)), known)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/training", {"name": ["a"]}, 'expected “name” in the form that the API page shows, received ["a"]'),
        ("/training", {"epochs": {"a": "é"}}, 'received {"a": "é"}'),
        ("/sign-in", {"token": 5}, "received 5"),
    ],
)
def test_a_value_of_another_form_is_told_as_it_came(client: FlaskClient, path: str, body: object, said: str) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 400
    assert said in answer.json["detail"]
