"""``/corrections``: what a reader says of a reading; listed, exported and deleted by the same browser.

A browser reaches only its own; see ``rabisco.web.platform.visitors``. A model learns from everybody's.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from rabisco import artifacts, corrections, runs
from rabisco.corrections import Page
from rabisco.errors import CorrectionNotFoundError, InvalidRequestError, RabiscoError
from rabisco.images import decode
from rabisco.settings import get_settings
from rabisco.store import Correction, now
from rabisco.web.models.aliases import resolve
from rabisco.web.platform import shapes
from rabisco.web.platform.fields import only_known
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import route
from rabisco.web.platform.visitors import new_visitor, remember, visitor
from rabisco.web.read.answers import thumbnail
from rabisco.web.train import shapes as training_shapes
from rabisco.web.train.runs import answer, text_of

blueprint = Blueprint("corrections", __name__)

THUMBNAIL = 96  # pixels
NO_CHARACTER = "none"
READING_FIELDS = ("model", "version", "predicted", "probability")
JSON_FIELDS = ("image", "true_label", "consent", "readings")
_LABEL = "label:"

DONE = {
    "stored": lazy_gettext("Thank you: it is stored, and listed below."),
    "deleted": lazy_gettext("Deleted."),
}


@dataclass(frozen=True)
class CorrectedReading:
    """What a model read, as the page sends it back."""

    model: str
    version: int
    predicted: str
    probability: float


@route(
    blueprint,
    "GET",
    "/corrections",
    "list_corrections",
    lazy_gettext(
        "Lists what this browser corrected, newest first; “?show=wrong” only what was misread. “total” counts the "
        "corrections, “pictures” the pictures, which several models may have read."
    ),
    ("curl -b cookies.txt '{url}/corrections?show=wrong'",),
    answer=shapes.Corrections,
    page=True,
    query=("page", "show"),
    problems=(404, 503, 507),
)
def index() -> ResponseReturnValue:
    """List this browser's corrections, newest first."""
    wrong_only = request.args.get("show") == "wrong"
    page = corrections.listed(visitor(), wrong_only=wrong_only, page=_whole(request.args.get("page", "1")))
    if not wants_page():
        return jsonify(_listing(page))
    counts = corrections.counts()
    return render_template(
        "corrections/index.html",
        page=page,
        thumbnails=[thumbnail(decode(picture[0].image), THUMBNAIL) for picture in page.pictures],
        wrong_only=wrong_only,
        done=DONE.get(request.args.get("done", "")),
        counts=counts,
        teachable={name for name, count in counts.items() if count.characters or _refuses(name)},
    )


@route(
    blueprint,
    "POST",
    "/corrections",
    "store_corrections",
    lazy_gettext(
        "Stores a picture, what models read in it and what it really is, with consent; a random cookie makes it yours."
    ),
    (
        """curl --json '{{"image": "'$(base64 -w0 seven.png)'", "true_label": "7", "consent": true, "readings": """
        """[{{"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}}]}}' -c cookies.txt """
        "{url}/corrections",
    ),
    answer=shapes.StoredCorrections,
    page=True,
    receives="correction",
    problems=(400, 404, 408, 413, 415, 422, 503, 507),
    open="each browser reaches only its own",
)
def store() -> ResponseReturnValue:
    """Store what the reader says of one picture and of each reading of it."""
    body = _from_json() if request.is_json else _from_form()
    if not body["consent"]:
        raise InvalidRequestError(
            gettext("storing a picture needs your consent; tick the box, or send “consent”: true")
        )
    picture = decode(body["image"], **get_settings().picture_limits)
    token, known_as = new_visitor()
    moment = now()
    stored = [
        corrections.add(
            picture,
            model=one.model,
            version=one.version,
            predicted=one.predicted,
            probability=one.probability,
            true_label=body["true_label"],
            person=known_as,
            when=moment,
        )
        for one in body["readings"]
    ]
    if wants_page():
        response = make_response(redirect(url_for("corrections.index", done="stored"), 303))
    else:
        response = jsonify(corrections=[_as_json(one) for one in stored])
    remember(response, token)
    return response


@route(
    blueprint,
    "POST",
    "/corrections/retrain",
    "retrain",
    lazy_gettext(
        "Starts a training of “model” on what readers corrected, beside its original images. The run’s “report” "
        "says what became better and worse; the new version answers only when it is told to."
    ),
    ("curl -d model=mnist-cnn {url}/corrections/retrain",),
    answer=training_shapes.Run,
    page=True,
    receives="model",
    problems=(400, 404, 422, 503, 507),
    success=202,
)
def retrain() -> ResponseReturnValue:
    """Start a training of a model on what readers corrected; answer with the run."""
    name = text_of("model")
    if not name:
        raise InvalidRequestError(gettext("the field “%(name)s” was expected. Received: none", name="model"))
    return answer(runs.retrain(resolve(name)), 202)


