"""The fields of a request: one rule for its address, its forms and its JSON, one Pydantic model for each route.

::

    class RunName(Fields):
        name: str

    @blueprint.post("/runs/<run_id>/rename", …, receives=RunName)
    def rename(run_id: str) -> …:
        name = given(RunName).name

A field may be in the query string, a form or JSON. Every route rejects unknown fields by name, because a client that
sends one expects it to have an effect. The OpenAPI document describes the fields by the same model.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, TypeVar, get_args, get_origin

from flask import Flask, request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from werkzeug.datastructures import MultiDict

from rabisco.errors import N_, InvalidRequestError, Sentence, UnknownFieldError
from rabisco.web.platform.routing import route_of

JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
COMMON_FIELDS = ("lang", "theme", "csrf_token")  # what any page may be asked with
MOST_NAMED = 5  # unknown fields
MOST_COMPARED = 20  # of them, with all that are known
_HUNG_ON_LINKS = re.compile(r"utm_\w+|\w+clid|mc_[ce]id")  # by mails and sites that link to a page
_BRACKETS = re.compile(r"\[\d*\]$")  # of ``files[]`` and ``files[0]``
_NOTHING_KNOWN = N_("expected no fields. Received: %(unknown)s; leave it out")
_UNKNOWN = N_(
    "expected no other fields than %(known)s. Received: %(unknown)s; leave it out, or write its name as it stands here"
)
_EXPECTED = N_("the field “%(name)s” was expected. Received: none")
_FILE = N_("expected a form, received what looks like a file; send it as a part of one: curl -F %(field)s=@file")
_RANGE = N_("%(what)s from %(low)s to %(high)s was expected, received “%(text)s”")
_ONE_OF = N_("expected “%(field)s” to be one of %(choices)s, received “%(asked)s”")
_TOO_LONG = N_("at most %(most)s characters were expected, received %(count)s")
_OTHER = N_(
    "expected “%(field)s” in the form that the API page shows, received %(received)s; correct it or leave it out"
)


Requests = tuple[Mapping[str, Any], ...]


class Fields(BaseModel):
    """Base class for the fields of a request, files excluded. An empty optional field counts as missing.

    Attributes:
        media: Media types of the body, the documented ones.
        files: Fields that hold files, each with the other names under which it is taken.
        further: Other names that count, as those that our own pages send; the document does not say them.
        requests: Whole requests, as the document shows them; each is answered as the route says.
        malformed: What is said of anything that does not fit; if nothing, what is wrong with the first field.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    media: ClassVar[tuple[str, ...]] = (JSON, FORM)
    files: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    further: ClassVar[tuple[str, ...]] = ()
    requests: ClassVar[Requests] = ()
    malformed: ClassVar[Sentence | None] = None


Given = TypeVar("Given", bound=Fields)


def given(model: type[Given]) -> Given:
    """Return the fields of this request.

    Raises:
        InvalidRequestError: One is missing or does not fit, or the JSON is no object.
        UnknownFieldError: Something within a field has a name that nobody knows.
    """
    return read(model, collected(model))


def collected(model: type[Fields]) -> dict[str, Any]:
    """Return the fields of this request as they were sent.

    Raises:
        InvalidRequestError: The JSON is no object, or a field that has one value is given several.
    """
    sources, found = (request.args, request.form, _json(model)), dict[str, Any]()
    for name, field in _named(model):
        several = list in {get_origin(one) or one for one in (field.annotation, *get_args(field.annotation))}
        for source in sources:
            if name not in source:
                continue
            values = source.getlist(name) if isinstance(source, MultiDict) else [source[name]]
            for value in [values] if several and isinstance(source, MultiDict) else values:
                if found.get(name) in (None, ""):
                    found[name] = value
                elif value not in (None, "") and str(value).casefold() != str(found[name]).casefold():
                    raise InvalidRequestError(N_("“%(field)s” was given several values; give it one"), field=name)
        if found.get(name, 0) in (None, "") and not field.is_required():
            del found[name]
    return found


def read(model: type[Given], values: Mapping[str, Any]) -> Given:
    """Return values as a model has them; see ``given``."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        errors = error.errors()
    for one in errors:
        if one["type"] == "extra_forbidden":
            only_known([str(one["loc"][-1])], _names_at(model, one["loc"][:-1]))
    wrong = model.malformed or _what_is_wrong(model, errors[0])
    if wrong.message in (getattr(model.malformed, "message", ""), _EXPECTED, _ONE_OF, _OTHER):
        raise InvalidRequestError(wrong.message, **wrong.values)
    raise InvalidRequestError(N_("%(field)s: %(reason)s"), field=str(errors[0]["loc"][0]), reason=wrong)


def wrong_with(model: type[Fields], values: Mapping[str, Any]) -> dict[str, Sentence]:
    """Return what is wrong with values, by field; nothing if they fit."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return {str(one["loc"][0]): _what_is_wrong(model, one) for one in reversed(error.errors())}
    return {}


def refused(message: str, **values: object) -> PydanticCustomError:
    """Return the error that a validator of a field raises, with a sentence for readers."""
    return PydanticCustomError("sentence", "refused", {"sentence": Sentence(message, values)})


