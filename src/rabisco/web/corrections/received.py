"""What a reader sends of a picture: from a program as JSON, from a page's form as fields."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request

from rabisco.corrections import CorrectedReading
from rabisco.errors import N_, InvalidRequestError
from rabisco.images import Box
from rabisco.web.platform.fields import only_known

NO_CHARACTER = "none"
READING_FIELDS = ("model", "version", "predicted", "probability")
BOX_FIELDS = ("left", "top", "width", "height")
JSON_FIELDS = ("image", "true_label", "consent", "readings", "box")
MOST_READINGS = 9
MOST_PIXELS = 2**24
_LABEL = "label:"


@dataclass(frozen=True)
class Said:
    """What a reader says of a picture.

    Attributes:
        image: Base64 text or a data URL.
        true_label: What it is; ``None``: no character.
        consent: Whether it may be stored.
        readings: What models read in it; none: the default model is to read it.
        box: Around the character that is meant, in a picture of several.
    """

    image: str
    true_label: str | None
    consent: bool
    readings: tuple[CorrectedReading, ...] = ()
    box: Box | None = None


def from_json(request: Request) -> Said:
    """Return what a program sends.

    Raises:
        InvalidRequestError: It has another shape.
    """
    body = request.get_json()
    if not isinstance(body, dict) or not isinstance(body.get("image"), str) or "true_label" not in body:
        raise _malformed()
    only_known(body, JSON_FIELDS)
    label, readings = body["true_label"], body.get("readings")
    if label is not None and not isinstance(label, str):
        raise _malformed()
    if readings is not None and (not isinstance(readings, list) or not 0 < len(readings) <= MOST_READINGS):
        raise _malformed()
    return Said(
        image=body["image"],
        true_label=label,
        consent=body.get("consent") is True,
        readings=tuple(_reading(one, only=True) for one in readings or ()),
        box=_box(body["box"]) if "box" in body else None,
    )


def from_form(request: Request) -> Said:
    """Return what a page's form sends.

    Raises:
        InvalidRequestError: It has another shape.
    """
    form = request.form
    names = ("read_by", "version", "predicted", "probability")
    rows = list(zip(*(form.getlist(name) for name in names), strict=False))
    said = form.get("true_label", "")
    if not 0 < len(rows) <= MOST_READINGS or "image" not in form:
        raise _malformed()
    if said != NO_CHARACTER and not said.startswith(_LABEL):
        raise _malformed()
    return Said(
        image=form["image"],
        true_label=None if said == NO_CHARACTER else said.removeprefix(_LABEL),
        consent=form.get("consent") == "yes",
        readings=tuple(_reading(dict(zip(("model", *names[1:]), row, strict=True))) for row in rows),
    )


def _reading(one: Any, *, only: bool = False) -> CorrectedReading:
    if only and isinstance(one, Mapping):
        only_known(one, READING_FIELDS)
    try:
        reading = CorrectedReading(
            str(one["model"]), int(one["version"]), str(one["predicted"]), float(one["probability"])
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _malformed() from error
    if not 0 <= reading.version < 2**31 or not math.isfinite(reading.probability):
        raise _malformed()
    return reading


def _box(given: Any) -> Box:
    if not isinstance(given, Mapping):
        raise _malformed()
    only_known(given, BOX_FIELDS)
    sides = [given.get(name) for name in BOX_FIELDS]
    if not all(isinstance(side, int) and not isinstance(side, bool) and 0 <= side <= MOST_PIXELS for side in sides):
        raise _malformed()
    left, top, width, height = (int(side) for side in sides if side is not None)
    if not width or not height:
        raise _malformed()
    return Box(left, top, left + width, top + height)


def _malformed() -> InvalidRequestError:
    return InvalidRequestError(
        N_(
            "expected “image” (base64), “true_label” (a class, or null for no character), “consent” and, if you like, "
            "“readings”, each with “model”, “version”, “predicted” and “probability”, and “box” with “left”, “top”, "
            "“width” and “height”; see the API page for an example"
        )
    )
