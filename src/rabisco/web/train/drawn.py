"""``/train/draw``: a data set of one's own, drawn class by class; then it is an upload like any other."""

import re
from typing import Any, ClassVar

from flask import render_template
from flask_babel import gettext, lazy_gettext
from pydantic import BaseModel, ConfigDict, Field

from rabisco import runs
from rabisco.errors import N_, InvalidImageError, InvalidRequestError, Sentence, UnsupportedImageError
from rabisco.images import decode
from rabisco.settings import get_settings
from rabisco.text import alike_names, normalized
from rabisco.uploads import LabeledDrawing, create_of_drawings
from rabisco.web.platform.allowance import allowance
from rabisco.web.platform.examples import SEVEN
from rabisco.web.platform.fields import JSON, Fields, Requests, given
from rabisco.web.platform.languages import translated
from rabisco.web.platform.routing import Answered, DocumentedBlueprint
from rabisco.web.train.schemas import UploadSchema
from rabisco.web.train.uploads import answer

blueprint = DocumentedBlueprint("drawn", __name__)

DIGITS = "0 1 2 3 4 5 6 7 8 9"
EACH = 10
LEAST_EACH, MOST_EACH = 3, 200
LEAST_CLASSES, MOST_CLASSES = 2, 100
LONGEST_NAME = 40
MOST_DRAWINGS = 5000
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\:]|^\.|^__MACOSX")  # what no folder in a zip may be called


class DrawPage(Fields):
    """The classes to draw, and how many drawings of each."""

    requests: ClassVar[Requests] = ({"classes": "corner, cross", "each": 10},)

    classes: str | None = None
    each: int = Field(EACH, ge=LEAST_EACH, le=MOST_EACH)


class DrawingFields(BaseModel):
    """One drawing."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(description="Its class.", json_schema_extra={"maxLength": LONGEST_NAME})
    image: str = Field(description="Base64 text or a data URL.")


class Drawings(Fields):
    """Drawings, each with its class."""

    media: ClassVar = (JSON,)
    requests: ClassVar[Requests] = (
        {"drawings": [{"label": "seven", "image": SEVEN}, {"label": "seven too", "image": SEVEN}]},
    )
    malformed: ClassVar = Sentence(
        N_(
            "expected “drawings”, 1 to %(most)s of them, each with “label”, a class name, and “image”, base64 text or "
            "a data URL"
        ),
        {"most": MOST_DRAWINGS},
    )

    drawings: list[DrawingFields] = Field(min_length=1, max_length=MOST_DRAWINGS)


@blueprint.get(
    "/train/draw",
    summary=lazy_gettext(
        "The page on which a data set of one's own is drawn: “each” drawings of each of the “classes”."
    ),
    examples=("curl '{url}/train/draw?classes=ja+nein&each=10'",),
    page=True,
    receives=DrawPage,
)
def draw_dataset_page() -> Answered:
    """Ask which classes are to be drawn; once that is known, show the pad and how far one is."""
    asked = given(DrawPage)
    wish = DIGITS if asked.classes is None else asked.classes
    names = list(dict.fromkeys(re.split(r"[\s,;]+", normalized(wish)))) if wish.strip() else []
    wrong = _wrong_with(names)
    shown = [] if asked.classes is None or wrong else names
    return render_template(
        "train/draw.html",
        classes=shown,
        each=asked.each,
        wish=wish,
        wrong=translated(wrong) if wrong and asked.classes is not None else "",
        alike=", ".join(alike_names(shown)),
        least_each=LEAST_EACH,
        most_each=MOST_EACH,
    )


@blueprint.post(
    "/uploads/drawn",
    summary=lazy_gettext("Keeps drawings, each with its class, as an upload, and begins to look through it."),
    examples=(
        """curl --json '{{"drawings": [{{"label": "seven", "image": "'$(base64 -w0 seven.png)'"}}, """
        """{{"label": "three", "image": "'$(base64 -w0 three.png)'"}}]}}' {url}/uploads/drawn""",
    ),
    answer=UploadSchema,
    receives=Drawings,
    problems=(400, 413, 415, 422, 507),
    success=201,
)
def upload_drawings() -> Answered:
    """Keep drawings as an upload, and begin to look through it."""
    drawings = _decoded(given(Drawings).drawings)
    names = list(dict.fromkeys(one.class_name for one in drawings))
    if wrong := _wrong_with(names):
        raise InvalidRequestError(wrong.message, **wrong.values)
    upload = create_of_drawings(drawings, gettext("my drawings"))
    runs.tend()
    return answer(upload)


def _decoded(given: list[DrawingFields]) -> list[LabeledDrawing]:
    """Return drawings; one of several that cannot be read is kept empty, and looking through them names it."""
    limits: dict[str, Any] = {**get_settings().picture_limits, "admit": allowance().take}
    drawings, errors = [], []
    for one in given:
        allowance().go_on()
        picture = None
        try:
            picture = decode(one.image, **limits)
        except (InvalidImageError, UnsupportedImageError, InvalidRequestError) as error:
            errors.append(error)
        drawings.append(LabeledDrawing(normalized(one.label), picture))
    if len(errors) == len(drawings):
        raise errors[0]
    return drawings


def _wrong_with(names: list[str]) -> Sentence | None:
    """Return what is wrong with the names of the classes; ``None`` if they will do."""
    if not LEAST_CLASSES <= len(names) <= MOST_CLASSES:
        message = N_("%(least)s to %(most)s classes were expected, received %(count)s; put spaces between")
        return Sentence(message, {"least": LEAST_CLASSES, "most": MOST_CLASSES, "count": len(names)})
    unfit = next((name for name in names if _UNFIT.search(name) or not 0 < len(name) <= LONGEST_NAME), None)
    if unfit is None:
        return None
    message = N_(
        "a class has a name of 1 to %(most)s letters, digits or signs that a folder may have; received “%(name)s”"
    )
    return Sentence(message, {"most": LONGEST_NAME, "name": unfit[:LONGEST_NAME]})
