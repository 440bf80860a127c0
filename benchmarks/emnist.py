"""Where the CNN and logistic regression part on EMNIST's letters and digits, and what shapes alone leave undecided.

The 10,597 test images of the part of EMNIST at hand (52 of 62 characters; none that resembles an image of MNIST's
test set), read by the two bundled models. ``emnist-cnn`` knows all 62 characters and may answer in vain one that the
images lack; ``emnist-linear`` is scikit-learn's ``LogisticRegression(random_state=25)`` on raw pixels, fitted on the
same 14,723 images, 52 classes. Below them are its variants: iterated to convergence, with the classes merged that
EMNIST's authors merge (capital and small letters of one shape; 41 of their 47 are at hand), and given the same pixels
in another form: stood upright first, or in the form, of several tried on validation images, with which the merged
classes have the greatest ROC AUC. The baseline is ``emnist-linear``.

Both are then counted three ways: each class by itself, classes of one shape (``rabisco.characters``) as one, letters
without regard to case. The mistakes are divided, and two readers bound what can be hoped for: both never mistake a
shape; within it one decides as the CNN does, the other answers the class that is most frequent in training.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks import CHARACTER_MODELS, accuracy_of, interval
from benchmarks.lookalikes import (
    counted,
    divide_mistakes,
    right_by_frequency,
    right_within_shape,
    shape_of,
)
from rabisco import data
from rabisco.artifacts import load_artifact
from rabisco.data.dataset import Dataset, Split
from rabisco.evaluation import DatasetReader, Evaluation, evaluate_logits, read_logits
from rabisco.evaluation.statistics import paired_interval
from rabisco.evaluation.tables import markdown_table
from rabisco.images import normalize_pixels
from rabisco.inference import get_predictor
from rabisco.recipes import without_empty_classes

Pixels = NDArray[np.float32]
Images = NDArray[np.uint8]
MERGED_BY_EMNIST = frozenset("cijklmopsuvwxyz")
DEFAULT_ITERATIONS = 100  # scikit-learn's
AS_THEY_ARE, UPRIGHT = "as they are", "upright"
BLURS = (0.5, 1.0, 1.5, 2.0)  # standard deviations, in pixels
# name, merged classes, form of the pixels, iterations at most
VARIANTS = (
    ("52 classes, to convergence", False, AS_THEY_ARE, 5000),
    ("41 merged classes, defaults", True, AS_THEY_ARE, DEFAULT_ITERATIONS),
    ("41 merged classes, to convergence", True, AS_THEY_ARE, 5000),
    ("52 classes, defaults, upright", False, UPRIGHT, DEFAULT_ITERATIONS),
    ("41 merged classes, defaults, upright", True, UPRIGHT, DEFAULT_ITERATIONS),
)
WAYS: dict[str, Callable[[str], str]] = {
    "each class by itself": str,
    "characters of one shape as one": shape_of,
    "letters without regard to case": str.lower,
}
READERS = {"network": "decides as `emnist-cnn` does", "frequency": "answers the class most frequent in training"}


def run() -> dict[str, Any]:
    """Judge the bundled models, count their answers, then fit and judge the variants."""
    dataset = data.load("emnist-pages")
    models, logits = {}, {}
    for name in CHARACTER_MODELS:
        reader = DatasetReader(get_predictor(name), dataset.class_names)
        logits[name] = read_logits(reader, dataset.test.images)
        temperature = load_artifact(name).card.temperature
        models[name] = _figures(evaluate_logits(dataset.test.labels, logits[name], reader.class_names, temperature))
    known = without_empty_classes(dataset)
    forms = {form: _fit_and_judge(known, known.validation, True, form, DEFAULT_ITERATIONS) for form in FORMS}
    best = max((form for form in forms if form != UPRIGHT), key=lambda form: forms[form]["roc_auc"])
    chosen = (f"41 merged classes, defaults, {best}", True, best, DEFAULT_ITERATIONS)
    variants = {name: _fit_and_judge(known, known.test, *how) for name, *how in (*VARIANTS, chosen)}
    return {
        "n": len(dataset.test),
        "models": models,
        "variants": variants,
        "forms": forms,
        **_count(dataset, *logits.values()),
    }


def _count(dataset: Dataset, network: Pixels, regression: Pixels) -> dict[str, Any]:
    """Return both models' answers counted in each way, their mistakes divided, and what bounds them."""
    names, labels = dataset.class_names, dataset.test.labels
    answers = {name: one.argmax(axis=1) for name, one in zip(CHARACTER_MODELS, (network, regression), strict=True)}
    ways = {}
    for way, fold in WAYS.items():
        numbers = counted(names, fold)
        right = [numbers[one] == numbers[labels] for one in answers.values()]
        ways[way] = {"classes": len(np.unique(numbers[labels])), **_side_by_side(*right)}
    told = {
        "network": right_within_shape(labels, network, names),
        "frequency": right_by_frequency(labels, dataset.train.labels, names),
    }
    linear = answers["emnist-linear"] == labels
    return {
        "ways": ways,
        "mistakes": {name: divide_mistakes(labels, one, names) for name, one in answers.items()},
        "bounds": {reader: _side_by_side(right, linear) for reader, right in told.items()},
    }


