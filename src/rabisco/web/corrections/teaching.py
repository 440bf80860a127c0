"""A correction teaches the models that misread the picture, and is unlearned when it is deleted."""

from collections.abc import Iterable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from rabisco import teaching
from rabisco.corrections import CorrectedReading
from rabisco.errors import InvalidArtifactError
from rabisco.images import sent_side
from rabisco.inference import get_predictor
from rabisco.store import Correction
from rabisco.teaching import Taught
from rabisco.web.corrections.fields import CorrectionFields


def reading_of(name: str, picture: NDArray[np.uint8], said: CorrectionFields) -> CorrectedReading:
    """Return what a model reads in the picture, for those who do not say."""
    predictor = get_predictor(name)
    read = predictor.predict(cut_out(picture, said))
    return CorrectedReading(read.model, read.version, read.best.category, read.best.probability)


def cut_out(picture: NDArray[np.uint8], said: CorrectionFields) -> NDArray[np.uint8]:
    """Return the character that is meant, with a margin: the whole picture unless it is one of several."""
    if said.box is None:
        return picture
    height, width = picture.shape[:2]
    box = said.box.to_box().scaled(max(height, width) / max(1, sent_side(said.image)))
    margin = max(4, (box.bottom - box.top) // 4)
    rows = slice(max(0, box.top - margin), min(height, box.bottom + margin))
    columns = slice(max(0, box.left - margin), min(width, box.right + margin))
    cut = picture[rows, columns]
    return cut if cut.size else picture


def teach(stored: Iterable[Correction], picture: NDArray[np.uint8], said: CorrectionFields) -> list[Taught]:
    """Teach each model that misread or refused the picture what it is; return what came of it."""
    results = []
    for one in stored:
        with suppress(InvalidArtifactError):  # its files are damaged: it answers nothing, and the other models learn
            results.append(_teach_one(one, picture, said))
    return [one for one in results if one]


def _teach_one(one: Correction, picture: NDArray[np.uint8], said: CorrectionFields) -> Taught | None:
    place = (said.box.to_box(), sent_side(said.image)) if said.box else ()
    prepared, predictor = teaching.prepare_for(one.model, picture, *place), get_predictor(one.model)
    category, reason = teaching.answer_of(one.true_label, predictor.card)
    if one.true_label == one.predicted:
        read = predictor.predict(cut_out(picture, said))
        if read.refused is None and read.best.category == category:
            return None
    return teaching.teach(one.model, prepared, one.picture.key, category, reason)


def forget(*given: Correction) -> None:
    """Let the models forget what these corrections taught them."""
    if given:
        teaching.forget({one.picture.key for one in given}, {one.model for one in given})
