"""The OpenAPI document holds every route, answers have the shapes it names, and no generated request breaks either."""

import io
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as openapi_checks
from tests.web.serving import Server, draw_seven, encoded, serving, seven_png
from tests.web.training import cancel_all, digits_csv, send

from rabisco import runs
from rabisco.runs import upload_worker
from rabisco.runs.session import claim
from rabisco.training import Progress
from rabisco.web import create_app

SEVEN = seven_png()
APPLICATION = create_app()
DOCUMENT: dict[str, Any] = APPLICATION.test_client().get("/openapi.json").json
OPERATIONS = {(method, path): body for path, item in DOCUMENT["paths"].items() for method, body in item.items()}
# Random bytes are no picture, so a refusal (400, 415) is the right answer to a well-formed request: the checks that
# expect it to be accepted are left out.
CHECKS = (
    not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.unsupported_method,
)
EXAMPLES = 10


def pictures() -> st.SearchStrategy[bytes]:
    """Return real pictures and bytes that are none."""
    return st.sampled_from([SEVEN, encoded(draw_seven(60), "JPEG"), SEVEN[:100], b""]) | st.binary(max_size=200)


schemathesis.openapi.media_type("application/octet-stream", pictures())
schemathesis.openapi.format("binary", pictures())


def check_answer(method: str, path: str, response: requests.Response) -> None:
    """Fail unless the status, the media type and the body of an answer are those of the document."""
    described = OPERATIONS[method, path]["responses"][str(response.status_code)]
    if "$ref" in described:
        described = DOCUMENT["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
    schema = described["content"][response.headers["content-type"].split(";")[0]]["schema"]
    body = response.json() if "json" in response.headers["content-type"] else response.text
    jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}).validate(body)