def _side_by_side(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> dict[str, Any]:
    """Return two accuracies, their intervals, and by how much the first is ahead."""
    both = [accuracy_of(int(right.sum()), len(right)) for right in (first, second)]
    margin = float(first.mean() - second.mean())
    return {"both": both, "margin": margin, "margin_interval": paired_interval(first, second)}


def table(result: dict[str, Any]) -> str:
    """Return every model and variant as a Markdown table, below it the confusions, how they count and the forms."""
    rows = [_row(f"`{name}`", one) for name, one in result["models"].items()]
    rows += [_row(f"regression, {name}", one) for name, one in result["variants"].items()]
    columns = ("Model", "Classes", "Accuracy", "95% interval", "ROC AUC", "Calibration error", "Iterations")
    sentences = [f"`{name}`: {_sentence(one['top_confusions'])}." for name, one in result["models"].items()]
    return "\n\n".join(
        [
            markdown_table(columns, rows),
            _forms_table(result["forms"]),
            "The most frequent confusions:",
            *sentences,
            "The same answers, counted in three ways:",
            _ways_table(result["ways"]),
            "What was taken for what:",
            _mistakes_table(result["mistakes"]),
            "Two readers that never mistake a shape:",
            _bounds_table(result["bounds"]),
        ]
    )


def _forms_table(forms: dict[str, Any]) -> str:
    rows = [(form, f"{one['accuracy']:.2%}", interval(one), f"{one['roc_auc']:.4f}") for form, one in forms.items()]
    (examples,) = {one["examples"] for one in forms.values()}
    columns = ("Pixels, 41 merged classes, defaults", f"Accuracy on {examples:,} validation images", "95% interval")
    return markdown_table((*columns, "ROC AUC"), rows)


def _ways_table(ways: dict[str, Any]) -> str:
    rows = [(way, str(one["classes"]), *map(_accuracy, one["both"]), _points(one)) for way, one in ways.items()]
    models = (f"`{name}`" for name in CHARACTER_MODELS)
    return markdown_table(("Counted", "Classes", *models, "Margin in points, 95% interval"), rows)


def _mistakes_table(mistakes: dict[str, Any]) -> str:
    rows = []
    for name, kinds in mistakes.items():
        total = sum(kinds.values())
        rows.append((f"`{name}`", f"{total:,}", *(f"{count:,} ({count / total:.0%})" for count in kinds.values())))
    columns = ("Model", "Mistakes", "within one shape", "the same letter's other case, another shape", "all others")
    return markdown_table(columns, rows)


def _bounds_table(bounds: dict[str, Any]) -> str:
    rows = [(READERS[reader], _accuracy(one["both"][0]), _points(one)) for reader, one in bounds.items()]
    return markdown_table(("Within the shape, it", "Accuracy", "Ahead of `emnist-linear`, 95% interval"), rows)


def _accuracy(one: dict[str, Any]) -> str:
    return f"{one['accuracy']:.2%} ({interval(one)})"


def _points(one: dict[str, Any]) -> str:
    low, high = one["margin_interval"]
    return f"{100 * one['margin']:.1f} ({100 * low:.1f} – {100 * high:.1f})"


def _row(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    return (
        name,
        str(one["classes"]),
        f"{one['accuracy']:.2%}",
        interval(one),
        f"{one['roc_auc']:.4f}",
        f"{one['calibration_error']:.2%}",
        f"{one['iterations']:,}" if "iterations" in one else "",
    )


def _sentence(confusions: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['category']} read as {one['read_as']} ({one['fraction']:.0%})" for one in confusions)


def _fit_and_judge(dataset: Dataset, split: Split, merged: bool, form: str, most_iterations: int) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression

    names = [name.upper() if merged and name in MERGED_BY_EMNIST else name for name in dataset.class_names]
    kept = sorted(set(names), key=names.index)
    places = np.array([kept.index(name) for name in names])
    started = time.perf_counter()
    train = dataset.train
    regression = LogisticRegression(random_state=25, max_iter=most_iterations)
    regression.fit(FORMS[form](train.images, train.images), places[train.labels])
    logits = regression.decision_function(FORMS[form](split.images, train.images))
    figures = _figures(evaluate_logits(places[split.labels], logits, kept))
    return {**figures, "iterations": int(regression.n_iter_[0]), "seconds": time.perf_counter() - started}


def _flat(images: NDArray[Any]) -> Pixels:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _standardize(images: Images, train: Images) -> Pixels:
    fitted = _flat(train)
    scale = fitted.std(axis=0)
    return (_flat(images) - fitted.mean(axis=0)) / np.where(scale > 0, scale, np.float32(1))


def _blur(sigma: float) -> Callable[[Images, Images], Pixels]:
    def form(images: Images, _: Images) -> Pixels:
        return _flat(ndimage.gaussian_filter(images.astype(np.float32), (0, sigma, sigma, 0)))

    return form


def _figures(evaluation: Evaluation) -> dict[str, Any]:
    figures = evaluation.to_dict()
    kept = ("examples", "accuracy", "accuracy_interval", "loss", "roc_auc", "calibration_error", "top_confusions")
    tested = int((np.array(figures["confusion_matrix"]).sum(axis=1) > 0).sum())
    return {"classes": tested, **{name: figures[name] for name in kept}}


# Each makes a matrix of images, given the training images too.
FORMS: dict[str, Callable[[Images, Images], Pixels]] = {
    AS_THEY_ARE: lambda images, _: _flat(images),
    "0–255 instead of 0–1": lambda images, _: 255 * _flat(images),
    "standardized": _standardize,
    **{f"blurred, σ = {sigma} pixels": _blur(sigma) for sigma in BLURS},
    UPRIGHT: lambda images, _: _flat(normalize_pixels(images, "mnist-deskew@1")),
}
