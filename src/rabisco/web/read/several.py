"""``characters=many``: how several characters in each picture are read, answered and shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabisco.characters import Among
from rabisco.errors import BusyError, RabiscoError
from rabisco.inference import Predictor, get_predictor
from rabisco.text_reading import TextReading, read_many
from rabisco.web.platform.allowance import allowance
from rabisco.web.platform.metrics import count_predictions
from rabisco.web.platform.problems import title_of
from rabisco.web.platform.words import translated
from rabisco.web.read.answers import thumbnail
from rabisco.web.read.pictures import SentPicture

SHOWN_SIDE = 720  # pixels of a picture on the page


def read(
    picture: SentPicture, pixels: NDArray[np.uint8], predictor: Predictor, most: int, among: Among
) -> TextReading:
    """Return what a model reads in a picture of at most so many characters; see ``rabisco.text_reading.read_many``."""
    return read_many(predictor, pixels, most=most, sent_side=picture.sent_side(), among=among)


@dataclass(frozen=True)
class UploadedText:
    """One uploaded picture on the page: what each model reads in it, or why there is nothing."""

    name: str
    picture: str = ""
    readings: tuple[TextReading, ...] = ()
    title: str = ""
    detail: str = ""
    notes: tuple[str, ...] = ()


def page_row(picture: SentPicture, models: Sequence[str], most: int, among: Among) -> UploadedText:
    """Return what the page shows of a picture that may hold so many characters."""
    try:
        pixels = picture.decode()
        readings = []
        for name in models:
            allowance().go_on()
            readings.append(read(picture, pixels, get_predictor(name), most, among))
    except BusyError:
        raise
    except RabiscoError as error:
        return UploadedText(picture.name, title=title_of(error), detail=translated(error.sentence))
    for reading in readings:
        count_predictions(reading.model, 1)
    notes = tuple(translated(note) for note in picture.notes)
    return UploadedText(picture.name, thumbnail(pixels, SHOWN_SIDE), tuple(readings), notes=notes)
