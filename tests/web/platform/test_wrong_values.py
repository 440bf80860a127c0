"""No route takes a value that its schema in the OpenAPI document forbids, in JSON, in a form or in the address."""

import base64
import copy
from collections.abc import Iterator
from typing import Any

import pytest
from tests.web.platform.test_openapi import DOCUMENT, OPERATIONS, known  # noqa: F401 - a fixture
from tests.web.serving import Server, seven_png

from rabisco.web.platform.fields import FORM, MULTIPART

REFUSED = (400, 413, 415, 422)
PNG = seven_png()
PICTURE = base64.b64encode(PNG).decode()
OBJECT = {"a": 1}
# What a body holds beside the value that is wrong.
REST = {
    "/predict": {"image": PICTURE},
    "/predict/{model}": {"image": PICTURE},
    "/explain": {"image": PICTURE},
    "/corrections": {"image": PICTURE, "true_label": "7", "consent": False},
    "/corrections/retrain": {"model": "mnist-cnn"},
    "/compare/measurements": {"model": ["mnist-tiny", "mnist-linear"]},
    "/uploads/drawn": {"drawings": [{"label": "1", "image": PICTURE}]},
    "/training": {"dataset": "digits"},
    "/assistant/messages": {"question": "What is overfitting?", "source": "documentation"},
    "/runs/{run_id}/rename": {"name": "other"},
    "/runs/{run_id}/notes": {"notes": "other"},
    "/models/{name}/classes": {"class_names": "0 = A"},
}
JSON_BODIES = {
    path: body["requestBody"]["content"]["application/json"]["schema"]
    for (method, path), body in OPERATIONS.items()
    if method == "post" and "application/json" in body.get("requestBody", {}).get("content", {})
}
FORMS = {
    (path, media): content
    for (method, path), body in OPERATIONS.items()
    for media, content in body.get("requestBody", {}).get("content", {}).items()
    if media in (FORM, MULTIPART)
}
QUERIES = {
    (method, path): [one for one in body["parameters"] if one["in"] == "query"]
    for (method, path), body in OPERATIONS.items()
    if any(one["in"] == "query" for one in body.get("parameters", ()))
}


