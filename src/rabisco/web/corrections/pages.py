"""``/corrections``: what a reader says of a reading; listed, exported and deleted by the same browser.

A browser reaches only its own; see ``rabisco.web.platform.visitors``. A model learns from everybody's.
"""

from typing import Any, ClassVar, Literal, Self

from flask import Response, make_response, redirect, render_template, url_for
from flask_babel import lazy_gettext
from pydantic import BaseModel, Field

from rabisco import artifacts, corrections, runs
from rabisco.corrections import CorrectedReading
from rabisco.errors import N_, CorrectionNotFoundError, InvalidRequestError, RabiscoError
from rabisco.images import decode
from rabisco.retraining.correction_set import can_refuse
from rabisco.settings import get_settings
from rabisco.store import Correction
from rabisco.web.corrections import teaching
from rabisco.web.corrections.fields import CorrectionFields, given_correction
from rabisco.web.models.aliases import resolve
from rabisco.web.platform.access import may_change
from rabisco.web.platform.allowance import allowance
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.outages import known
from rabisco.web.platform.problems import redirect_or_answer, wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint
from rabisco.web.platform.schemas import Probability
from rabisco.web.platform.visitors import new_visitor, queued_as, remember, visitor
from rabisco.web.read.png import stored_thumbnail
from rabisco.web.train.runs import answer
from rabisco.web.train.schemas import RunSchema

blueprint = DocumentedBlueprint("corrections", __name__)

THUMBNAIL = 96  # pixels

DONE = {"stored": lazy_gettext("Thank you: it is stored, and listed below."), "deleted": lazy_gettext("Deleted.")}


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


class CorrectionSchema(BaseModel):
    """What a reader said of one reading; `true_label` is null where the picture shows no character."""

    id: int
    created: str
    model: str
    version: int = Field(ge=0)
    predicted: str
    probability: Probability
    true_label: str | None
    right: bool

    @classmethod
    def of(cls, one: Correction) -> Self:
        """Return a correction that is stored."""
        return cls(
            id=one.id,
            created=one.picture.created.isoformat(),
            model=one.model,
            version=one.artifact_version,
            predicted=one.predicted,
            probability=round(one.probability, 6),
            true_label=one.true_label,
            right=one.is_right,
        )


class Corrections(BaseModel):
    """A page of one's own corrections, newest first."""

    corrections: list[CorrectionSchema]
    page: int = Field(ge=1)
    pages: int = Field(ge=1)
    total: int = Field(ge=0)
    pictures: int = Field(ge=0, description="Several models may have read the same picture.")


class TaughtSchema(BaseModel):
    """What came of teaching a model one picture; `unchanged` of `counted` test images are answered as before."""

    model: str
    version: int = Field(ge=0, description="The version that knows the picture; a roll-back goes to the one before.")
    unchanged: int = Field(ge=0)
    counted: int = Field(ge=0, description="0 where the model keeps no test images to count on.")


class StoredCorrections(BaseModel):
    """What has been stored, one correction for each reading of the picture, and which models know it from now on."""

    corrections: list[CorrectionSchema] = Field(min_length=1)
    taught: list[TaughtSchema]


class DeletedCorrections(BaseModel):
    """How many corrections are no longer there."""

    deleted: int = Field(ge=0)


# Of a route that deletes.
DELETION: dict[str, Any] = {"answer": DeletedCorrections, "page": True, "open": "each browser reaches only its own"}


@blueprint.get(
    "/corrections",
    summary=lazy_gettext(
        "Lists what this browser corrected, newest first; “?show=wrong” only what was misread. “total” counts the "
        "corrections, “pictures” the pictures, which several models may have read."
    ),
    examples=("curl -b cookies.txt '{url}/corrections?show=wrong'",),
    answer=Corrections,
    page=True,
    receives=CorrectionsPage,
    problems=(404, 503, 507),
)
def list_corrections() -> Answered:
    """List this browser's corrections, newest first."""
    asked = given(CorrectionsPage)
    wrong_only = asked.show == "wrong"
    person = visitor()
    page = known(lambda: corrections.listed(person, wrong_only=wrong_only, page=asked.page), corrections.NOTHING)
    if not wants_page():
        return Corrections(
            corrections=[CorrectionSchema.of(one) for one in page.corrections],
            page=page.number,
            pages=page.pages,
            total=page.total,
            pictures=page.total_pictures,
        )
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


