"""The OpenAPI 3.1 document, made of what the routes say of themselves."""

import json
import re
from http import HTTPStatus
from typing import Any

from flask_babel import gettext
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import rabisco
from rabisco.web.platform.examples import PICTURE, recorded
from rabisco.web.platform.fields import JSON, MULTIPART, Fields
from rabisco.web.platform.logs import HEADER, WELL_FORMED
from rabisco.web.platform.routing import ROUTES, Route
from rabisco.web.platform.schemas import Problem
from rabisco.web.read import FILE_FIELD, TEXT_FIELDS
from rabisco.web.read.pictures import RAW, Pictures

Schema = dict[str, Any]

# Any route may answer these: 422 to a field that it does not know; 429 where the settings limit the rate, which
# health is free of.
COMMON_STATUSES = (422, 429, 500)
PARAMETER = re.compile(r"<(\w+)>")
REFERENCE = "#/components/schemas/{model}"
SUFFIX = "Schema"  # of a class whose name something else of the package has; clients see the name without it
BINARY: Schema = {"type": "string", "format": "binary"}
JSON_FILE: Schema = {"description": "A JSON file."}
TEXT: Schema = {"type": "string", "description": "Base64 text or a data URL."}
REQUEST_ID: Schema = {
    "description": "The id that the request gave in this header, if well-formed, else a new one.",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{WELL_FORMED.pattern}$"},
}
ANSWER_HEADERS: Schema = {HEADER: {"$ref": f"#/components/headers/{HEADER}"}}
# Of what stands in an address.
EXAMPLES = {
    "model": "cnn",
    "name": "mnist-cnn",
    "version": "1",
    "number": "1",
    "run_id": "8b1a9953c4611296",
    "sweep_name": "rates",
    "upload_id": "2f9d6d2f1d0b4c55",
    "measuring_id": "c4ca4238a0b92382",
}
TOKEN: Schema = {"type": "http", "scheme": "bearer", "description": "Needed where the server has an access token."}


def openapi_path(rule: str) -> str:
    """Return the rule of a route as OpenAPI writes it: ``/models/{name}``."""
    return PARAMETER.sub(r"{\1}", rule)


def document(root: str = "") -> Schema:
    """Return the document, in the language of the current request.

    Args:
        root: Path under which the application is mounted.
    """
    schemas = _schemas()
    fields = {route.receives: _plain(schemas[route.receives.__name__]) for route in ROUTES.values() if route.receives}
    paths: dict[str, Schema] = {}
    for route in ROUTES.values():
        operation = _operation(route, fields[route.receives] if route.receives else {})
        paths.setdefault(openapi_path(route.path), {})[route.method.lower()] = operation
    inlined = {one.__name__ for one in fields}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Rabisco",
            "version": rabisco.__version__,
            "summary": gettext("Everything the pages do is also done by one line of code. No key, no account."),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name not in inlined},
            "responses": _problems(),
            "headers": {HEADER: REQUEST_ID},
            "securitySchemes": {"token": TOKEN},
        },
    }


def _operation(route: Route, fields: Schema) -> Schema:
    operation: Schema = {"operationId": route.operation, "summary": str(route.summary)}
    parameters: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": EXAMPLES[name]}
        for name in PARAMETER.findall(route.path)
    ]
    if route.receives and (route.method == "GET" or issubclass(route.receives, Pictures)):
        shown = {name: value for request in reversed(route.receives.requests) for name, value in request.items()}
        for name, schema in fields["properties"].items():
            described = {"required": name in fields["required"], "schema": schema, "example": shown[name]}
            parameters.append({"name": name, "in": "query", **described})
    if parameters:
        operation["parameters"] = parameters
    if route.receives and route.method != "GET":
        bodies = {kind: _body(route.receives, fields, kind) for kind in route.receives.media}
        operation["requestBody"] = {"required": True, "content": bodies}
    if route.needs_access:
        operation["security"] = [{"token": []}, {}]
    return {**operation, "responses": _responses(route)}


def _flat(schema: Schema) -> Schema:
    """Return the schema of a field without objects, which a form cannot hold."""
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "object"]
    return {**schema, "anyOf": options} if options else schema


