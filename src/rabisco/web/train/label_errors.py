"""``/label-errors``: images whose labels are probably wrong, and the hardest; leave them out and train again."""

from typing import Annotated, ClassVar

from flask import render_template, url_for
from flask_babel import lazy_gettext
from pydantic import BaseModel, Field

from rabisco import data, uploads
from rabisco.errors import N_, InvalidRequestError, Sentence
from rabisco.runs import Source, label_errors
from rabisco.runs.label_errors import LabelErrorsJob, SuspectedLabels
from rabisco.web.platform.fields import Fields, Requests, given
from rabisco.web.platform.languages import translated
from rabisco.web.platform.problems import redirect_or_answer, wants_page
from rabisco.web.platform.routing import Answered, DocumentedBlueprint
from rabisco.web.read.png import data_url
from rabisco.web.train.form import free_name

blueprint = DocumentedBlueprint("label_errors", __name__)


class DataAsked(Fields):
    """The data: a data set of the catalog, or an upload."""

    requests: ClassVar[Requests] = ({"dataset": "digits"}, {"upload": "2f9d6d2f1d0b4c55"})

    dataset: str = Field("", description="Name of a data set in the catalog.")
    upload: str = Field("", description="Id of an upload.")


class DoubtSchema(BaseModel):
    """One image: its key, its label, what it seems to be, by how much, and itself as a PNG data URL."""

    key: str
    label: str
    suggested: str
    margin: Annotated[float, Field(ge=-1, le=1)]
    image: str


class LabelErrorsSchema(BaseModel):
    """What was found in data: suspected labels, the surest first, and the hardest of the other images."""

    state: label_errors.State
    message: str
    examined: int = Field(ge=0)
    found: int = Field(ge=0)
    suspected: list[DoubtSchema]
    hardest: list[DoubtSchema]

    @classmethod
    def of(cls, asked: LabelErrorsJob, found: SuspectedLabels | None) -> "LabelErrorsSchema":
        """Return how far a look is and what it found."""
        message = translated(Sentence(asked.message)) if asked.message else ""
        every = [] if found is None else [_doubt(found, row) for row in range(len(found.keys))]
        return cls(
            state=asked.state,
            message=message,
            examined=found.examined if found else 0,
            found=found.found if found else 0,
            suspected=[one for one in every if one.label != one.suggested],
            hardest=[one for one in every if one.label == one.suggested],
        )


def _doubt(found: SuspectedLabels, row: int) -> DoubtSchema:
    names = found.class_names
    return DoubtSchema(
        key=str(found.keys[row]),
        label=names[int(found.labels[row])],
        suggested=names[int(found.suggested[row])],
        margin=float(found.margins[row]),
        image=data_url(found.images[row]),
    )


@blueprint.get(
    "/label-errors",
    summary=lazy_gettext(
        "Images of a “dataset” or an “upload” whose labels are probably wrong, and the hardest others."
    ),
    examples=("curl '{url}/label-errors?dataset=digits'",),
    answer=LabelErrorsSchema,
    page=True,
    receives=DataAsked,
    problems=(400, 404, 507),
    guarded=True,
)
def get_label_errors() -> Answered:
    """Show which labels are probably wrong, or how far the look for them is."""
    asked = given(DataAsked)
    source, title = _source(asked)
    told = LabelErrorsSchema.of(label_errors.status(source), label_errors.result(source))
    if not wants_page():
        return told
    return render_template(
        "train/label_errors.html",
        asked=asked,
        told=told,
        title=title,
        name=free_name(title.split(".")[0]),
        fields=[(name, value) for name, value in asked if value],
    )


@blueprint.post(
    "/label-errors",
    summary=lazy_gettext(
        "Looks through a “dataset” or an “upload” for labels that are probably wrong; answers at once."
    ),
    examples=("curl -d dataset=digits {url}/label-errors",),
    answer=LabelErrorsSchema,
    page=True,
    receives=DataAsked,
    problems=(400, 404, 422, 507),
    success=202,
)
def find_label_errors() -> Answered:
    """Have data looked through."""
    asked = given(DataAsked)
    source, _ = _source(asked)
    told = label_errors.start(source)
    address = url_for("label_errors.get_label_errors", **{name: value for name, value in asked if value})
    return redirect_or_answer(address, lambda: LabelErrorsSchema.of(told, None), located=True)


def _source(asked: DataAsked) -> tuple[Source, str]:
    """Return the data that are asked for, and what they are called.

    Raises:
        InvalidRequestError: Neither or both are named, or the upload cannot be trained on.
    """
    if bool(asked.dataset) == bool(asked.upload):
        raise InvalidRequestError(N_("either “dataset” or “upload” was expected. Received: none or both; name one"))
    if asked.dataset:
        entry = data.get_entry(asked.dataset)
        return Source(catalog=entry.name), entry.name
    upload = uploads.get(asked.upload)
    if upload.inspection is None or upload.state != "ready":
        raise InvalidRequestError(N_("an upload that can be trained on was expected. Received: one that cannot"))
    dialects = upload.inspection.dialect, upload.inspection.test_dialect
    first, second = (one.to_dict() if one else None for one in dialects)
    return Source(upload=upload.folder, title=upload.name, dialect=first, test_dialect=second), upload.name
