"""What a reader sends of a picture: from a program as JSON or a form, from a page's form as fields of its own."""

import base64
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from flask import request
from pydantic import BaseModel, ConfigDict, Field

from rabisco.errors import N_, Sentence
from rabisco.images import Box
from rabisco.web.platform.examples import SEVEN
from rabisco.web.platform.fields import FORM, JSON, MULTIPART, Fields, Requests, collected, file_field, read
from rabisco.web.read import FILE_FIELDS

NO_CHARACTER = "none"
YES = ("yes", "true", "1", "on")
MOST_READINGS = 9
MOST_PIXELS = 2**24
_LABEL = "label:"
_PAGE_FIELDS = ("read_by", "version", "predicted", "probability")  # one of each for every reading

Side = Annotated[int, Field(ge=0, le=MOST_PIXELS, strict=True)]
Length = Annotated[int, Field(ge=1, le=MOST_PIXELS, strict=True)]


class ReadingFields(BaseModel):
    """What one model read."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    model: str
    version: int = Field(ge=0, lt=2**31)
    predicted: str
    probability: float = Field(allow_inf_nan=False, json_schema_extra={"minimum": 0, "maximum": 1})


class BoxFields(BaseModel):
    """Around the character that is meant, in a picture of several."""

    model_config = ConfigDict(extra="forbid")

    left: Side
    top: Side
    width: Length
    height: Length

    def to_box(self) -> Box:
        """Return the box by its corners."""
        return Box(self.left, self.top, self.left + self.width, self.top + self.height)


class CorrectionFields(Fields):
    """What a reader says of a picture."""

    media: ClassVar = (JSON, MULTIPART, FORM)
    files: ClassVar = {"image": FILE_FIELDS}
    further: ClassVar = _PAGE_FIELDS
    requests: ClassVar[Requests] = (
        {"image": SEVEN, "true_label": "7", "consent": True},
        {
            "image": SEVEN,
            "true_label": None,
            "consent": True,
            "readings": [{"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}],
            "box": {"left": 6, "top": 5, "width": 16, "height": 18},
        },
    )
    malformed: ClassVar = Sentence(
        N_(
            "expected “image” (base64), “true_label” (a class, or null for no character), “consent” and, if you like, "
            "“readings”, each with “model”, “version”, “predicted” and “probability”, and “box” with “left”, “top”, "
            "“width” and “height”; see the API page for an example"
        )
    )

    image: str = Field(description="Base64 text or a data URL.")
    true_label: str | None = Field(
        description="A class, any one character, or `another-character`; null where it is no character."
    )
    consent: bool = Field(False, strict=True, description="Without `true` nothing is stored.")
    readings: list[ReadingFields] | None = Field(
        None,
        min_length=1,
        max_length=MOST_READINGS,
        json_schema_extra={"example": [{"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}]},
        description="What models read in it; without, the default model is to read it.",
    )
    box: BoxFields | None = None


def given_correction() -> CorrectionFields:
    """Return what this request says.

    Raises:
        InvalidRequestError: It has another shape.
        UnknownFieldError: A reading or the box has a field that nobody knows.
    """
    values = collected(CorrectionFields)
    for name, sent in request.files.items():
        if file_field(CorrectionFields, name):
            values["image"] = base64.b64encode(sent.stream.read()).decode()
    if request.form:
        values.update(_of_page(values))
    return read(CorrectionFields, values)


def _of_page(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form says in the words of JSON: a label of its own list, and one field for each of a reading's."""
    found: dict[str, Any] = {"consent": str(values.get("consent")).lower() in YES}
    if "true_label" in values:
        label = str(values["true_label"])
        found["true_label"] = None if label == NO_CHARACTER else label.removeprefix(_LABEL)
    columns = {name: request.values.getlist(name) for name in _PAGE_FIELDS}
    if any(columns.values()):
        rows = zip(*columns.values(), strict=False)
        found["readings"] = [dict(zip(ReadingFields.model_fields, row, strict=True)) for row in rows]
    return found
