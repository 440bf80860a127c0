"""The short way of a plain request: the same answers as the views give, and nothing that is not plain."""

import asyncio
import base64
import io
import json
import logging
import mmap
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.serving import Server, draw_seven, encoded, run_elsewhere, seven_png
from werkzeug.formparser import FormDataParser

from rabisco.artifacts import list_names
from rabisco.images import decode
from rabisco.inference import LOADED_LIGHT, Predictor, get_predictor
from rabisco.settings import Settings
from rabisco.web import create_app
from rabisco.web.platform.asgi import ASGIApplication
from rabisco.web.platform.metrics import Metrics
from rabisco.web.read import direct
from rabisco.web.read.direct import LEFT, is_small, only_pictures

SEVEN = seven_png()
BLANK = encoded(draw_seven().point(lambda _: 255))
TEXT = base64.b64encode(SEVEN).decode()
UTF_8 = "application/json; charset=utf-8"
RUSSIAN = {"Accept-Language": "ru"}
PLAIN = {
    "a form": ("/predict", {"data": {"file": (io.BytesIO, "seven.png")}}),
    "a form with a model": ("/predict/linear", {"data": {"image": (io.BytesIO, "a b.png")}}),
    "a body": ("/predict", {"data": SEVEN, "content_type": "image/png"}),
    "a JPEG": ("/predict/mnist-cnn", {"data": encoded(draw_seven(), "JPEG"), "content_type": "image/jpeg"}),
    "from our page": ("/predict", {"data": SEVEN, "content_type": "image/png", "headers": {"Sec-Fetch-Site": "none"}}),
    "from our page, without TLS": (
        "/predict",
        {"data": SEVEN, "content_type": "image/png", "headers": {"Origin": "http://localhost"}},
    ),
    "blank": ("/predict", {"data": BLANK, "content_type": "image/png"}),
    "two files": ("/predict", {"data": {"file": [(io.BytesIO, "a.png"), (io.BytesIO, "b.png")]}}),
    "JSON": ("/predict", {"data": json.dumps({"image": TEXT}), "content_type": "application/json"}),
    "JSON of several": (
        "/predict/linear",
        {"data": json.dumps({"images": [TEXT, f"data:image/png;base64,{TEXT}"]}, indent=1), "content_type": UTF_8},
    ),
    "the drawing page": (
        "/predict/mnist-cnn,mnist-linear?steps=1&characters=one&among=any",
        {
            "data": json.dumps({"image": f"data:image/png;base64,{TEXT}"}),
            "content_type": "application/json",
            "headers": {"Accept": "application/json", "Accept-Language": "fr-CH, fr;q=0.9", "Cookie": "a=b"},
        },
    ),
    "a blank drawing": ("/predict/cnn,linear?steps=1", {"data": BLANK, "content_type": "image/png"}),
    "a photograph's steps": ("/predict/cifar10-cnn?steps=1", {"data": SEVEN, "content_type": "image/png"}),
    "digits, by two models, of two files": (
        "/predict?model=emnist-cnn,cnn&among=digits&steps=0&top_k=10",
        {"data": {"file": [(io.BytesIO, "a.png"), (io.BytesIO, "b.png")]}},
    ),
    "all classes": ("/predict?top_k=1000", {"data": SEVEN, "content_type": "image/png"}),
    "blank in Russian": ("/predict", {"data": BLANK, "content_type": "image/png", "headers": RUSSIAN}),
    "blank for a visitor": (
        "/predict",
        {"data": BLANK, "content_type": "image/png", "headers": {"Cookie": "lang=pt"}},
    ),
    "photographs": ("/predict/cifar10-cnn", {"data": SEVEN, "content_type": "application/octet-stream"}),
}
NOT_PLAIN = {
    **{
        query: (f"/predict/cnn?{query}", {"data": SEVEN, "content_type": "image/png"})
        for query in (
            *("steps=true", "steps=1&steps=1", "steps=1&steps=0", "steps=%31", "steps", "&", "step=1", "lang=fr"),
            *("characters=many", "characters=two", "among=letters", "among=digit", "model=linear"),
            *("top_k=0", "top_k=1001", "top_k=3.0", "top_k=-1", "top_k=03"),
        )
    },
    "no name between two": ("/predict?model=cnn,,linear", {"data": SEVEN, "content_type": "image/png"}),
    "nine models": (f"/predict/{','.join(['cnn'] * 9)}", {"data": SEVEN, "content_type": "image/png"}),
    "too many for two models": (
        "/predict/cnn,linear",
        {"data": json.dumps({"images": [TEXT] * 33}), "content_type": "application/json"},
    ),
    "a field beside": ("/predict", {"data": {"file": (io.BytesIO, "a.png"), "among": "digits"}}),
    "an unknown field": ("/predict", {"data": {"file2": (io.BytesIO, "a.png")}}),
    "damaged": ("/predict", {"data": SEVEN[:-40], "content_type": "image/png"}),
    "nothing": ("/predict", {"data": b"", "content_type": "image/png"}),
    "no picture": ("/predict", {"data": {"file": (io.BytesIO, "")}}),
    "no model": ("/predict/nobody", {"data": SEVEN, "content_type": "image/png"}),
    "another site": ("/predict", {"data": SEVEN, "content_type": "image/png", "headers": {"Origin": "http://x.org"}}),
    "another port": (
        "/predict",
        {"data": SEVEN, "content_type": "image/png", "headers": {"Origin": "http://localhost:8000"}},
    ),
    "a browser's other site": (
        "/predict",
        {"data": SEVEN, "content_type": "image/png", "headers": {"Sec-Fetch-Site": "cross-site"}},
    ),
    "text": ("/predict", {"data": "seven", "content_type": "text/plain"}),
    **{
        f"JSON with {name}": ("/predict", {"data": data, "content_type": "application/json"})
        for name, data in {
            "an option": json.dumps({"image": TEXT, "top_k": 1}),
            "escapes": json.dumps({"image": TEXT}).replace("/", "\\/"),
            "a field twice": f'{{"image": "{TEXT}", "image": "{TEXT}"}}',
            "an unknown field": json.dumps({"image2": TEXT}),
            "a number": json.dumps({"images": [TEXT, 7]}),
            "nothing": json.dumps({"images": []}),
            "no picture": json.dumps({"image": "seven"}),
            "a damaged one among two": json.dumps({"images": [TEXT, TEXT[:-200]]}),
            "too many": json.dumps({"images": [TEXT] * 65}),
            "an end before its end": json.dumps({"image": TEXT})[:-1],
        }.items()
    },
}
VARYING = {"x-request-id", "content-length", "date"}


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(Settings())


