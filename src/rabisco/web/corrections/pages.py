"""``/corrections``: what a reader says of a reading; listed, exported and deleted by the same browser.

A browser reaches only its own; see ``rabisco.web.platform.visitors``. A model learns from everybody's.
"""

from typing import ClassVar, Literal

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask_babel import lazy_gettext
from pydantic import Field

from rabisco import artifacts, corrections, runs
from rabisco.corrections import CorrectedReading
from rabisco.errors import N_, CorrectionNotFoundError, InvalidRequestError, RabiscoError
from rabisco.images import decode
from rabisco.retraining.correction_set import can_refuse
from rabisco.settings import get_settings
from rabisco.web.corrections import shapes, taught
from rabisco.web.corrections.received import Said, received
from rabisco.web.models.aliases import resolve
from rabisco.web.platform.access import may_change
from rabisco.web.platform.allowance import allowance
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.outages import known
from rabisco.web.platform.problems import wants_page
from rabisco.web.platform.routing import Answered, route
from rabisco.web.platform.visitors import new_visitor, queued_as, remember, visitor
from rabisco.web.read.answers import stored_thumbnail
from rabisco.web.train.runs import answer
from rabisco.web.train.shapes import RunSchema

blueprint = Blueprint("corrections", __name__)

THUMBNAIL = 96  # pixels

DONE = {
    "stored": lazy_gettext("Thank you: it is stored, and listed below."),
    "deleted": lazy_gettext("Deleted."),
}


class CorrectionsPage(Fields):
    """Which corrections are listed; ``done`` is what the page says that has just been done."""

    requests: ClassVar[Requests] = ({"page": 1, "show": "wrong", "done": "stored"},)

    page: int = Field(1, ge=1, le=10**9 - 1)
    show: Literal["wrong", "all"] = "all"
    done: Literal["stored", "deleted", ""] = ""


class Retraining(Fields):
    """The model to be trained on what readers corrected."""

    requests: ClassVar[Requests] = ({"model": "mnist-tiny"},)

    model: str = Field(min_length=1, description="Name of a model.")


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
    receives=CorrectionsPage,
    problems=(404, 503, 507),
)
def index() -> Answered:
    """List this browser's corrections, newest first."""
    asked = given(CorrectionsPage)
    wrong_only = asked.show == "wrong"
    person = visitor()
    page = known(lambda: corrections.listed(person, wrong_only=wrong_only, page=asked.page), corrections.NOTHING)
    if not wants_page():
        return shapes.Corrections.of(page)
    counts = known(corrections.counts, {})
    return render_template(
        "corrections/index.html",
        page=page,
        thumbnails=[stored_thumbnail(readings[0].picture.image, THUMBNAIL) for readings in page.pictures],
        wrong_only=wrong_only,
        done=DONE.get(asked.done),
        counts=counts,
        teachable={name for name, count in counts.items() if count.characters or _refuses(name)},
    )


@route(
    blueprint,
    "POST",
    "/corrections",
    "store_corrections",
    lazy_gettext(
        "Stores a picture and what it really is, with consent, and teaches it to the models that misread it: they "
        "answer that from now on, and say “remembered”. “readings” says what models read; without, the default model "
        "reads it. With “box”, left, top, width and height, it is one character of several. A character that the "
        "model does not know, or “another-character”, and null for no character are refused from now on. A random "
        "cookie makes it yours."
    ),
    (
        """curl --json '{{"image": "'$(base64 -w0 seven.png)'", "true_label": "7", "consent": true}}' """
        "-c cookies.txt {url}/corrections",
        """curl --json '{{"image": "'$(base64 -w0 seven.png)'", "true_label": "7", "consent": true, "readings": """
        """[{{"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}}]}}' -c cookies.txt """
        "{url}/corrections",
    ),
    answer=shapes.StoredCorrections,
    page=True,
    receives=Said,
    problems=(400, 404, 408, 413, 415, 422, 503, 507),
    open="each browser reaches only its own",
)
def store() -> Answered:
    """Store what the reader says of one picture and of each reading of it; who was wrong learns it at once."""
    said = received()
    if not said.consent:
        raise InvalidRequestError(N_("storing a picture needs your consent; tick the box, or send “consent”: true"))
    picture = decode(said.image, **get_settings().picture_limits, admit=allowance().take)
    token, known_as = new_visitor()
    readings = [CorrectedReading(**vars(one)) for one in said.readings or ()]
    readings = readings or [taught.reading_of(resolve(None), picture, said)]
    stored = corrections.add(taught.cut_out(picture, said), readings, true_label=said.true_label, person=known_as)
    results = taught.teach(stored, picture, said) if may_change() else []
    if wants_page():
        response = make_response(redirect(url_for("corrections.index", done="stored"), 303))
    else:
        learned = [shapes.TaughtSchema(**vars(one)) for one in results]
        kept = [shapes.CorrectionSchema.of(one) for one in stored]
        response = make_response(shapes.StoredCorrections(corrections=kept, taught=learned))
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
    answer=RunSchema,
    page=True,
    receives=Retraining,
    problems=(400, 404, 422, 503, 507),
    success=202,
)
def retrain() -> Answered:
    """Start a training of a model on what readers corrected; answer with the run."""
    return answer(runs.retrain(resolve(given(Retraining).model), queued_as()))


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
def delete(number: str) -> Answered:
    """Delete one correction for good."""
    number_asked = _whole(number)
    taught.forget(corrections.get(number_asked, visitor()))
    corrections.delete(number_asked, visitor())
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
def delete_picture(number: str) -> Answered:
    """Delete the picture of one correction for good, with all that was said of it."""
    taught.forget(*corrections.of_picture(_whole(number), visitor()))
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
def delete_all() -> Answered:
    """Delete everything that this browser stored."""
    taught.forget(*corrections.everything_of(visitor()))
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
    return response


def _refuses(name: str) -> bool:
    """Return whether a model has a rule by which it refuses."""
    try:
        return can_refuse(artifacts.load_artifact(name).card)
    except RabiscoError:
        return False  # the model was deleted


def _deleted(count: int) -> Answered:
    if wants_page():
        return redirect(url_for("corrections.index", done="deleted"), 303)
    return shapes.DeletedCorrections(deleted=count)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CorrectionNotFoundError(N_("the number of a correction was expected; choose one that is listed"))
    return int(text)
