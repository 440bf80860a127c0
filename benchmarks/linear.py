"""The recipe ``mnist-linear`` trains in a fifth of the time of scikit-learn's L-BFGS, and reads as many digits.

Both train in this process, by turns, on the same upright images, with one thread for linear algebra; scikit-learn's
``LogisticRegression`` with its defaults. Time is that of the processor, since the machine may be doing other work;
reading and shearing the images is not part of it.
"""

import time
from dataclasses import replace
from typing import Any

from benchmarks import spread
from rabisco import data
from rabisco.data.dataset import Dataset
from rabisco.evaluation.tables import markdown_table
from rabisco.models import create_model
from rabisco.models.backend import start_keras
from rabisco.recipes import get_recipe
from rabisco.recipes.material import normalized
from rabisco.training import train
from rabisco.training.linear import scaled

ROUNDS = 3
TITLES = {"lbfgs": "scikit-learn's L-BFGS, 100 iterations", "recipe": "Recipe `mnist-linear`"}


def run() -> dict[str, Any]:
    """Train both, by turns."""
    start_keras()
    recipe = get_recipe("mnist-linear")
    dataset = normalized(data.load(recipe.dataset), recipe.normalizer)
    rounds: dict[str, list[dict[str, float]]] = {"lbfgs": [], "recipe": []}
    for seed in range(ROUNDS):
        rounds["lbfgs"].append(_lbfgs(dataset, seed))
        model = create_model(recipe.architecture, dataset.image_shape, dataset.num_classes)
        started = time.process_time()
        train(model, dataset, replace(recipe.configuration, seed=seed))
        spent = time.process_time() - started
        kernel, bias = model.get_weights()
        right = (scaled(dataset.test.images) @ kernel + bias).argmax(axis=1) == dataset.test.labels
        rounds["recipe"].append({"seconds": spent, "accuracy": float(right.mean())})
    return {
        "n": ROUNDS,
        "epochs": recipe.configuration.epochs,
        **{way: {name: spread([one[name] for one in each]) for name in each[0]} for way, each in rounds.items()},
        "ratio": spread(
            [ours["seconds"] / its["seconds"] for ours, its in zip(rounds["recipe"], rounds["lbfgs"], strict=True)]
        ),
    }


def table(result: dict[str, Any]) -> str:
    """Return time and accuracy of both as a Markdown table."""
    rows = [
        (title, f"{result[way]['seconds']['median']:.2f} s", f"{result[way]['accuracy']['mean']:.2%}")
        for way, title in TITLES.items()
    ]
    text = markdown_table(("Linear model on MNIST", "Processor time, median", "Test accuracy, mean"), rows)
    low, high = result["ratio"]["min"], result["ratio"]["max"]
    return f"{text}\n\nRatio {result['ratio']['median']:.2f} ({low:.2f} to {high:.2f} in {result['n']} rounds)."


def _lbfgs(dataset: Dataset, seed: int) -> dict[str, float]:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    regression = LogisticRegression(random_state=seed)
    pixels = scaled(dataset.train.images)
    started = time.process_time()
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(pixels, dataset.train.labels)
    seconds = time.process_time() - started
    return {"seconds": seconds, "accuracy": float(regression.score(scaled(dataset.test.images), dataset.test.labels))}