@blueprint.post(
    "/corrections",
    summary=lazy_gettext(
        "Stores a picture and what it really is, with consent, and teaches it to the models that misread it: they "
        "answer that from now on, and say “remembered”. “readings” says what models read; without, the default model "
        "reads it. With “box”, left, top, width and height, it is one character of several. A character that the "
        "model does not know, or “another-character”, and null for no character are refused from now on. A random "
        "cookie makes it yours."
    ),
    examples=(
        """curl --json '{{"image": "'$(base64 -w0 seven.png)'", "true_label": "7", "consent": true}}' """
        "-c cookies.txt {url}/corrections",
        """curl --json '{{"image": "'$(base64 -w0 seven.png)'", "true_label": "7", "consent": true, "readings": """
        """[{{"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}}]}}' -c cookies.txt """
        "{url}/corrections",
    ),
    answer=StoredCorrections,
    page=True,
    receives=CorrectionFields,
    problems=(400, 404, 408, 413, 415, 422, 503, 507),
    open="each browser reaches only its own",
)
def store_corrections() -> Answered:
    """Store what the reader says of one picture and of each reading of it; who was wrong learns it at once."""
    said = given_correction()
    if not said.consent:
        raise InvalidRequestError(N_("storing a picture needs your consent; tick the box, or send “consent”: true"))
    picture = decode(said.image, **get_settings().picture_limits, admit=allowance().take)
    token, known_as = new_visitor()
    readings = [CorrectedReading(**vars(one)) for one in said.readings or ()]
    readings = readings or [teaching.reading_of(resolve(None), picture, said)]
    stored = corrections.add(teaching.cut_out(picture, said), readings, true_label=said.true_label, person=known_as)
    results = teaching.teach(stored, picture, said) if may_change() else []
    if wants_page():
        response = make_response(redirect(url_for("corrections.list_corrections", done="stored"), 303))
    else:
        learned = [TaughtSchema(**vars(one)) for one in results]
        kept = [CorrectionSchema.of(one) for one in stored]
        response = make_response(StoredCorrections(corrections=kept, taught=learned))
    remember(response, token)
    return response


@blueprint.post(
    "/corrections/retrain",
    summary=lazy_gettext(
        "Starts a training of “model” on what readers corrected, beside its original images. The run’s “report” "
        "says what became better and worse; the new version answers only when it is told to."
    ),
    examples=("curl -d model=mnist-cnn {url}/corrections/retrain",),
    answer=RunSchema,
    page=True,
    receives=Retraining,
    problems=(400, 404, 422, 503, 507),
    success=202,
)
def retrain() -> Answered:
    """Start a training of a model on what readers corrected; answer with the run."""
    return answer(runs.retrain(resolve(given(Retraining).model), queued_as()))


@blueprint.delete(
    "/corrections/<number>",
    summary=lazy_gettext("Deletes one of them for good."),
    examples=("curl -b cookies.txt -X DELETE {url}/corrections/$CORRECTION",),
    problems=(404, 507),
    **DELETION,
)
def delete_correction(number: str) -> Answered:
    """Delete one correction for good."""
    number_asked = _whole(number)
    teaching.forget(corrections.get(number_asked, visitor()))
    corrections.delete(number_asked, visitor())
    return _deleted(1)


@blueprint.post(
    "/corrections/<number>/delete",
    summary=lazy_gettext("Deletes its picture for good, with all that was said of it."),
    examples=("curl -b cookies.txt -X POST {url}/corrections/$CORRECTION/delete",),
    problems=(404, 507),
    **DELETION,
)
def delete_corrected_picture(number: str) -> Answered:
    """Delete the picture of one correction for good, with all that was said of it."""
    teaching.forget(*corrections.of_picture(_whole(number), visitor()))
    return _deleted(corrections.delete_picture(_whole(number), visitor()))


@blueprint.post(
    "/corrections/delete",
    summary=lazy_gettext("Deletes everything that this browser stored."),
    examples=("curl -b cookies.txt -X POST {url}/corrections/delete",),
    problems=(507,),
    **DELETION,
)
def delete_all_corrections() -> Answered:
    """Delete everything that this browser stored."""
    teaching.forget(*corrections.everything_of(visitor()))
    return _deleted(corrections.delete_all(visitor()))


@blueprint.get(
    "/corrections/export",
    summary=lazy_gettext(
        "Sends everything that this browser stored: a zip of the pictures, a CSV and the same as JSON."
    ),
    examples=("curl -b cookies.txt -o corrections.zip {url}/corrections/export",),
    file="application/octet-stream",
    problems=(507,),
)
def export_corrections() -> Response:
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
    address = url_for("corrections.list_corrections", done="deleted")
    return redirect_or_answer(address, lambda: DeletedCorrections(deleted=count))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CorrectionNotFoundError(N_("the number of a correction was expected; choose one that is listed"))
    return int(text)
