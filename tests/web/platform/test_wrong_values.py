"""No route takes a value that its schema in the OpenAPI document forbids, in JSON or in the address."""

import base64
import copy
from collections.abc import Iterator
from typing import Any

import pytest
from tests.web.platform.test_openapi import DOCUMENT, OPERATIONS, known  # noqa: F401 - a fixture
from tests.web.serving import Server, seven_png

REFUSED = (400, 413, 415, 422)
PICTURE = base64.b64encode(seven_png()).decode()
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
