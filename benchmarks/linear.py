"""A linear model trains in a ninth of the time of scikit-learn's L-BFGS, and reads as many digits.

``QUICK`` is that training; the recipe ``mnist-linear`` is that of the bundled model, which takes longer. All train
in this process, by turns, on the same upright images, with one thread for linear algebra; scikit-learn's
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
from rabisco.training import TrainingConfiguration, train
from rabisco.training.linear import scaled

ROUNDS = 3
QUICK = {"epochs": 8, "batch_size": 256, "learning_rate": 0.01}
TITLES = {
    "lbfgs": "scikit-learn's L-BFGS, 100 iterations",
    "quick": "8 epochs, batches of 256, learning rate 0.01",
    "recipe": "Recipe `mnist-linear`: 20 epochs, batches of 128",
}


def run() -> dict[str, Any]:
    """Train all, by turns."""
    start_keras()
    recipe = get_recipe("mnist-linear")
    dataset = normalized(data.load(recipe.dataset), recipe.normalizer)
    rounds: dict[str, list[dict[str, float]]] = {way: [] for way in TITLES}
    for seed in range(ROUNDS):
        usual = replace(recipe.configuration, seed=seed)
        rounds["lbfgs"].append(_lbfgs(dataset, seed))
        rounds["quick"].append(_train(dataset, replace(usual, **QUICK)))
        rounds["recipe"].append(_train(dataset, usual))
    baseline = [one["seconds"] for one in rounds["lbfgs"]]
    return {
        "n": ROUNDS,
        **{
            way: {
                **{name: spread([one[name] for one in each]) for name in ("seconds", "accuracy")},
                "ratio": spread([one["seconds"] / its for one, its in zip(each, baseline, strict=True)]),
            }
            for way, each in rounds.items()
        },
    }


def table(result: dict[str, Any]) -> str:
    """Return time and accuracy of all as a Markdown table."""
    rows = [
        (
            title,
            f"{result[way]['seconds']['median']:.2f} s",
            f"{result[way]['ratio']['median']:.2f} ×",
            f"{result[way]['accuracy']['mean']:.2%}",
        )
        for way, title in TITLES.items()
    ]
    return markdown_table(("Linear model on MNIST", "Processor time, median", "Ratio", "Test accuracy, mean"), rows)


def _train(dataset: Dataset, configuration: TrainingConfiguration) -> dict[str, float]:
    model = create_model("linear", dataset.image_shape, dataset.num_classes)
    started = time.process_time()
    train(model, dataset, configuration)
    spent = time.process_time() - started
    kernel, bias = model.get_weights()
    right = (scaled(dataset.test.images) @ kernel + bias).argmax(axis=1) == dataset.test.labels
    return {"seconds": spent, "accuracy": float(right.mean())}


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
