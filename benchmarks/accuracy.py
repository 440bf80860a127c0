"""The digit models read MNIST's test images: the CNN 99.65%, the tiny one 99.3%, the linear 95% at least.

All 10,000. Deterministic: no image is drawn, none left out. The test set took no part in training or in any choice.
The baseline is the linear model, in the same table. The pixels are those of the data set, so nothing is said here of
drawings; for those see ``canvas``.
"""

from typing import Any

from benchmarks import DIGIT_MODELS, TINY_MODEL, interval
from rabisco import data
from rabisco.artifacts import load_artifact
from rabisco.evaluation import DatasetReader, evaluate
from rabisco.evaluation.tables import markdown_table
from rabisco.inference import get_predictor


def run() -> dict[str, Any]:
    """Evaluate each model on the test split."""
    dataset = data.load("mnist")
    models = {}
    for name in (*DIGIT_MODELS, TINY_MODEL):
        artifact, reader = load_artifact(name), DatasetReader(get_predictor(name), dataset.class_names)
        evaluation = evaluate(reader, dataset.test, dataset.class_names, artifact.card.temperature)
        models[name] = {
            "parameters": artifact.card.parameters,
            "weights_bytes": artifact.weights_path.stat().st_size,
            **evaluation.to_dict(),
        }
    return {"n": len(dataset.test), "models": models}


def table(result: dict[str, Any]) -> str:
    """Return the figures of each model as a Markdown table."""
    columns = ("Model", "Accuracy", "95% interval", "Mistakes", "ROC AUC", "Calibration error", "Weights", "pesos.h5")
    rows = [
        (
            f"`{name}`",
            f"{one['accuracy']:.2%}",
            interval(one),
            f"{round((1 - one['accuracy']) * one['examples'])} of {one['examples']:,}",
            f"{one['roc_auc']:.5f}",
            f"{one['calibration_error']:.2%}",
            f"{one['parameters']:,}",
            f"{one['weights_bytes'] / 1000:,.0f} kB",
        )
        for name, one in result["models"].items()
    ]
    return markdown_table(columns, rows)