def fresh(options: dict[str, Any]) -> dict[str, Any]:
    def file(pair: Any) -> Any:
        return (io.BytesIO(SEVEN), pair[1]) if isinstance(pair, tuple) else pair

    data = options["data"]
    if isinstance(data, dict):
        data = {
            name: [file(one) for one in value] if isinstance(value, list) else file(value)
            for name, value in data.items()
        }
    return {**options, "data": data}


def ask(app: Flask, path: str, options: dict[str, Any], *, directly: bool) -> tuple[int, dict[str, str], Any]:
    way, app.direct = app.direct, app.direct if directly else None
    try:
        response = app.test_client().post(path, **fresh(options))
    finally:
        app.direct = way
    answer = json.loads(response.data)
    for prediction in answer.get("predictions", []):
        assert prediction.pop("latency_ms", 0 if "error" in prediction else -1) >= 0
    headers = {name.lower(): value for name, value in response.headers if name.lower() not in VARYING}
    return response.status_code, headers, answer


def figures_of(app: Flask) -> dict[str, float]:
    found = app.extensions["rabisco-metrics"].registry.collect()
    return {f"{sample.name} {sample.labels}": sample.value for one in found for sample in one.samples}


@pytest.mark.parametrize("name", [*PLAIN, *NOT_PLAIN])
def test_both_ways_give_the_same_answer_and_headers(app: Flask, name: str) -> None:
    path, options = (PLAIN | NOT_PLAIN)[name]
    assert ask(app, path, options, directly=True) == ask(app, path, options, directly=False)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"Accept-Encoding": "gzip"},
        {"Accept-Encoding": "gzip", "If-None-Match": "the tag"},
        {"If-None-Match": '"another"'},
        {"Range": "bytes=3-9"},
        {"X-Request-ID": "mine"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/static/js/lib/kept.js", "/static/v-1/js/lib/kept.js"])
def test_a_static_file_is_answered_as_its_view_answered_it_before(
    server: Server, asked: dict[str, str], path: str
) -> None:
    def told(response: requests.Response) -> tuple[int, dict[str, str], bytes]:
        headers = {name.lower(): value for name, value in response.headers.items() if name.lower() not in VARYING}
        return response.status_code, headers, response.content

    tag = requests.get(server.url + path, headers={"Accept-Encoding": "gzip"}, timeout=30).headers["ETag"]
    headers = {"Accept-Encoding": "identity", **asked}
    headers |= {"If-None-Match": tag} if asked.get("If-None-Match") == "the tag" else {}
    first, *others = (requests.get(server.url + path, headers=headers, timeout=30) for _ in range(4))
    assert first.status_code == (304 if headers.get("If-None-Match") == tag else 206 if "Range" in asked else 200)
    assert [told(one) for one in others] == [told(first)] * 3
    ids = [one.headers["X-Request-ID"] for one in (first, *others)]
    assert set(ids) == {"mine"} if "X-Request-ID" in asked else len(set(ids)) == 4
    assert all(len(one.raw.headers.getlist("date")) == 1 for one in (first, *others))


def test_a_static_file_that_was_changed_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "_WEB", tmp_path)
    file = tmp_path / "static" / "a.css"
    file.parent.mkdir()
    file.write_text("a {}")
    figures = Metrics()
    way = direct.Direct(Settings(), figures)

    def asked(**changed: str) -> dict[str, Any]:
        return {"REQUEST_METHOD": "GET", "PATH_INFO": "/static/a.css", "QUERY_STRING": "", **changed}

    headers = [("Content-Type", "text/css"), ("X-Request-ID", "its own")]
    way.keep_static(asked(), 200, headers, b"a {}")
    way.keep_static(asked(QUERY_STRING="v=1"), 200, headers, b"a {}")
    way.keep_static(asked(PATH_INFO="/static/b.css"), 404, headers, b"")
    way.keep_static(asked(PATH_INFO="/static/v-1/a.css"), 200, headers, b"a {}")
    assert way.static(asked(PATH_INFO="/static/v-1/a.css")) is not None
    status, told, body = way.static(asked(HTTP_X_REQUEST_ID="mine")) or (0, [], b"")
    assert (status, body, dict(told)["x-request-id"]) == (200, b"a {}", "mine")
    assert len(told) == 2
    others = (
        {"HTTP_RANGE": "bytes=0-1"},
        {"HTTP_ACCEPT_ENCODING": "gzip"},
        {"REQUEST_METHOD": "HEAD"},
        {"QUERY_STRING": "v=1"},
        {"PATH_INFO": "/static/b.css"},
    )
    assert [way.static(asked(**changed)) for changed in others] == [None] * 5
    counted = [one for one in figures.registry.collect() if one.name == "rabisco_requests"]
    rules = [sample.labels["route"] for one in counted for sample in one.samples if sample.name.endswith("_total")]
    assert sorted(rules) == [direct.STATIC_RULE, direct.VERSIONED_STATIC_RULE]
    file.write_text("a { color: red }")
    assert way.static(asked()) is None
    file.unlink()
    assert way.static(asked()) is None


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/health/live"])
def test_health_is_told_both_ways_alike(app: Flask, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for way in (app.direct, None):
        monkeypatch.setattr(app, "direct", way)
        response = app.test_client().get(path)
        headers = {name.lower(): value for name, value in response.headers if name.lower() != "x-request-id"}
        answers.append((response.status_code, headers, response.data))
    assert answers[0] == answers[1]


def test_a_model_is_read_at_once_only_when_it_is_loaded_and_light(app: Flask) -> None:
    def asked(model: str) -> bool:
        options = {"method": "POST", "data": SEVEN, "content_type": "image/png"}
        environ = app.test_request_context(f"/predict/{model}", **options).request.environ
        return app.direct.together([environ]) != [None]

    for model, light in (("mnist-tiny", True), ("cifar10-cnn", False)):
        if model in list_names():
            get_predictor(model)
            assert asked(model) == light
    assert asked("mnist-cnn") == ("mnist-cnn" in LOADED_LIGHT)


def environ_of(app: Flask, name: str) -> dict[str, Any]:
    path, options = (PLAIN | NOT_PLAIN)[name]
    environ = app.test_request_context(path, method="POST", **fresh(options)).request.environ
    return {**environ, "wsgi.input": io.BytesIO(environ["wsgi.input"].read())}


def test_requests_that_are_answered_together_get_what_each_gets_alone(app: Flask) -> None:
    def predictions(answer: Any) -> Any:
        told = answer and json.loads(answer[2])["predictions"]
        return told and [{**one, "latency_ms": 0} for one in told]

    names = [*PLAIN, *NOT_PLAIN] * 2
    for model in ("mnist-cnn", "mnist-linear", "cifar10-cnn"):
        get_predictor(model)
    together = app.direct.together([environ_of(app, name) for name in names])
    small = {"a form", "a form with a model", "a body", "from our page", "JSON", "the drawing page", "all classes"}
    small |= {"from our page, without TLS", "blank", "blank in Russian", "blank for a visitor", "a blank drawing"}
    assert {name for name, answer in zip(names, together, strict=True) if answer} == small
    alone = [app.direct(environ_of(app, name)) if name in small else None for name in names]
    assert list(map(predictions, together)) == list(map(predictions, alone))


def test_a_second_core_is_used_only_while_no_other_process_reads(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = list[bool]()
    read = Predictor.predict_many

    def noted(self: Predictor, *arguments: Any, **options: Any) -> Any:
        beside.append(options["beside"])
        return read(self, *arguments, **options)

    monkeypatch.setattr(Predictor, "predict_many", noted)
    monkeypatch.setattr(direct, "_began", memoryview(mmap.mmap(-1, 64)).cast("d"))
    get_predictor("mnist-cnn")
    for together in (["a body"], ["a body"] * 2):
        app.direct.together([environ_of(app, name) for name in together])
    own, other = os.getpid(), os.fork()
    if not other:
        monkeypatch.setattr(os, "getpid", lambda: own + 1)  # any other but by chance one of the same place
        app.direct._is_alone()
        os._exit(0)
    os.waitpid(other, 0)
    for seconds in (60, 0):
        monkeypatch.setattr(direct, "AT_WORK_SECONDS", seconds)
        app.direct.together([environ_of(app, "a body")])
    assert beside == [True, False, False, True]


@pytest.mark.parametrize("fails", ["decode", "predict_many"])
def test_a_request_that_meets_an_error_leaves_the_others_theirs(
    app: Flask, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    odd, usual = environ_of(app, "a form with a model"), environ_of(app, "a body")

    if fails == "decode":
        odd["wsgi.input"] = io.BytesIO(odd["wsgi.input"].read().replace(b"IDAT", b"IDAt"))  # another picture
        bad = only_pictures(odd["CONTENT_TYPE"], odd["wsgi.input"].getvalue())[0]
        monkeypatch.setattr(direct, "decode", lambda data, **_: 1 / 0 if data == bad else decode(data))
    else:
        monkeypatch.setattr(get_predictor("linear"), "predict_many", lambda _: 1 / 0)
    answers = app.direct.together([odd, usual])
    assert answers[0] is None
    assert odd[LEFT]
    assert answers[1] is not None


def test_where_all_that_wait_fail_together_the_views_answer_each(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "direct", SimpleNamespace(together=lambda _: 1 / 0))
    served = ASGIApplication(app, Settings())

    async def turns() -> list[Any]:
        waiting = [asyncio.get_running_loop().create_future() for _ in range(2)]
        served._turns.extend((environ_of(app, "a body"), turn.set_result) for turn in waiting)
        served._give_turns()
        return await asyncio.wait_for(asyncio.gather(*waiting), timeout=5)

    assert run_elsewhere(turns()) == [None, None]


@pytest.mark.parametrize("name", [*PLAIN, *NOT_PLAIN])
def test_only_what_is_plain_is_answered_directly(app: Flask, name: str) -> None:
    path, options = (PLAIN | NOT_PLAIN)[name]
    environ = app.test_request_context(path, method="POST", **fresh(options)).request.environ
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    answer = app.direct(environ)
    assert (answer is not None) == (name in PLAIN)
    assert answer is not None or environ["wsgi.input"].read() == body or not body
    assert answer is not None or app.direct(environ) is None or LEFT not in environ


def test_sentences_wait_for_the_application_where_there_is_none(app: Flask) -> None:
    way = direct.Direct(Settings(), Metrics())
    names = ("blank", "blank in Russian", "blank for a visitor", "a blank drawing", "the drawing page")
    told = [way(environ_of(app, name)) is not None for name in names]
    way.has_application = True
    assert told == [True, False, False, False, False]
    assert all(way(environ_of(app, name)) for name in names)


@pytest.mark.parametrize("name", ["a form with a model", "digits, by two models, of two files", "the drawing page"])
def test_a_direct_answer_is_counted_and_logged_as_any_other(
    app: Flask, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    path, options = PLAIN[name]
    rule = "/predict" if path.startswith("/predict?") else "/predict/<model>"
    lines, figures = [], []
    logging.getLogger("rabisco").propagate = True
    for directly in (True, False):
        before = figures_of(app)
        with caplog.at_level(logging.INFO, "rabisco"):
            options = {**options, "headers": {**options.get("headers", {}), "X-Request-ID": "mine"}}
            ask(app, path, options, directly=directly)
        record = caplog.records[-1]
        known = record.request_id if directly else "mine"  # of a view's line the formatter's filter finds it
        lines.append({**record.facts, "milliseconds": 0, "bytes": 0, "id": known})
        after = figures_of(app)
        grown = {name for name in after if after[name] != before.get(name, 0)}
        figures.append({name for name in grown if "_bucket" not in name and "process_" not in name})
    assert lines[0] == lines[1] == {**lines[0], "route": rule, "status": 200, "id": "mine"}
    assert figures[0] == figures[1]


def test_a_limit_of_requests_and_one_of_bytes_are_kept() -> None:
    for limited, status in ((Settings(rate_limit="1/hour"), 429), (Settings(max_upload_bytes=1024), 413)):
        client = create_app(limited).test_client()
        answers = [client.post("/predict", data=SEVEN, content_type="image/png").status_code for _ in range(2)]
        assert answers[-1] == status


PIECES = st.sampled_from(
    [
        b"--x",
        b"--x--",
        b"--xy",
        b"\r\n",
        b"\n",
        b"\r",
        b'Content-Disposition: form-data; name="file"; filename="a.png"',
        b'Content-Disposition: form-data; name="file"',
        b'Content-Disposition: form-data; name="model"',
        b"Content-Type: image/png",
        b"Content-Transfer-Encoding: base64",
        b"pixels",
        b"",
    ]
)
WELL_MADE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.lists(PIECES, max_size=14).map(b"".join),
        st.binary(max_size=60).map(lambda data: b"\r\n" + WELL_MADE + data + b"\r\n--x--\r\n"),
        st.lists(PIECES, max_size=8).map(lambda parts: WELL_MADE + b"".join(parts) + b"\r\n--x--\r\n"),
        st.binary(max_size=60).map(lambda data: WELL_MADE + data + b"\r\n--x--\r\n"),
        st.lists(st.binary(max_size=20), max_size=4).map(
            lambda files: b"".join(WELL_MADE + data + b"\r\n" for data in files) + b"--x--\r\n"
        ),
    )
)
def test_what_is_taken_for_the_only_file_of_a_form_is_what_werkzeug_finds(body: bytes) -> None:
    found = only_pictures("multipart/form-data; boundary=x", body)
    if not found:
        return
    _, form, files = FormDataParser().parse(io.BytesIO(body), "multipart/form-data", len(body), {"boundary": "x"})
    assert list(form.items()) == []
    read = [(name, file.filename, file.read()) for name, file in files.items(multi=True)]
    for _name, file in [*files.items(multi=True)]:
        file.close()
    assert read == [("file", "a.png", one) for one in found]


def test_a_well_made_form_is_taken() -> None:
    for boundary in ("x", '"x"'):
        kind, data = f"multipart/form-data; boundary={boundary}", b"\r\nsome --xy\r\n pixels\r\n"
        assert only_pictures(kind, WELL_MADE + b"pixels\r\n--x--\r\n") == [b"pixels"]
        assert only_pictures(kind, WELL_MADE + b"1\r\n" + WELL_MADE + b"2\r\n--x--") == [b"1", b"2"]
        assert only_pictures(kind, WELL_MADE + data + b"\r\n--x--\r\n") == []  # left to who knows better


def test_small_is_what_few_bytes_say_of_few_pixels() -> None:
    assert is_small([SEVEN])
    assert not is_small([encoded(draw_seven(), "JPEG")])
    assert not is_small([encoded(draw_seven(900))])
    assert not is_small([SEVEN + bytes(70_000)])
    assert not is_small([SEVEN[:20]])
    assert is_small([TEXT])
    assert is_small([f"data:image/png;base64,{TEXT}"])
    assert not is_small([base64.b64encode(encoded(draw_seven(900))).decode()])
    for text in ("seven", "A", TEXT[:30], TEXT[1:]):
        assert not is_small([text])
    assert not is_small([SEVEN, SEVEN])
