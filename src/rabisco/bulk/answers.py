"""What is answered to the bytes of one picture file, as plain values; and a row of it, as text."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rabisco.characters import Among
from rabisco.errors import Sentence
from rabisco.images import decode, sent_side
from rabisco.inference import Predictor
from rabisco.settings import get_settings
from rabisco.text_reading import read_many

Form = Literal["jsonl", "csv", "parquet"]
TOGETHER = 8  # pictures that a model reads at once, which takes it less than one after the other
MOST_TOGETHER = 8_000_000  # pixels of them, about
MOST_PIXELS = 170_000_000  # of a file of one's own; a server's limits are for strangers' files
ONE = {  # column of a table -> its type in Parquet
    "file": "string",
    "category": "string",
    "category_index": "int32",
    "probability": "double",
    "refused": "string",
    "doubt": "double",
    "blank": "bool",
    "remembered": "bool",
    "alike": "string",
    "top_k": "string",
    "among": "string",
    "model": "string",
    "version": "int32",
    "latency_ms": "double",
    "notes": "string",
}
_TEXT_ONLY = {"text": "string", "characters": "string", "width": "int32", "height": "int32"}
TEXT = {"file": "string", **_TEXT_ONLY, **{name: ONE[name] for name in list(ONE)[-5:]}, "blank": "bool"}


def read_one(predictor: Predictor, content: bytes, top_k: int, among: Among) -> dict[str, Any]:
    """Return what one character in a picture file is read as; see ``Prediction.to_dict``.

    Raises:
        RabiscoError: It cannot be read; which class says why.
    """
    notes: list[Sentence] = []
    read = predictor.predict(decode(content, max_pixels=MOST_PIXELS, notes=notes), top_k, among)
    return {**read.to_dict(), **_noted(notes)}


def read_each(
    predictor: Predictor, contents: Sequence[Callable[[], bytes]], top_k: int, among: Among
) -> list[dict[str, Any] | Exception]:
    """Return what ``read_one`` would of each picture file, or why it cannot be read; some are read at once.

    ``contents`` return the bytes of each file, or raise why there are none.
    """
    found: dict[int, dict[str, Any] | Exception] = {}
    group = list[_Decoded]()
    for place, get in enumerate(contents):
        notes: list[Sentence] = []
        try:
            group.append((place, decode(get(), max_pixels=MOST_PIXELS, notes=notes), notes))
        except Exception as error:  # what is wrong with one must not end the reading of millions
            found[place] = error
        if len(group) == TOGETHER or sum(picture.size for _, picture, _ in group) > 3 * MOST_TOGETHER:
            found |= _read_group(predictor, group, top_k, among)
            group = []
    found |= _read_group(predictor, group, top_k, among)
    return [found[place] for place in range(len(contents))]


_Decoded = tuple[int, NDArray[np.uint8], list[Sentence]]  # the place, the picture, the notes


def _read_group(
    predictor: Predictor, group: list[_Decoded], top_k: int, among: Among
) -> dict[int, dict[str, Any] | Exception]:
    if not group:
        return {}
    try:
        answers = list(predictor.predict_many([picture for _, picture, _ in group], top_k, among))
    except Exception as error:
        if len(group) == 1:
            return {group[0][0]: error}
        return {place: one for alone in group for place, one in _read_group(predictor, [alone], top_k, among).items()}
    return {
        place: {**answer.to_dict(), **_noted(notes)} for (place, _, notes), answer in zip(group, answers, strict=True)
    }


def read_text(predictor: Predictor, content: bytes, top_k: int, among: Among) -> dict[str, Any]:
    """Return what all characters in a picture file are read as; see ``TextReading.to_dict``.

    Raises:
        RabiscoError: It cannot be read; which class says why.
    """
    notes: list[Sentence] = []
    picture = decode(content, max_pixels=MOST_PIXELS, notes=notes)
    most = get_settings().max_characters
    reading = read_many(predictor, picture, top_k, most, sent_side=sent_side(content), among=among)
    return {**reading.to_dict(), **_noted(notes)}


def line_of(row: dict[str, Any], form: Form, columns: dict[str, str]) -> bytes:
    """Return a row of the output in UTF-8, with its line feed; Parquet's rows wait as JSON Lines."""
    if form != "csv":
        return (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "backslashreplace")
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([cell(row.get(name)) for name in columns])
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def cell(value: Any) -> Any:
    """Return a value of a row as a table holds it: a refusal by its reason, what is nested as JSON."""
    if isinstance(value, dict) and "reason" in value:
        return value["reason"]
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return value


def _noted(notes: list[Sentence]) -> dict[str, list[str]]:
    return {"notes": [str(note) for note in notes]} if notes else {}
