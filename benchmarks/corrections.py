"""Twenty sevens with a bar that the network misread are read after retraining; test accuracy stays within 0.1 point.

The sevens are drawn by code, each in another way (slant, bends, length, height and tilt of the bar, pen, size, place);
from seeded drawings the first 20 that the current network misreads are corrected, and the next 500 drawings, misread
or not, are never shown to it. All 10,000 test images are read before and after by the same code; the interval is that
of the paired difference. Rolling back must give the same bytes. It runs in a home of its own.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks import own_home
from rabisco import artifacts, corrections, recipes
from rabisco.corrections import CorrectedReading
from rabisco.evaluation.tables import markdown_table
from rabisco.inference import Predictor, get_predictor
from rabisco.retraining import RetrainingTask

MODEL = "mnist-cnn"
CORRECTED = 20
UNSEEN = 500
MOST_DRAWN = 20_000


def run() -> dict[str, Any]:
    """Correct, retrain, compare, go back."""
    with own_home():
        return _measure()


def _measure() -> dict[str, Any]:
    predictor = get_predictor(MODEL)
    drawn, misread = 0, 0
    while misread < CORRECTED and drawn < MOST_DRAWN:
        picture = draw_seven(np.random.default_rng([7, drawn]))
        drawn += 1
        read = predictor.predict(picture)
        if read.best.category != "7":
            misread += 1
            corrections.add(
                picture,
                [CorrectedReading(MODEL, read.version, read.best.category, read.best.probability)],
                true_label="7",
                person="benchmark",
            )
    unseen = [draw_seven(np.random.default_rng([7, drawn + index])) for index in range(UNSEEN)]
    recipe = recipes.get_recipe(MODEL)
    _, dataset = recipes.load_material(recipe)
    test = dataset.test
    logits = predictor.logits(test.images[:1000]).tobytes()
    unseen_before = _sevens(predictor, unseen)
    task = RetrainingTask(MODEL, lambda: dataset, robustness_examples=500)
    artifacts.use_version(MODEL, recipes.run(task).version)
    report = task.report
    after = get_predictor(MODEL)
    unseen_after = _sevens(after, unseen)
    artifacts.rollback(MODEL)
    same = get_predictor(MODEL).logits(test.images[:1000]).tobytes() == logits
    return {
        "n": report.test.examples,
        "drawn": drawn,
        "corrected": misread,
        "unseen": UNSEEN,
        "unseen_before": unseen_before,
        "unseen_after": unseen_after,
        "byte_identical_after_rollback": same,
        "report": report.to_dict(),
    }


def table(result: dict[str, Any]) -> str:
    """Return what became better and worse as a Markdown table."""
    report = result["report"]
    rows = [
        (
            f"Corrected sevens (the first {report['trained_on']} of {result['drawn']:,} drawn that were misread)",
            f"{report['corrected_before']}",
            f"{report['corrected_after']}",
            "",
        ),
        (
            f"The next {result['unseen']} sevens, never shown",
            f"{result['unseen_before']}",
            f"{result['unseen_after']}",
            "",
        ),
        *(
            (
                {
                    "test": f"MNIST's test images ({one['examples']:,})",
                    "mean": f"The first {one['examples']:,} of these under each corruption, mean",
                }[one["what"]],
                f"{one['before']:.2%}",
                f"{one['after']:.2%}",
                f"{100 * one['change']:+.2f} ({100 * one['change_low']:+.2f} to {100 * one['change_high']:+.2f})",
            )
            for one in (report["test"], *report["robustness"][:1])
        ),
    ]
    return markdown_table(("Read correctly", "Before", "After", "Change in points, 95% interval"), rows)


def draw_seven(random: np.random.Generator) -> NDArray[np.uint8]:
    """Return a 7 with a bar, drawn in one of many ways, RGB ``(280, 280, 3)``, dark on light."""
    height = random.uniform(110, 190)
    width = height * random.uniform(0.45, 0.8)
    left, top = random.uniform(20, 260 - width), random.uniform(20, 260 - height)
    foot = left + width * random.uniform(0.05, 0.55)
    corner = (left + width, top + height * random.uniform(-0.06, 0.06))
    bend = (
        (corner[0] + foot) / 2 + width * random.uniform(-0.12, 0.12),
        top + height * random.uniform(0.4, 0.6),
    )
    strokes = [[(left, top + height * random.uniform(-0.05, 0.08)), corner, bend, (foot, top + height)]]
    if random.random() < 0.4:  # a serif
        start = strokes[0][0]
        strokes[0].insert(
            0, (start[0] - width * random.uniform(0, 0.05), start[1] + height * random.uniform(0.08, 0.2))
        )
    middle = bend[0] + width * random.uniform(-0.12, 0.12)
    half, tilt = width * random.uniform(0.25, 0.8), height * random.uniform(-0.2, 0.2)
    level = top + height * random.uniform(0.33, 0.72)
    strokes.append([(middle - half, level + tilt), (middle + half, level - tilt)])
    image = Image.new("RGB", (280, 280), (255, 255, 255))
    pen, pencil = int(random.uniform(7, 26)), ImageDraw.Draw(image)
    for stroke in strokes:
        pencil.line(stroke, fill=(20, 20, 30), width=pen, joint="curve")
        for x, y in (stroke[0], stroke[-1]):
            pencil.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=(20, 20, 30))
    return np.array(image)


def _sevens(predictor: Predictor, pictures: list[NDArray[np.uint8]]) -> int:
    return sum(predictor.predict(one).best.category == "7" for one in pictures)
