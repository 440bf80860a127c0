"""Each request, parameter and answer of the OpenAPI document has an example, true to its schema and to the server."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.web.examples import DOCUMENT, Sent, Stage, described_of, is_well, problems, shown, stage

from rabisco import store
from rabisco.artifacts import BUNDLED_DIR
from rabisco.settings import get_settings
from rabisco.web.platform import refusals
from rabisco.web.platform.fields import JSON
from rabisco.web.platform.routing import ROUTES

COMPONENTS = DOCUMENT["components"]
OPERATIONS = {
    operation["operationId"]: operation for item in DOCUMENT["paths"].values() for operation in item.values()
}


def check(schema: dict[str, Any], value: Any) -> None:
    validator(json.dumps(schema)).validate(value)


@cache
def validator(schema: str) -> Any:
    return jsonschema_rs.validator_for({**json.loads(schema), "components": COMPONENTS})


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, answer in operation["responses"].items():
        described = COMPONENTS["responses"][status] if "$ref" in answer else answer
        yield from described["content"].items()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_parameter_body_and_answer_has_an_example_of_its_schema(name: str) -> None:
    operation = OPERATIONS[name]
    for parameter in operation.get("parameters", ()):
        check(parameter["schema"], parameter["example"])
    for content in operation.get("requestBody", {}).get("content", {}).values():
        assert content["examples"]
        for example in content["examples"].values():
            if "externalValue" not in example:
                check(content["schema"], example["value"])
    for media, content in contents(operation):
        if media == "application/octet-stream":
            continue  # bytes, of which JSON can hold none
        check(content["schema"], content["example"])
        assert content["example"] is not None


def test_every_field_of_a_body_is_in_one_of_its_examples() -> None:
    others = {"file", "imageBase64", "data", "img"}  # which hold a picture as “image” does
    for name, operation in OPERATIONS.items():
        contents = operation.get("requestBody", {}).get("content", {}).values()
        values = [example.get("value", {}) for content in contents for example in content["examples"].values()]
        known = {field for content in contents for field in content["schema"].get("properties", ())}
        assert known - {field for value in values for field in value} <= others, name


def test_every_schema_that_an_answer_holds_has_an_example() -> None:
    for schema in COMPONENTS["schemas"].values():
        for example in schema.get("examples", ()):
            check(schema, example)
        assert schema.get("examples")


def test_every_bundled_card_is_what_the_document_describes() -> None:
    cards = list(BUNDLED_DIR.glob("*/card.json"))
    assert cards
    for card in cards:
        check({"$ref": "#/components/schemas/Card"}, json.loads(card.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as playing:
        yield playing


@pytest.fixture(autouse=True)
def at_home(staged: Stage, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process have the home of the server: it makes what addresses name."""
    monkeypatch.setenv("RABISCO_HOME", str(staged.home))
    monkeypatch.setenv("RABISCO_TRAININGS", "8")
    get_settings.cache_clear()
    store.close()
    yield
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.operation)
def test_every_request_shown_is_answered_as_the_document_says(staged: Stage, route: Any) -> None:
    described = described_of(route)["content"]
    for sent in shown(route):
        _check_answer(staged, sent, described)


def _check_answer(staged: Stage, sent: Sent, described: dict[str, Any]) -> None:
    for media in described:
        answer = staged.send(sent, media)
        assert is_well(sent, media, answer), (str(sent), answer.status_code, answer.text[:300])
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in described
        check(described[kind]["schema"], answer.json() if kind == JSON else answer.text)


@pytest.mark.slow
def test_the_examples_of_errors_are_what_servers_answer(tmp_path: Path) -> None:
    seen = set()
    for answer in problems(tmp_path):
        kind = answer.headers["Content-Type"].partition(";")[0]
        seen.add(str(answer.status_code))
        if "json" in kind:
            content = COMPONENTS["responses"][str(answer.status_code)]["content"][kind]
            assert _numberless(content["example"]) == _numberless(answer.json())
    assert seen == COMPONENTS["responses"].keys() - {"408"}


def test_the_example_of_a_request_that_took_too_long_is_what_servers_answer() -> None:
    content = COMPONENTS["responses"]["408"]["content"]["application/problem+json"]
    assert content["example"] == json.loads(refusals.answer(408)[2])


def _numberless(problem: dict[str, Any]) -> dict[str, Any]:
    """Return a problem without the numbers of ports and of seconds."""
    return {name: re.sub(r"\d+", "0", str(one)) for name, one in problem.items()}
