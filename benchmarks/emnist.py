"""The CNN reads EMNIST's letters and digits at least 25 points better than logistic regression with its defaults.

The 10,597 test images of the part of EMNIST at hand (52 of 62 characters; none that resembles an image of MNIST's
test set), read by the two bundled models. ``emnist-cnn`` knows all 62 characters and may answer in vain one that the
images lack; ``emnist-linear`` is scikit-learn's ``LogisticRegression(random_state=25)`` on raw pixels, fitted on the
same 14,723 images, 52 classes. Below them are its variants: iterated to convergence, with the classes merged that
EMNIST's authors merge (capital and small letters of one shape; 41 of their 47 are at hand), and with the characters
stood upright first. The baseline is ``emnist-linear``.
"""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import CHARACTER_MODELS, interval
from rabisco import data
from rabisco.artifacts import load_artifact
from rabisco.data.dataset import Split
from rabisco.evaluation import DatasetReader, Evaluation, evaluate, evaluate_logits
from rabisco.evaluation.tables import markdown_table
from rabisco.images import normalize_pixels
from rabisco.inference import get_predictor
from rabisco.recipes import without_empty_classes

MERGED_BY_EMNIST = frozenset("cijklmopsuvwxyz")
# name, merged classes, stood upright, iterations at most (scikit-learn's default is 100)
VARIANTS = (
    ("52 classes, to convergence", False, False, 5000),
    ("41 merged classes, defaults", True, False, 100),
    ("41 merged classes, to convergence", True, False, 5000),
    ("52 classes, defaults, upright", False, True, 100),
    ("41 merged classes, defaults, upright", True, True, 100),
)


def run() -> dict[str, Any]:
    """Judge the bundled models, then fit and judge the variants."""
    dataset = data.load("emnist-pages")
    models = {}
    for name in CHARACTER_MODELS:
        reader = DatasetReader(get_predictor(name), dataset.class_names)
        evaluation = evaluate(reader, dataset.test, reader.class_names, load_artifact(name).card.temperature)
        models[name] = _figures(evaluation)
    variants = {name: _fit_and_judge(merged, upright, most) for name, merged, upright, most in VARIANTS}
    return {"n": len(dataset.test), "models": models, "variants": variants}


def table(result: dict[str, Any]) -> str:
    """Return every model and variant as a Markdown table, the top confusions below it."""
    rows = [_row(f"`{name}`", one) for name, one in result["models"].items()]
    rows += [_row(f"regression, {name}", one) for name, one in result["variants"].items()]
    columns = ("Model", "Classes", "Accuracy", "95% interval", "ROC AUC", "Calibration error", "Iterations")
    sentences = [f"`{name}`: {_sentence(one['top_confusions'])}." for name, one in result["models"].items()]
    return "\n\n".join([markdown_table(columns, rows), "The most frequent confusions:", *sentences])


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


def _fit_and_judge(merged: bool, upright: bool, most_iterations: int) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression

    dataset = without_empty_classes(data.load("emnist-pages"))
    names = [name.upper() if merged and name in MERGED_BY_EMNIST else name for name in dataset.class_names]
    kept = sorted(set(names), key=names.index)
    places = np.array([kept.index(name) for name in names])
    started = time.perf_counter()
    regression = LogisticRegression(random_state=25, max_iter=most_iterations)
    regression.fit(_flat(dataset.train, upright), places[dataset.train.labels])
    logits = regression.decision_function(_flat(dataset.test, upright))
    figures = _figures(evaluate_logits(places[dataset.test.labels], logits, kept))
    return {**figures, "iterations": int(regression.n_iter_[0]), "seconds": time.perf_counter() - started}


def _flat(split: Split, upright: bool) -> NDArray[np.float32]:
    images = normalize_pixels(split.images, "mnist-deskew@1") if upright else split.images
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _figures(evaluation: Evaluation) -> dict[str, Any]:
    figures = evaluation.to_dict()
    kept = ("examples", "accuracy", "accuracy_interval", "loss", "roc_auc", "calibration_error", "top_confusions")
    tested = int((np.array(figures["confusion_matrix"]).sum(axis=1) > 0).sum())
    return {"classes": tested, **{name: figures[name] for name in kept}}