def _body(model: type[Fields], fields: Schema, kind: str) -> Schema:
    """Return a body of one media type, with the requests that have its form.

    The schema does not express “at least one of these fields”, because client generators make no type of it.
    """
    if kind == RAW:
        return {"schema": BINARY, "examples": {"1": {"externalValue": PICTURE}}}
    properties, required = fields["properties"], fields["required"]
    if kind != JSON:
        properties = {name: _flat(one) for name, one in properties.items() if "$ref" not in json.dumps(one)}
    if issubclass(model, Pictures):
        properties = {**dict.fromkeys(TEXT_FIELDS, TEXT), **properties}
    if kind == JSON and issubclass(model, Pictures):
        properties = {"images": {"type": "array", "items": TEXT, "minItems": 1}, **properties}
    if kind == MULTIPART:
        files = dict.fromkeys(model.files, BINARY)
        if FILE_FIELD in files:
            files = {FILE_FIELD: {"type": "array", "items": BINARY, "minItems": 1}}
        else:
            required = list(dict.fromkeys([next(iter(files)), *required]))
        properties = {**files, **{name: one for name, one in properties.items() if name not in files}}
    fitting = [
        {"value": dict(request)}
        for request in model.requests
        if set(required) <= request.keys() <= properties.keys()
        and (kind == JSON or not any(isinstance(value, dict) for value in request.values()))
    ]
    return {
        "schema": {"type": "object", "properties": properties, "required": required, "additionalProperties": False},
        "examples": {str(number): one for number, one in enumerate(fitting, 1)},
    }


def _plain(schema: Schema) -> Schema:
    """Return the schema of fields without what only says how it came about: titles, and null for what is left out."""
    properties, required = {}, schema.get("required", [])
    for name, one in schema.get("properties", {}).items():
        plain = {
            key: value
            for key, value in one.items()
            if key not in ("title", "anyOf") and (key, value) not in (("default", None), ("default", ""))
        }
        options = [option for option in one.get("anyOf", ()) if name in required or option != {"type": "null"}]
        merged = options[0] if len(options) == 1 else {"anyOf": options} if options else {}
        properties[name] = {**merged, **plain}
    return {"properties": properties, "required": required}


def _responses(route: Route) -> Schema:
    phrase, content = HTTPStatus(route.success).phrase, _content(route)
    return {
        str(route.success): {"description": phrase, "headers": ANSWER_HEADERS, "content": content},
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(_statuses(route))},
    }


def _statuses(route: Route) -> set[int]:
    guard = (401, 403) if route.needs_access else (403,) if route.open else ()
    encoded = () if route.method == "GET" else (415,)
    return {*route.problems, *COMMON_STATUSES, *((400,) if route.receives else ()), *encoded, *guard}


def _content(route: Route) -> Schema:
    content: Schema = {}
    if route.answer:
        name = route.answer.__name__.removesuffix(SUFFIX)
        schema = {"$ref": REFERENCE.format(model=name)}
        content["application/json"] = {"schema": schema, "example": recorded()["schemas"].get(name)}
    if route.plain:
        content["text/plain"] = {"schema": {"type": "string"}}
    if route.file:
        for media in route.file.split(", "):
            content[media] = {"schema": JSON_FILE if media == "application/json" else BINARY}
    if route.page:
        content["text/html"] = {"schema": {"type": "string"}}
    if "text/html" in content:
        content["text/html"]["example"] = recorded()["page"]
    for media, example in recorded()["contents"].get(route.operation, {}).items():
        content[media]["example"] = example
    return content


def _problems() -> Schema:
    statuses = sorted({status for route in ROUTES.values() for status in _statuses(route)})
    page = {"schema": {"type": "string"}, "example": recorded()["page"]}
    found: Schema = {}
    for status in statuses:
        example = recorded()["problems"].get(str(status))
        problem = {"schema": {"$ref": REFERENCE.format(model="Problem")}, "example": example}
        content: Schema = {"application/problem+json": problem}
        if status != HTTPStatus.REQUEST_TIMEOUT:  # which comes before any page could be made
            content["text/html"] = page
        found[str(status)] = {"description": HTTPStatus(status).phrase, "headers": ANSWER_HEADERS, "content": content}
    return found


def _schemas() -> Schema:
    shown: list[type[BaseModel]] = [Problem]
    for route in ROUTES.values():
        shown += [one for one in (route.answer, route.receives) if one]
    _, definitions = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(shown)], ref_template=REFERENCE
    )
    schemas: Schema = json.loads(json.dumps(definitions["$defs"]).replace(f'{SUFFIX}"', '"'))
    for name, schema in schemas.items():
        if name in recorded()["schemas"]:
            schema["examples"] = [recorded()["schemas"][name]]
        if "description" in schema:  # what follows the first paragraph is for readers of the code
            schema["description"] = schema["description"].split("\n\n")[0]
    return schemas