def test_the_document_holds_every_route_and_no_other() -> None:
    rules = [rule for rule in create_app().url_map.iter_rules() if rule.endpoint != "static"]
    existing = {
        (method.lower(), re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in rules
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert set(OPERATIONS) == existing


def test_every_operation_has_its_own_name() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)


def test_its_schemas_are_valid() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


def test_its_summaries_are_in_the_language_asked_for() -> None:
    response = create_app().test_client().get("/openapi.json", headers={"Accept-Language": "fr"})
    assert response.json["paths"]["/health/live"]["get"]["summary"] == "Répond 200 tant que le processus fonctionne."
    assert response.headers["Content-Language"] == "fr"


def test_each_language_and_root_has_a_document_of_its_own() -> None:
    client = create_app().test_client()

    def told(language: str, root: str) -> tuple[str, str]:
        answer = client.get("/openapi.json", headers={"Accept-Language": language}, base_url=f"http://localhost{root}")
        return answer.json["paths"]["/predict"]["post"]["summary"], answer.json["servers"][0]["url"]

    asked = [(language, root) for language in ("en", "ru") for root in ("", "/school")]
    first, again = ([told(*one) for one in asked] for _ in range(2))
    assert first == again
    assert len(set(first)) == 4


def untyped(schema: object, place: str = "") -> Iterator[str]:
    """Yield where an object of a schema says nothing of what it holds."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" not in schema:
            yield from [place] if schema.get("additionalProperties", True) is True else []
        for name, one in schema.items():
            yield from untyped(one, f"{place}/{name}")
    elif isinstance(schema, list):
        for one in schema:
            yield from untyped(one, place)


def test_a_request_that_came_too_slowly_is_never_answered_by_a_page() -> None:
    answers = DOCUMENT["components"]["responses"]
    assert list(answers["408"]["content"]) == ["application/problem+json"]
    assert "text/html" in answers["404"]["content"]


def test_every_object_says_what_it_holds() -> None:
    assert list(untyped(DOCUMENT)) == []


def test_what_uploads_and_trainings_keep_has_the_shapes_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "tend", lambda: None)
    client = create_app().test_client()
    upload = client.post("/uploads", data={"train": (io.BytesIO(digits_csv(0, 60)), "a.csv")}).json["id"]
    look = upload_worker.claim(upload)
    assert look
    look.end(upload_worker._look(upload, look))
    run = client.post("/training", json={"upload": upload, "epochs": 2}).json["id"]
    session = claim(run)
    assert session
    session.phase("training", classes=10, train=40, validation=10, test=10)
    session.progress(Progress(1, 2, 1, 5, 2.3, 0.1, 1e-3, None, None, 0.5))
    session.progress(Progress(1, 2, 5, 5, 2.3, 0.1, 1e-3, 200.0, 1.5, 0.5, 2.2, 0.2))
    paths = {f"/uploads/{upload}": "Upload", f"/runs/{run}": "Run", f"/runs/{run}/events": "RunEvents"}
    for path, name in paths.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
        jsonschema_rs.validator_for(schema).validate(client.get(path).json)
    assert client.get(f"/uploads/{upload}").json["inspection"]["train"]["rows"] == 60
    kinds = [event["kind"] for event in client.get(f"/runs/{run}/events").json["events"]]
    assert kinds == ["state", "state", "phase", "progress", "epoch"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that begins none of the trainings that are ordered here."""
    with serving(tmp_path_factory.mktemp("described"), trainings=0) as running:
        yield running


@pytest.fixture(scope="module")
def known(server: Server) -> Iterator[dict[str, str]]:
    """What may stand in an address: a model, an upload, a run; afterwards no training is left that anybody ordered."""
    upload = send(server, train=digits_csv(0, 100))
    run = server.post("/training", json={"dataset": "digits", "preset": "seconds"}).json()
    measuring = server.post("/compare/measurements", json={"model": ["mnist-tiny", "mnist-linear"]}).json()
    sweep = server.post("/sweeps", json={"sweep": 'recipe = "digits-linear"\n[grid]\nseed = [1, 2]'}).json()
    yield {
        "name": "cnn",
        "upload_id": upload["id"],
        "run_id": run["id"],
        "sweep_name": sweep["name"],
        "measuring_id": measuring["id"],
    }
    cancel_all(server)


@pytest.mark.parametrize(("method", "path"), [key for key in OPERATIONS if key[0] == "get"])
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_real_answers_have_the_shapes_it_names(
    server: Server, known: dict[str, str], method: str, path: str, accept: str
) -> None:
    response = server.get(path.format(**known), headers={"Accept": accept})
    wants_more = path in ("/model", "/label-errors")  # a question, and the data to look through
    assert response.status_code == (400 if wants_more else 200)
    check_answer(method, path, response)


@pytest.mark.parametrize("path", ["/predict", "/predict/{model}"])
def test_real_predictions_have_the_shape_it_names_and_nothing_more(server: Server, path: str) -> None:
    response = server.post(path.replace("{model}", "linear") + "?steps=1", files={"file": SEVEN})
    assert response.status_code == 200
    check_answer("post", path, response)
    (prediction,) = response.json()["predictions"]
    assert prediction.keys() == DOCUMENT["components"]["schemas"]["Prediction"]["properties"].keys()


def test_real_problems_have_the_shape_it_names(server: Server) -> None:
    refused = [server.post("/predict"), server.post("/predict", files={"file": b"text"})]
    for response in (*refused, server.post("/predict?model=nobody", files={"file": SEVEN})):
        assert response.status_code >= 400
        check_answer("post", "/predict", response)
    check_answer("get", "/models/{name}", server.get("/models/nobody"))


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_generated_request_breaks_the_server_or_the_document(server: Server, method: str, path: str) -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    strategy = schema[path][method.upper()].as_strategy()

    @given(strategy)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=server.url, checks=CHECKS, timeout=20)

    ask()
    cancel_all(server)


METHODS = ("get", "post", "put", "delete", "patch")
FILLED = {"name": "mnist-cnn", "model": "mnist-cnn", "number": "1", "alias": "cnn"}


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_a_wrong_method_is_answered_405_with_the_right_ones(path: str) -> None:
    address = re.sub(r"\{(\w+)\}", lambda match: FILLED.get(match[1], "x"), path)
    allowed = {method.lower() for method in APPLICATION.url_map.bind("localhost").allowed_methods(address)}
    assert {method for method in METHODS if method in DOCUMENT["paths"][path]} <= allowed
    for method in set(METHODS) - allowed:
        answer = APPLICATION.test_client().open(address, method=method.upper())
        assert answer.status_code == 405, (method, answer.status_code)
        assert {one.strip().lower() for one in answer.headers["Allow"].split(",")} == allowed
        expected = ", ".join(sorted(one.upper() for one in allowed - {"head", "options"}))
        assert f"expected {expected} at this address, received {method.upper()};" in answer.json["detail"]
