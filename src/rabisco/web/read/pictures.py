"""The pictures of a request, in whichever of the accepted ways they were sent.

Multipart fields ``file`` (one or more); base64 or a data URL in a form field or in JSON; or an image as the body.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import numpy as np
from flask import Request
from numpy.typing import NDArray

from rabisco.errors import N_, BusyError, InvalidRequestError, RabiscoError, Sentence, TooLargeError
from rabisco.images import begins_as_picture, decode
from rabisco.settings import get_settings
from rabisco.web.platform.allowance import allowance
from rabisco.web.platform.fields import FORM, JSON, MULTIPART, Fields, as_received, file_field
from rabisco.web.platform.languages import translated
from rabisco.web.platform.problems import as_problem
from rabisco.web.platform.schemas import Problem
from rabisco.web.read import FILE_FIELD, FILE_FIELDS, TEXT_FIELDS
from rabisco.web.read.schemas import UnreadPicture

Answer = TypeVar("Answer")
RAW = "application/octet-stream"
RAW_TYPES = ("image/", RAW)
UNTOLD_TYPES = ("", FORM, "text/plain", "binary/octet-stream")  # of ``curl --data-binary``
PROBLEMS = (400, 404, 408, 413, 415, 422, 503)  # of a route that reads pictures


class Pictures(Fields):
    """Pictures, as files, base64 texts or the body itself, and what is asked of them; also in the address."""

    media: ClassVar = (MULTIPART, JSON, FORM, RAW)
    files: ClassVar = {FILE_FIELD: FILE_FIELDS}
    further: ClassVar = (FILE_FIELD, *TEXT_FIELDS, "images")


@dataclass(frozen=True)
class SentPicture:
    """One picture as received: its name, for messages, its bytes or base64 text, and what decoding it had to note."""

    name: str
    data: bytes | str
    notes: list[Sentence] = field(default_factory=list, compare=False)

    def decode(self) -> NDArray[np.uint8]:
        """Return its pixels, RGB; see ``rabisco.images.decode``."""
        return decode(self.data, **get_settings().picture_limits, notes=self.notes, admit=allowance().take)


def read_pictures(request: Request, max_files: int) -> list[SentPicture]:
    """Return the pictures of a request, in order.

    Raises:
        InvalidRequestError: It holds none, or JSON of another shape.
        TooLargeError: It holds more than ``max_files``.
    """
    pictures = _raw(request) or _from_json(request) or _files(request) or _fields(request)
    if not pictures:
        raise _nothing_received(request)
    if len(pictures) > max_files:
        raise TooLargeError(
            N_("expected at most %(limit)s pictures in one request, received %(count)s; send them in several"),
            limit=max_files,
            count=len(pictures),
        )
    return pictures


def read_each(
    pictures: list[SentPicture], read: Callable[[SentPicture, NDArray[np.uint8]], Answer]
) -> list[Answer | UnreadPicture]:
    """Return what ``read`` makes of each picture and its pixels; why, where one among several cannot be read.

    Raises:
        RabiscoError: None can be read; the first of several says which it is.
    """
    if len(pictures) == 1:
        return [read(pictures[0], pictures[0].decode())]
    found: list[Answer | UnreadPicture] = []
    errors: list[RabiscoError] = []
    for position, picture in enumerate(pictures, 1):
        allowance().go_on()
        try:
            found.append(read(picture, picture.decode()))
        except BusyError:
            raise
        except RabiscoError as error:
            allowance().go_on()  # where all pictures together are too large, it is no matter of this one
            which = Sentence(N_("picture %(position)s (%(name)s)"), {"position": position, "name": picture.name})
            named = type(error)(N_("%(which)s: %(reason)s"), which=which, reason=error.sentence)
            errors.append(named)
            found.append(UnreadPicture(name=picture.name, error=Problem.model_validate(as_problem(named))))
    if len(errors) == len(pictures):
        raise errors[0]
    return found


def noted(pictures: list[SentPicture]) -> dict[str, list[str]]:
    """Return what decoding had to note, each with the name of its picture, as the field ``notes`` of an answer."""
    notes = [f"{picture.name}: {translated(note)}" for picture in pictures for note in picture.notes]
    return {"notes": notes} if notes else {}


def _raw(request: Request) -> list[SentPicture]:
    """Return the picture that is the body; of a type that says nothing of it, if it begins as one."""
    if request.mimetype.startswith(RAW_TYPES):
        return [SentPicture("body", request.get_data())]
    if request.mimetype in UNTOLD_TYPES and begins_as_picture(request.get_data()[:16]):
        return [SentPicture("body", request.get_data())]
    return []


def _files(request: Request) -> list[SentPicture]:
    uploads = [upload for field, upload in request.files.items(multi=True) if file_field(Pictures, field)]
    pictures = [SentPicture(upload.filename or "", upload.stream.read()) for upload in uploads]
    # A browser's form sends a nameless empty part when nothing was chosen.
    return [picture for picture in pictures if picture.name or picture.data]


def _fields(request: Request) -> list[SentPicture]:
    fields = (FILE_FIELD, *TEXT_FIELDS)
    return [SentPicture(field, value) for field in fields for value in request.form.getlist(field)]


def _from_json(request: Request) -> list[SentPicture]:
    if not request.is_json or not request.get_data():
        return []
    body: dict[str, object] = request.get_json()  # an object: ``fields`` refuses all else
    several = body.get("images", [])
    named = [(field, body[field]) for field in TEXT_FIELDS if field in body]
    if not isinstance(several, list):
        raise InvalidRequestError(
            N_("expected “images” to be a list of base64 texts; received %(received)s"), received=as_received(several)
        )
    values = [*named, *((f"images[{index}]", value) for index, value in enumerate(several))]
    for name, value in values:
        if not isinstance(value, str):
            raise InvalidRequestError(
                N_("expected “%(name)s” to be base64 text; received %(received)s"),
                name=name,
                received=as_received(value),
            )
    return [SentPicture(name, value) for name, value in values]


def _nothing_received(request: Request) -> InvalidRequestError:
    received = ", ".join([*request.files, *request.form][:5]) or request.mimetype
    return InvalidRequestError(
        N_(
            "expected one or more pictures as multipart field “file”, base64 in “image”, or an image as the body; "
            "received %(received)s"
        ),
        received=received or Sentence(N_("an empty request")),
    )
