"""The bundled model of photographs is right on 94.0% of CIFAR-10's test images and 92% of people's photographs.

The test figure is the one in the card, measured once when the model was judged. The photographs are those of
``realworld/objects`` in the data folder, made by ordinary people, from each file's bytes to the answer. What shows
none of the ten things: test digits of MNIST and noise, each 500 times, enlarged to 224 pixels. Processor time is that
of one photograph as a JPEG of 224 pixels, from its bytes to the answer, beside Pillow decoding it and shrinking it to
32×32 (the baseline).
"""

import csv
import io
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from rabisco import data
from rabisco.evaluation.statistics import wilson_interval
from rabisco.evaluation.tables import markdown_table
from rabisco.images import decode
from rabisco.inference import Predictor, get_predictor
from rabisco.settings import get_settings

NAME = "cifar10-cnn"
MANY, SIDE, REPEATS = 500, 224, 100


def run() -> dict[str, Any]:
    """Judge the model on photographs and on what shows none of its things, and time it."""
    predictor = get_predictor(NAME)
    card = predictor.card
    seconds = np.cumsum([row["seconds"] for row in card.history])
    return {
        "n": card.dataset.test_examples,
        "test_accuracy": card.metrics["test_accuracy"],
        "test_interval": [card.metrics["test_accuracy_low"], card.metrics["test_accuracy_high"]],
        "photographs": _photographs(predictor),
        "refused": {kind: _refused(predictor, pictures) for kind, pictures in _others().items()},
        "milliseconds": _times(predictor),
        "minutes": [round(float(one) / 60, 1) for one in seconds],
        "validation": [row["validation_accuracy"] for row in card.history],
        "parameters": card.parameters,
    }


def table(result: dict[str, Any]) -> str:
    """Return the figures as Markdown tables."""
    photographs, spent = result["photographs"], result["milliseconds"]
    low, high = result["test_interval"]
    shares = ", ".join(f"{kind} {share:.0%}" for kind, share in result["refused"].items())
    rows = [
        ("CIFAR-10, test", f"{result['test_accuracy']:.2%} ({low:.2%} – {high:.2%})"),
        (f"people's photographs, n = {photographs['n']}", f"{photographs['accuracy']:.1%} ({_span(photographs)})"),
        ("of these refused", f"{photographs['refused']:.1%}"),
        (f"refused of what shows none of the ten, n = {MANY} each", shares),
        ("processor time of one JPEG", f"{spent['answer']:.1f} ms, {spent['ratio']:.1f} × Pillow alone"),
    ]
    epochs = enumerate(zip(result["minutes"], result["validation"], strict=True), 1)
    history = [(str(epoch), f"{minutes:.0f}", f"{accuracy:.2%}") for epoch, (minutes, accuracy) in epochs]
    return (
        markdown_table(("What", "Accuracy or share"), rows)
        + "\n\n"
        + markdown_table(("Epoch", "Minutes", "Validation accuracy"), history)
    )


def _span(part: dict[str, Any]) -> str:
    return " – ".join(f"{one:.1%}" for one in part["interval"])


def _photographs(predictor: Predictor) -> dict[str, Any]:
    folder = get_settings().data_dir
    if folder is None:
        raise SystemExit("the photographs lie in the folder that RABISCO_DATA_DIR names, which is not set")
    objects = folder / "realworld" / "objects"
    with (objects / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    answers = [(row["label"], predictor.predict(decode((objects / row["file"]).read_bytes()))) for row in rows]
    right = sum(label == answer.best.category for label, answer in answers)
    return {
        "n": len(rows),
        "accuracy": right / len(rows),
        "interval": list(wilson_interval(right, len(rows))),
        "refused": sum(answer.refused is not None for _, answer in answers) / len(rows),
    }


def _others() -> dict[str, list[np.ndarray]]:
    digits = data.load("mnist").test.images[:MANY]
    noise = np.random.default_rng(0).integers(0, 256, (MANY, 28, 28, 3), dtype=np.uint8)
    return {
        "digits": [_enlarged(np.repeat(one, 3, axis=2)) for one in digits],
        "noise": [_enlarged(one) for one in noise],
    }


def _enlarged(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _refused(predictor: Predictor, pictures: list[np.ndarray]) -> float:
    return sum(predictor.predict(one).refused is not None for one in pictures) / len(pictures)


def _times(predictor: Predictor) -> dict[str, float]:
    kept = io.BytesIO()
    Image.fromarray(_enlarged(data.load("cifar-10").test.images[0])).save(kept, "JPEG", quality=85)
    content = kept.getvalue()

    def alone() -> None:
        Image.open(io.BytesIO(content)).convert("RGB").resize((32, 32), Image.Resampling.BICUBIC)

    answer, baseline = _median(lambda: predictor.predict(decode(content))), _median(alone)
    return {"answer": answer, "baseline": baseline, "ratio": answer / baseline}


def _median(work: Callable[[], object]) -> float:
    """Return the median processor time of ``work``, in milliseconds."""
    spent = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        spent.append((time.process_time() - started) * 1000)
    return statistics.median(spent)
