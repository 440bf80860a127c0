"""What reading a picture answers, as the API gives it and its OpenAPI document describes it."""

import base64
import io
import struct
import zlib
from typing import Any, Self

import numpy as np
from flask_babel import gettext
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, Field

from rabisco import inference, text_reading
from rabisco.characters import Among
from rabisco.errors import RabiscoError
from rabisco.images import decode
from rabisco.rejection import MESSAGES, Reason
from rabisco.text_reading import TextReading
from rabisco.web.platform.languages import translated
from rabisco.web.platform.schemas import Probability, Problem


class CandidateSchema(BaseModel):
    """One class and how probable the model holds it to be; calibrated."""

    category: str
    category_index: int = Field(ge=0)
    probability: Probability


class StepSchema(BaseModel):
    """One step of the way from the picture to what the model saw; `image` is a PNG data URL."""

    name: str
    title: str
    image: str = Field(pattern="^data:image/png;base64,")


class Refusal(BaseModel):
    """Why a picture should not be read; the classes are then no more than the best guess."""

    reason: Reason
    message: str


class PredictionSchema(CandidateSchema):
    """What a model reads in one picture: the best class, then the other facts."""

    top_k: list[CandidateSchema] = Field(min_length=1)
    alike: list[str] = Field(description="The model's other classes of the same shape: O and o for a 0.")
    among: Among = Field(description="What was expected to be written (`among`); nothing else is answered.")
    model: str
    version: int = Field(ge=0, description="Which version of the model answered; 0 is the bundled one.")
    latency_ms: float = Field(ge=0)
    blank: bool
    refused: Refusal | None
    doubt: Probability | None = Field(description="Above 0.5 the picture is refused; null without a rule.")
    remembered: bool = Field(description="Whether a correction of a picture like this one answers.")
    steps: list[StepSchema] = Field(default=[], description="Only with `?steps=1`.")

    @classmethod
    def of(
        cls,
        read: inference.Prediction,
        *,
        with_steps: bool = False,
        drawn: dict[tuple[str, int], dict[str, str]] | None = None,
        **further: Any,
    ) -> Self:
        """Return the answer for what a model read; ``further`` are the fields that a class of its own has more.

        ``drawn`` is as for ``steps``.
        """
        facts = {**read.to_dict(), **further}
        if read.refused:
            facts["refused"] = {"reason": read.refused, "message": str(gettext(MESSAGES[read.refused]))}
        if with_steps:
            facts["steps"] = steps(read, drawn)
        return cls.model_validate(facts)


class BoxSchema(BaseModel):
    """Where a character lies, in pixels of the picture as it was sent, upright."""

    left: int = Field(ge=0)
    top: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class ReadCharacterSchema(CandidateSchema):
    """One character of several: the best class, then what else it may be, and where it is."""

    top_k: list[CandidateSchema] = Field(min_length=1)
    box: BoxSchema
    line: int = Field(ge=0, description="Number of its line, from 0 at the top.")
    remembered: bool = Field(description="Whether a correction of a character like this one answers.")
    steps: list[StepSchema] = Field(default=[], description="Only with `?steps=1`.")


class Reading(BaseModel):
    """What a model reads in a picture of several characters (`characters=many`), in reading order."""

    text: str = Field(description="The characters as a string; lines are parted by line feeds, words by spaces.")
    characters: list[ReadCharacterSchema]
    among: Among = Field(description="What was expected to be written (`among`); nothing else is answered.")
    model: str
    version: int = Field(ge=0, description="Which version of the model answered; 0 is the bundled one.")
    latency_ms: float = Field(ge=0)
    blank: bool
    width: int = Field(ge=1, description="Of the picture as it was sent, upright, in pixels.")
    height: int = Field(ge=1)

    @classmethod
    def of(cls, read: TextReading, *, with_steps: bool = False) -> Self:
        """Return the answer for a text that a model read."""
        facts = read.to_dict()
        if with_steps:
            for answered, character in zip(facts["characters"], read.characters, strict=True):
                answered["steps"] = steps(character)
        return cls.model_validate(facts)


class UnreadPicture(BaseModel):
    """A picture, one among several, that cannot be read, and why."""

    name: str
    error: Problem


class Predictions(BaseModel):
    """One prediction for each picture, in their order; readings where several characters were asked for.

    In the place of one among several that cannot be read stands why.
    """

    predictions: list[PredictionSchema | Reading | UnreadPicture] = Field(min_length=1)
    notes: list[str] = Field(default=[], description="Only of pictures read though their file lacks its end.")


def steps(
    read: inference.Prediction | text_reading.ReadCharacter, drawn: dict[tuple[str, int], dict[str, str]] | None = None
) -> list[dict[str, str]]:
    """Return how the picture became the model's input: name, title and PNG data URL of each step.

    Args:
        read: What was read.
        drawn: Steps that several models share, by their name and the ``id`` of their pixels, which live; gets further
            ones.
    """
    drawn = {} if drawn is None else drawn
    keys = [(step.name, id(step.picture)) for step in read.prepared.steps]
    for key, step in zip(keys, read.prepared.steps, strict=True):
        if key not in drawn:
            drawn[key] = {"name": step.name, "title": translated(step.title), "image": data_url(step.picture)}
    return [drawn[key] for key in keys]


def data_url(pixels: NDArray[np.uint8]) -> str:
    """Return uint8 pixels, ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)``, as a PNG data URL."""
    if pixels.ndim == 2 or pixels.shape[-1] == 1:
        content = _gray_png(pixels.reshape(pixels.shape[:2]))
    else:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
        content = buffer.getvalue()
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _gray_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return gray pixels, ``(H, W)``, as a PNG: of ink, which is mostly one tone, in a quarter of Pillow's time.

    Source: W3C, Portable Network Graphics; each row is stored as it is, without a filter. Only runs of one tone are
    packed, for nothing else repeats in ink: the file is a fifteenth larger, and is there in two thirds of the time.
    """
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packing = zlib.compressobj(1, strategy=zlib.Z_RLE)
    chunks = {b"IHDR": header, b"IDAT": packing.compress(rows.data) + packing.flush(), b"IEND": b""}
    parts = [
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
        for kind, content in chunks.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def stored_thumbnail(image: bytes, side: int) -> str:
    """Return a stored picture as ``thumbnail`` does; an empty sheet where its file is damaged."""
    try:
        return thumbnail(decode(image), side)
    except RabiscoError:
        return data_url(np.full((side, side), 255, np.uint8))


def thumbnail(pixels: NDArray[np.uint8], side: int = 192) -> str:
    """Return a picture, reduced to fit a square of ``side`` pixels, as a PNG data URL."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side))
    return data_url(np.asarray(image))
