"""The OpenAPI 3.1 document, made of what the routes say of themselves."""

import json
import re
from http import HTTPStatus
from typing import Any

from flask_babel import gettext
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import rabisco
from rabisco.characters import AMONG
from rabisco.web.platform import shapes
from rabisco.web.platform.lines import HEADER, WELL_FORMED
from rabisco.web.platform.routing import ROUTES, Route
from rabisco.web.read import FILE_FIELD, options
from rabisco.web.read.pictures import TEXT_FIELDS
from rabisco.web.train.bodies import BODIES

Schema = dict[str, Any]

# Any route may answer these; 429 only where the settings limit the rate, which health is free of.
EVERYWHERE = (429, 500)
GUARDED = (401, 403)
CROSS_SITE = (403,)
PARAMETER = re.compile(r"<(\w+)>")
REFERENCE = "#/components/schemas/{model}"
SUFFIX = "Schema"  # of a class whose name something else of the package has; clients see the name without it
BINARY: Schema = {"type": "string", "format": "binary"}
REQUEST_ID: Schema = {
    "description": "The id that the request gave in this header, if well-formed, else a new one.",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{WELL_FORMED.pattern}$"},
}
NUMBERED: Schema = {HEADER: {"$ref": f"#/components/headers/{HEADER}"}}
CHOSEN: Schema = {
    field: {"type": "string", "enum": list(choices), "default": choices[0]}
    for field, choices in ((options.CHARACTERS, options.CHARACTERS_CHOICES), (options.AMONG_FIELD, AMONG))
}  # what a request may choose from a list, in its address, a form or JSON
CHOSEN[options.TOP_K] = {
    "type": "integer",
    "minimum": 1,
    "maximum": options.MOST_TOP_K,
    "default": options.USUAL_TOP_K,
}
EXAMPLES = {"model": "cnn", "name": "mnist-cnn", "version": "0"}  # of what stands in an address
TOKEN: Schema = {"type": "http", "scheme": "bearer", "description": "Needed where the server has an access token."}
TEXT: Schema = {"type": "string", "description": "Base64 text or a data URL."}


def document(root: str = "") -> Schema:
    """Return the document, in the language of the current request.

    Args:
        root: Path under which the application is mounted.
    """
    paths: dict[str, Schema] = {}
    for route in ROUTES.values():
        paths.setdefault(PARAMETER.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(route)
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
            "schemas": _schemas(),
            "responses": _problems(),
            "headers": {HEADER: REQUEST_ID},
            "securitySchemes": {"token": TOKEN},
        },
    }


def _operation(route: Route) -> Schema:
    operation: Schema = {"operationId": route.operation, "summary": str(route.summary)}
    parameters = [_parameter(name, "path") for name in PARAMETER.findall(route.path)]
    parameters += [_parameter(name, "query") for name in route.query]
    if parameters:
        operation["parameters"] = parameters
    if route.receives:
        operation["requestBody"] = {"required": True, "content": _bodies(route)}
    if route.needs_access:
        operation["security"] = [{"token": []}, {}]
    return {**operation, "responses": _responses(route)}


def _parameter(name: str, place: str) -> Schema:
    schema = CHOSEN.get(name, {"type": "string"})
    example = {"example": EXAMPLES[name]} if place == "path" and name in EXAMPLES else {}
    return {"name": name, "in": place, "required": place == "path", "schema": schema, **example}


def _bodies(route: Route) -> Schema:
    if route.receives in BODIES:
        return BODIES[route.receives]
    files = {FILE_FIELD: {"type": "array", "items": BINARY, "minItems": 1}}
    if route.receives == "form":
        chosen = {"model": {"type": "array", "items": {"type": "string"}}}
        return {"multipart/form-data": {"schema": _pictures({**files, **chosen}, (FILE_FIELD,))}}
    texts = {
        **dict.fromkeys(TEXT_FIELDS, TEXT),
        **{name: CHOSEN.get(name, {"type": "string"}) for name in route.query},
    }
    several = {"images": {"type": "array", "items": TEXT, "minItems": 1}}
    return {
        "multipart/form-data": {"schema": _pictures({**files, **texts})},
        "application/json": {"schema": {**_pictures({**texts, **several}), "additionalProperties": False}},
        "application/x-www-form-urlencoded": {"schema": _pictures(texts)},
        "application/octet-stream": {"schema": BINARY},
    }


def _pictures(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of a body; that one of several fields must be there makes no type, so it is not said."""
    return {"type": "object", "properties": {**CHOSEN, **properties}, "required": list(required)}


def _responses(route: Route) -> Schema:
    statuses = sorted(_statuses(route))
    return {
        str(route.success): {
            "description": HTTPStatus(route.success).phrase,
            "headers": NUMBERED,
            "content": _content(route),
        },
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses},
    }


def _statuses(route: Route) -> set[int]:
    return {*route.problems, *EVERYWHERE, *(GUARDED if route.needs_access else CROSS_SITE if route.open else ())}


def _content(route: Route) -> Schema:
    content: Schema = {}
    if route.answer:
        content["application/json"] = {"schema": _reference(route.answer.__name__)}
    if route.plain:
        content["text/plain"] = {"schema": {"type": "string"}}
    if route.file:
        content[route.file] = {"schema": BINARY}
    if route.page:
        content["text/html"] = {"schema": {"type": "string"}}
    return content


def _problems() -> Schema:
    statuses = sorted({status for route in ROUTES.values() for status in _statuses(route)})
    return {str(status): _problem(status) for status in statuses}


def _problem(status: int) -> Schema:
    if status == HTTPStatus.REQUEST_TIMEOUT:  # answered before the application is asked
        empty = {"text/plain": {"schema": {"type": "string", "maxLength": 0}}}
        return {"description": HTTPStatus.REQUEST_TIMEOUT.phrase, "headers": NUMBERED, "content": empty}
    content = {
        "application/problem+json": {"schema": _reference("Problem")},
        "text/html": {"schema": {"type": "string"}},
    }
    return {"description": HTTPStatus(status).phrase, "headers": NUMBERED, "content": content}


def _reference(name: str) -> Schema:
    return {"$ref": REFERENCE.format(model=name.removesuffix(SUFFIX))}


def _schemas() -> Schema:
    shown: list[type[BaseModel]] = [shapes.Problem, *(route.answer for route in ROUTES.values() if route.answer)]
    models = {shape.__name__: shape for shape in shown}
    _, definitions = models_json_schema([(model, "validation") for model in models.values()], ref_template=REFERENCE)
    named = json.dumps(definitions["$defs"]).replace(f'{SUFFIX}"', '"')
    schemas: Schema = json.loads(named)
    return schemas
