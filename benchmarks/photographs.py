"""What the bundled models of photographs get right, on CIFAR-10's test images and people's photographs, at what cost.

The test figures are those in the cards, measured once when the models were judged. The photographs are those of
``realworld/objects`` in the data folder, made by ordinary people, from each file's bytes to the answer. What shows
none of the ten things: test digits of MNIST and noise, each 500 times, enlarged to 224 pixels. Processor time is that
of one photograph as a JPEG of 224 pixels, from its bytes to the answer, beside Pillow decoding it and shrinking it to
32×32 (the baseline). The picture shows validation accuracy over the arithmetic of training, beside the figures that
the authors of fast GPU trainings publish.
"""

import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.realworld import read_manifest, read_pictures
from rabisco import data
from rabisco.artifacts import Card, exists
from rabisco.evaluation.statistics import wilson_interval
from rabisco.evaluation.tables import markdown_table
from rabisco.images import decode
from rabisco.inference import Predictor, get_predictor
from rabisco.training import TrainingConfiguration

NAMES = ("cifar10-cnn", "cifar10-resnet18")
PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "photographs-training.png"
# Test accuracy and 10^15 floating-point operations, from https://github.com/KellerJordan/cifar10-airbench (README).
PUBLISHED = {
    "airbench94": (0.9401, 0.36),
    "airbench95": (0.9501, 1.4),
    "airbench96": (0.9605, 7.5),
    "ResNet-18, as usual": (0.96, 32.3),
}
MANY, SIDE, REPEATS = 500, 224, 100


def run() -> dict[str, Any]:
    """Judge the models on photographs and on what shows none of their things, time them, and draw how they learned."""
    others = _others()
    models = {name: _judge(get_predictor(name), others) for name in NAMES if exists(name)}
    _draw(models)
    return {"n": next(iter(models.values()))["n"], "models": models}


def _judge(predictor: Predictor, others: dict[str, list[np.ndarray]]) -> dict[str, Any]:
    card = predictor.card
    seconds = np.cumsum([row["seconds"] for row in card.history])
    return {
        "n": card.dataset.test_examples,
        "test_accuracy": card.metrics["test_accuracy"],
        "test_interval": [card.metrics["test_accuracy_low"], card.metrics["test_accuracy_high"]],
        "photographs": _photographs(predictor),
        "refused": {kind: _refused(predictor, pictures) for kind, pictures in others.items()},
        "milliseconds": _times(predictor),
        "minutes": [round(float(one) / 60, 1) for one in seconds],
        "petaflops": [round(float(one), 4) for one in _arithmetic(card)],
        "validation": [row["validation_accuracy"] for row in card.history],
        "parameters": card.parameters,
    }


def _arithmetic(card: Card) -> np.ndarray:
    """Return the floating-point operations of a training up to the end of each epoch, in 10^15.

    A multiply-add is two, and a training step takes three times what an answer does.
    """
    told = TrainingConfiguration.from_dict(card.configuration)
    full = card.image_shape[0]
    shares = [(told.side(epoch, full) / full) ** 2 for epoch in range(1, len(card.history) + 1)]
    step = 6 * (card.multiply_adds or 0) * card.dataset.train_examples
    return step * np.cumsum(shares) / 1e15


def table(result: dict[str, Any]) -> str:
    """Return the figures as Markdown tables."""
    models = result["models"].values()

    def row(what: str, told: Callable[[dict[str, Any]], str]) -> tuple[str, ...]:
        return (what, *map(told, models))

    def test(one: dict[str, Any]) -> str:
        low, high = one["test_interval"]
        return f"{one['test_accuracy']:.2%} ({low:.2%} – {high:.2%})"

    many = next(iter(models))["photographs"]["n"]
    rows = [
        row("CIFAR-10, test", test),
        row(
            f"people's photographs, n = {many}",
            lambda one: f"{one['photographs']['accuracy']:.1%} ({_span(one['photographs'])})",
        ),
        row("of these refused", lambda one: f"{one['photographs']['refused']:.1%}"),
        row(f"refused of digits, n = {MANY}", lambda one: f"{one['refused']['digits']:.0%}"),
        row(f"refused of noise, n = {MANY}", lambda one: f"{one['refused']['noise']:.0%}"),
        row("processor time of one JPEG", lambda one: f"{one['milliseconds']['answer']:.1f} ms"),
        row("beside Pillow alone", lambda one: f"{one['milliseconds']['ratio']:.1f} ×"),
        row("weights", lambda one: f"{one['parameters']:,}"),
        row("epochs", lambda one: str(len(one["minutes"]))),
        row("minutes of training", lambda one: f"{one['minutes'][-1]:.0f}"),
        row("floating-point operations of training", lambda one: f"{one['petaflops'][-1]:.2f} × 10¹⁵"),
        row("best validation accuracy, single images", lambda one: f"{max(one['validation']):.2%}"),
    ]
    return markdown_table(("What", *(f"`{name}`" for name in result["models"])), rows)


def _draw(models: dict[str, dict[str, Any]]) -> None:
    """Draw validation accuracy over the arithmetic of training, beside the published figures."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.5, 4.5))
    for name, one in models.items():
        axes.plot(one["petaflops"], one["validation"], marker="o", markersize=3, label=f"{name}, validation")
        axes.plot(one["petaflops"][-1], one["test_accuracy"], "k*")
    for name, (accuracy, spent) in PUBLISHED.items():
        axes.plot(spent, accuracy, "s", color="gray")
        axes.annotate(name, (spent, accuracy), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8)
    axes.plot([], [], "k*", label="the same, test")
    axes.plot([], [], "s", color="gray", label="published, test (GPU)")
    axes.set(
        xscale="log",
        xlim=(0.02, 100),
        ylim=(0.7, 0.985),
        xlabel="10¹⁵ floating-point operations of training",
        ylabel="accuracy",
    )
    axes.legend(loc="lower right")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=110)
    pyplot.close(figure)


def _span(part: dict[str, Any]) -> str:
    return " – ".join(f"{one:.1%}" for one in part["interval"])


def _photographs(predictor: Predictor) -> dict[str, Any]:
    rows = read_manifest("objects")
    answers = [predictor.predict(picture) for picture in read_pictures("objects", rows)]
    right = sum(row["label"] == answer.best.category for row, answer in zip(rows, answers, strict=True))
    return {
        "n": len(rows),
        "accuracy": right / len(rows),
        "interval": list(wilson_interval(right, len(rows))),
        "refused": sum(answer.refused is not None for answer in answers) / len(rows),
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