@route(
    blueprint,
    "DELETE",
    "/corrections/<number>",
    "delete_correction",
    lazy_gettext("Deletes one of them for good."),
    ("curl -b cookies.txt -X DELETE {url}/corrections/$CORRECTION",),
    answer=shapes.DeletedCorrections,
    page=True,
    problems=(404, 507),
    open="each browser reaches only its own",
)
def delete(number: str) -> ResponseReturnValue:
    """Delete one correction for good."""
    corrections.delete(_whole(number), visitor())
    return _deleted(1)


@route(
    blueprint,
    "POST",
    "/corrections/<number>/delete",
    "delete_corrected_picture",
    lazy_gettext("Deletes its picture for good, with all that was said of it."),
    ("curl -b cookies.txt -X POST {url}/corrections/$CORRECTION/delete",),
    answer=shapes.DeletedCorrections,
    page=True,
    problems=(404, 507),
    open="each browser reaches only its own",
)
def delete_picture(number: str) -> ResponseReturnValue:
    """Delete the picture of one correction for good, with all that was said of it."""
    return _deleted(corrections.delete_picture(_whole(number), visitor()))


@route(
    blueprint,
    "POST",
    "/corrections/delete",
    "delete_all_corrections",
    lazy_gettext("Deletes everything that this browser stored."),
    ("curl -b cookies.txt -X POST {url}/corrections/delete",),
    answer=shapes.DeletedCorrections,
    page=True,
    problems=(507,),
    open="each browser reaches only its own",
)
def delete_all() -> ResponseReturnValue:
    """Delete everything that this browser stored."""
    return _deleted(corrections.delete_all(visitor()))


@route(
    blueprint,
    "GET",
    "/corrections/export",
    "export_corrections",
    lazy_gettext("Sends everything that this browser stored: a zip of the pictures, a CSV and the same as JSON."),
    ("curl -b cookies.txt -o corrections.zip {url}/corrections/export",),
    file="application/octet-stream",
    problems=(507,),
)
def export() -> Response:
    """Send everything that this browser stored as a zip."""
    response = Response(corrections.export(visitor()), mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = "attachment; filename=corrections.zip"
    response.headers["Cache-Control"] = "no-store"
    return response


def _refuses(name: str) -> bool:
    """Return whether a model has a rule by which it refuses."""
    try:
        rule = artifacts.load_artifact(name).card.refusal
    except RabiscoError:
        return False  # the model was deleted
    return rule is not None and rule.fits


def _deleted(count: int) -> ResponseReturnValue:
    if wants_page():
        return redirect(url_for("corrections.index", done="deleted"), 303)
    return jsonify(deleted=count)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CorrectionNotFoundError(
            "the number of a page or of a correction was expected; choose one that is listed"
        )
    return int(text)


def _from_json() -> dict[str, Any]:
    body = request.get_json()
    readings = body.get("readings") if isinstance(body, dict) else None
    if not isinstance(readings, list) or not 0 < len(readings) < 10 or not isinstance(body.get("image"), str):
        raise _malformed()
    only_known(body, JSON_FIELDS)
    label = body.get("true_label", NO_CHARACTER.encode())
    if label is not None and not isinstance(label, str):
        raise _malformed()
    return {
        "image": body["image"],
        "true_label": label,
        "consent": body.get("consent") is True,
        "readings": [_reading(one, only=True) for one in readings],
    }


def _from_form() -> dict[str, Any]:
    form = request.form
    names = ("read_by", "version", "predicted", "probability")
    rows = list(zip(*(form.getlist(name) for name in names), strict=False))
    said = form.get("true_label", "")
    if not rows or len(rows) > 9 or "image" not in form or not (said == NO_CHARACTER or said.startswith(_LABEL)):
        raise _malformed()
    return {
        "image": form["image"],
        "true_label": None if said == NO_CHARACTER else said.removeprefix(_LABEL),
        "consent": form.get("consent") == "yes",
        "readings": [_reading(dict(zip(("model", *names[1:]), row, strict=True))) for row in rows],
    }


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


def _malformed() -> InvalidRequestError:
    return InvalidRequestError(
        gettext(
            "expected “image” (base64), “true_label” (a class, or null for no character), “consent” and “readings”, "
            "each with “model”, “version”, “predicted” and “probability”; see the API page for an example"
        )
    )


def _listing(page: Page) -> dict[str, Any]:
    return {
        "corrections": [_as_json(one) for one in page.corrections],
        "page": page.number,
        "pages": page.pages,
        "total": page.total,
        "pictures": page.total_pictures,
    }


def _as_json(one: Correction) -> dict[str, Any]:
    return {
        "id": one.id,
        "created": one.created.isoformat(),
        "model": one.model,
        "version": one.artifact_version,
        "predicted": one.predicted,
        "probability": round(one.probability, 6),
        "true_label": one.true_label,
        "right": corrections.is_right(one),
    }
