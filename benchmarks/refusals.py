"""What readers call no character is refused more often after 10 and 20 corrections; people's digits go on being read.

Three kinds of drawings, on a plain canvas as on the drawing page: hearts, which the rule of refusal knows; arrows,
which nobody described to it; and drops, which nobody did either and which are nearly a 0. The first 10, then the first
20, that the bundled network reads are corrected to "not a character", nothing else is, and it is retrained; so its
weights stay as they are. Read before and after: 100 further drawings of the kind, never shown to it; validation digits
and drawings of other kinds that the new rule was not fitted on; 800 test digits drawn on canvases and papers; people's
real digits of the development part. It runs in a home of its own.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import own_home
from benchmarks.realworld import read_pictures, unseen_characters
from rabisco import artifacts, corrections, data, recipes
from rabisco.corrections import CorrectedReading
from rabisco.data.dataset import Dataset
from rabisco.data.pen import TURN, Points, draw_strokes
from rabisco.evaluation.statistics import wilson_interval
from rabisco.evaluation.tables import markdown_table
from rabisco.inference import Predictor, get_predictor
from rabisco.rejection.doodles import Doodle, heart
from rabisco.rejection.pictures import draw_characters
from rabisco.retraining import RetrainingTask

MODEL = "mnist-cnn"
CORRECTED = (10, 20)
UNSEEN, DIGITS = 100, 800
MOST_DRAWN = 1000
Picture = NDArray[np.uint8]


def run() -> dict[str, Any]:
    """Correct, retrain and compare, for each kind and number of corrections in a fresh home."""
    digits = {
        "test digits, drawn": list(draw_characters(data.load("mnist").test.images, DIGITS, seed=7)),
        "people's real digits": read_pictures("digits", unseen_characters("digits")),
    }
    dataset = _original()
    kinds = {name: _measure_in_a_home(doodle, dataset, digits) for name, doodle in KINDS.items()}
    return {"n": UNSEEN, "kinds": kinds}


def table(result: dict[str, Any]) -> str:
    """Return what is refused before and after as a Markdown table."""
    numbers = [str(number) for number in CORRECTED]
    rows = []
    for kind, by_number in result["kinds"].items():
        first = by_number[numbers[0]]
        rows.append((f"**{kind}**, never shown", UNSEEN, *_shares(by_number, numbers, f"unseen {kind}", UNSEEN)))
        for group in ("test digits, drawn", "people's real digits"):
            count = first["pictures"][group]
            rows.append((f"{group}, wrongly", count, *_shares(by_number, numbers, group, count)))
        for part, title in (
            ("characters", "validation digits, wrongly"),
            ("others", "other drawings and photographs"),
        ):
            sizes = first["rule"][part]["examples"]
            pairs = [by_number[number]["rule"][part] for number in numbers]
            shares = [pairs[0]["before"], *(one["after"] for one in pairs)]
            shares = [1 - share for share in shares] if part == "characters" else shares
            rows.append((title, sizes, *(f"{share:.1%}" for share in shares)))
    header = ("Refused", "Pictures", "Before", *(f"After {number} corrections" for number in numbers))
    return markdown_table(header, [tuple(map(str, row)) for row in rows])


def drop(random: np.random.Generator) -> list[Points]:
    """Return a drop of water."""
    time = np.linspace(0, TURN, 60)
    wide = random.uniform(0.3, 0.45)
    return [np.stack([0.5 + wide * np.sin(time) * np.sin(time / 2) ** 1.5, 0.5 - 0.5 * np.cos(time)], axis=1)]


def arrow(random: np.random.Generator) -> list[Points]:
    """Return an arrow to the right."""
    head = random.uniform(0.15, 0.3)
    return [
        np.array([[0, 0.5], [1, 0.5]]),
        np.array([[1 - head, 0.5 - head], [1, 0.5], [1 - head, 0.5 + head]]),
    ]


KINDS: dict[str, Doodle] = {"hearts": heart, "arrows": arrow, "drops": drop}


def draw(doodle: Doodle, random: np.random.Generator) -> Picture:
    """Return a drawing on a plain canvas, RGB ``(280, 280, 3)``, dark on white."""
    ink = draw_strokes(doodle(random), random)[..., np.newaxis]
    return np.repeat((255 - 235 * ink).astype(np.uint8), 3, axis=-1)


def _measure_in_a_home(doodle: Doodle, dataset: Dataset, digits: dict[str, list[Picture]]) -> dict[str, Any]:
    with own_home():
        return _measure(doodle, dataset, digits)


def _measure(doodle: Doodle, dataset: Dataset, digits: dict[str, list[Picture]]) -> dict[str, Any]:
    predictor = get_predictor(MODEL)
    name = next(name for name, one in KINDS.items() if one is doodle)
    unseen = [draw(doodle, np.random.default_rng([2, index])) for index in range(UNSEEN)]
    asked = {f"unseen {name}": unseen, **digits}
    before = {group: _refused(predictor, pictures) for group, pictures in asked.items()}
    logits = predictor.logits(dataset.validation.images[:1000]).tobytes()
    found: dict[str, Any] = {}
    drawn = corrected = 0
    for number in CORRECTED:
        while corrected < number and drawn < MOST_DRAWN:
            corrected += _correct(predictor, draw(doodle, np.random.default_rng([1, drawn])))
            drawn += 1
        task = RetrainingTask(MODEL, lambda: dataset)
        artifacts.use_version(MODEL, recipes.run(task).version)
        report = task.report
        after = get_predictor(MODEL)
        found[str(number)] = {
            "drawn": drawn,
            "pictures": {group: len(pictures) for group, pictures in asked.items()},
            "before": before,
            "after": {group: _refused(after, pictures) for group, pictures in asked.items()},
            "corrected_refused": report.refused_after,
            "same_logits": after.logits(dataset.validation.images[:1000]).tobytes() == logits,
            "rule": report.to_dict()["rule"],
        }
        artifacts.rollback(MODEL)
    return found


def _correct(predictor: Predictor, picture: Picture) -> bool:
    """Say of a picture that it is no character, if it is read; return whether it was."""
    read = predictor.predict(picture)
    if read.refused is None:
        corrections.add(
            picture,
            [CorrectedReading(MODEL, read.version, read.best.category, read.best.probability)],
            true_label=None,
            person="benchmark",
        )
    return read.refused is None


def _refused(predictor: Predictor, pictures: list[Picture]) -> int:
    return sum(predictor.predict(one).refused is not None for one in pictures)


def _original() -> Dataset:
    return recipes.load_material(recipes.get_recipe(MODEL))[1]


def _shares(by_number: dict[str, Any], numbers: list[str], group: str, count: int) -> list[str]:
    counts = [by_number[numbers[0]]["before"][group], *(by_number[number]["after"][group] for number in numbers)]
    intervals = [wilson_interval(one, count) for one in counts]
    return [f"{one / count:.1%} ({low:.1%} – {high:.1%})" for one, (low, high) in zip(counts, intervals, strict=True)]