def wrong(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield values of JSON that a schema forbids and nobody could take for others."""
    if "$ref" in schema:
        yield from ("text", 7, [7])
        return
    kinds = {one.get("type") for one in schema.get("anyOf", [schema])}
    if kinds <= {"string", "null"}:
        yield from (OBJECT, [OBJECT])
    if "enum" in schema:
        yield "nonsense"
    elif "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if kinds <= {"integer", "number"}:
        yield from (OBJECT, [OBJECT], "x", schema["minimum"] - 1, schema["maximum"] + 1)
    if kinds == {"boolean"}:
        yield from (OBJECT, [OBJECT], "perhaps", 7)
    if kinds == {"array"}:
        yield from (OBJECT, [OBJECT], [[OBJECT]])
        if "maxItems" in schema:
            yield ["x"] * (schema["maxItems"] + 1)


@pytest.mark.parametrize("path", JSON_BODIES)
def test_no_json_that_the_document_forbids_is_taken(server: Server, known: dict[str, str], path: str) -> None:  # noqa: F811
    schema, rest = JSON_BODIES[path], REST.get(path, {})
    address = path.format(**{"model": "cnn", **known})
    bodies: list[Any] = [[], [rest], "text", 7, {**rest, "nobody_knows": 1}]
    for name, one in schema["properties"].items():
        bodies += [{**copy.deepcopy(rest), name: value} for value in wrong(one)]
    bodies += [{key: value for key, value in rest.items() if key != name} for name in schema["required"]]
    taken = [
        (str(body)[:200], answer.status_code)
        for body in bodies
        if (answer := server.post(address, json=body)).status_code not in REFUSED
    ]
    assert taken == []


def wrong_text(schema: dict[str, Any]) -> Iterator[list[str]]:
    """Yield the values of a field of a form that a schema forbids."""
    if schema.get("format") == "binary" or "binary" in str(schema.get("items")):
        return
    for value in wrong(schema):
        if isinstance(value, str | int | float):
            yield [str(value)]
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield value
    if schema.get("type") in ("integer", "number"):
        yield from (["NaN"], ["1e999"], ["0x10"], ["\0"])
    if schema.get("type") == "integer":
        yield ["1.5"]
    if schema.get("type") == "array" and "enum" in schema["items"]:
        yield ["nonsense"]
    if schema.get("type") not in ("array", None) and "maxLength" not in schema and "enum" in schema:
        two = [one for one in schema["enum"] if one][-2:]  # where there is room for one
        yield from [two] if len(two) == 2 else []


@pytest.mark.parametrize(("path", "media"), FORMS)
def test_no_form_that_the_document_forbids_is_taken(
    server: Server,
    known: dict[str, str],  # noqa: F811
    path: str,
    media: str,
) -> None:
    content = FORMS[path, media]
    schema, rest = content["schema"], next(iter(content["examples"].values()))["value"]
    address = path.format(**{"model": "cnn", **known})
    forms: list[dict[str, Any]] = [{**rest, "nobody_knows": "1"}]
    for name, one in schema["properties"].items():
        forms += [{**rest, name: value} for value in wrong_text(one)]
    forms += [{key: value for key, value in rest.items() if key != name} for name in schema["required"]]
    taken = []
    for form in forms:
        fields = [
            (name, one) for name, value in form.items() for one in (value if isinstance(value, list) else [value])
        ]
        parts = [(name, (f"{name}.csv" if name in ("train", "test") else None, str(one))) for name, one in fields]
        body: dict[str, Any] = {"files": parts} if media == MULTIPART else {"data": fields}
        answer = server.post(address, headers={"Accept": "application/json"}, allow_redirects=False, **body)
        if answer.status_code not in (*REFUSED, 404):  # or a name that nothing has
            taken.append((str(form)[-160:], answer.status_code))
    assert taken == []


@pytest.mark.parametrize("path", sorted({path for path, media in FORMS if media == MULTIPART}))
def test_no_multipart_form_whose_parts_are_not_what_they_must_be_is_taken(
    server: Server,
    known: dict[str, str],  # noqa: F811
    path: str,
) -> None:
    address = path.format(**{"model": "cnn", **known})
    example = next(iter(FORMS[path, MULTIPART]["examples"].values()))["value"]
    parts = [(name, (f"{name}.csv" if name == "train" else None, str(one))) for name, one in example.items()]
    unlike = [
        [*parts, ("nobody_knows", ("a.png", PNG))],  # a file that nobody asked for
        [*parts, *parts[:1] * 2000],  # more parts than any form has
        [(name, (None, b"\xff\xfe\0")) for name, _ in parts],
        [(f"{name}\0", part) for name, part in parts],
    ]
    taken = [
        (number, answer.status_code)
        for number, form in enumerate(unlike)
        if (answer := server.post(address, files=form)).status_code not in REFUSED
    ]
    assert taken == []
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=cut"):
        answer = server.post(address, data=b"--cut\r\n\r\n--cut--", headers={"Content-Type": kind})
        assert answer.status_code in REFUSED, kind


@pytest.mark.parametrize(("method", "path"), [key for key in QUERIES if key[0] == "get"])
def test_no_address_that_the_document_forbids_is_taken(
    server: Server,
    known: dict[str, str],  # noqa: F811
    method: str,
    path: str,
) -> None:
    address = path.format(**{"model": "cnn", **known})
    asked: list[dict[str, str]] = [{"nobody_knows": "1"}]
    for one in QUERIES[method, path]:
        asked += [{one["name"]: str(value)} for value in wrong(one["schema"]) if isinstance(value, str | int | float)]
    taken = [
        (str(query)[:100], answer.status_code)
        for query in asked
        if (answer := server.get(address, params=query)).status_code not in REFUSED
    ]
    assert taken == []
    assert DOCUMENT["paths"][path]