def one_of(field: str, text: str, choices: Collection[str]) -> str:
    """Return a text that is one of those offered, for a validator; see ``refused``."""
    if text not in choices:
        raise refused(_ONE_OF, field=field, choices=", ".join(choices), asked=text[:40])
    return text


def only_known(given: Iterable[str], known: Collection[str]) -> None:
    """Refuse fields other than those known, and name the known one that is spelled most alike.

    Raises:
        UnknownFieldError: It does.
    """
    unknown = [name[:40] for name in given if name not in known]
    if unknown:
        plain = {name.lower(): name for name in known}
        nearest = next(
            (near for name in unknown[:MOST_COMPARED] for near in get_close_matches(name.lower(), plain, 1)), None
        )
        values = {"known": ", ".join(known), "unknown": ", ".join(f"“{name}”" for name in unknown[:MOST_NAMED])}
        wrong = Sentence(_UNKNOWN if known else _NOTHING_KNOWN, values)
        if nearest is None:
            raise UnknownFieldError(wrong.message, **values)
        raise UnknownFieldError(N_("%(refusal)s. Did you mean “%(name)s”?"), refusal=wrong, name=plain[nearest])


def file_field(model: type[Fields], name: str) -> str | None:
    """Return which field a file sent as ``name`` belongs to, as ``file`` for ``files[]`` or ``Image``."""
    plain = _BRACKETS.sub("", name).lower()
    return next((field for field, others in model.files.items() if plain in (field, *others)), None)


def init_app(app: Flask) -> None:
    """Refuse, on every route, fields that it does not know; comes last, so that strangers learn nothing."""
    app.before_request(_check_names)


def _check_names() -> None:
    declared = route_of(request)
    if declared is None:
        return
    model = declared.receives or Fields
    known = tuple(dict.fromkeys([*dict(_named(model)), *model.files, *model.further]))
    names = [name for name in _names_sent() if name not in COMMON_FIELDS]
    if model.files and any("\n" in name for name in names):
        raise InvalidRequestError(_FILE, field=next(iter(model.files)))
    only_known([*names, *(name for name in request.files if not file_field(model, name))], known)


def _names_sent() -> Iterator[str]:
    """Yield the names of the fields of this request that are no files."""
    links = request.method in ("GET", "HEAD")
    yield from (name for name in request.args if not (links and _HUNG_ON_LINKS.fullmatch(name)))
    yield from request.form
    body = request.get_json(silent=True) if request.is_json else None
    yield from body if isinstance(body, dict) else ()


def _named(model: type[Fields]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _json(model: type[Fields]) -> Mapping[str, Any]:
    """Return the JSON object of this request, empty where it has none."""
    body = request.get_json() if request.is_json and request.get_data() else {}
    if not isinstance(body, dict):
        told = {"received": as_received(body)}
        wrong = model.malformed or Sentence(N_("a JSON object was expected, received %(received)s"), told)
        raise InvalidRequestError(wrong.message, **wrong.values)
    return body


def _what_is_wrong(model: type[Fields], error: Mapping[str, Any]) -> Sentence:
    """Return one of Pydantic's errors as a sentence for readers."""
    name, kind, text = str(error["loc"][0]), error["type"], str(error["input"])[:40]
    annotation = model.model_fields[name].annotation if name in model.model_fields else None
    if kind == "sentence":
        found: Sentence = error["ctx"]["sentence"]
        return found
    if (kind == "missing" or error["input"] is None) and len(error["loc"]) == 1:
        return Sentence(_EXPECTED, {"name": name})
    if kind == "string_too_long" and len(error["loc"]) == 1:
        return Sentence(_TOO_LONG, {"most": error["ctx"]["max_length"], "count": len(error["input"])})
    rules = model.model_fields[name].metadata if annotation else ()
    limits = [getattr(one, side) for one in rules for side in ("ge", "le") if hasattr(one, side)]
    if len(limits) == 2:
        what = Sentence(N_("a whole number") if int in (annotation, *get_args(annotation)) else N_("a number"))
        return Sentence(_RANGE, {"what": what, "low": limits[0], "high": limits[1], "text": text})
    if kind.startswith("bool") or kind == "literal_error":
        parts = [get_args(one) for one in (annotation, *get_args(annotation))]
        choices = [one for part in parts for one in part if one and isinstance(one, str)] or ["yes", "no"]
        return Sentence(_ONE_OF, {"field": name, "choices": ", ".join(choices), "asked": text})
    return other_form(".".join(map(str, error["loc"])), error["input"])


def other_form(field: str, received: Any) -> Sentence:
    """Return the sentence that a field's value is of another form than it should be, for instance a list."""
    return Sentence(_OTHER, {"field": field, "received": as_received(received)})


def as_received(value: Any) -> str:
    """Return the beginning of a value as JSON, to be told to whoever sent it."""
    return json.dumps(value, ensure_ascii=False, default=str)[:40]


def _names_at(model: type[BaseModel], place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the fields of the model that stands at a place within another."""
    for step in place:
        if isinstance(step, str):
            model = next(models_in(model.model_fields[step].annotation), model)
    return tuple(model.model_fields)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a value of a field may be or hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from models_in(one)
