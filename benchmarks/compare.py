"""The CNN reads more digits than the linear model, and the linear model is smaller, trains and reads faster.

The same 10,000 test images of MNIST for both; times are from the data set's pixels to logits, on one thread, the two
taking turns; the linear model's include standing each digit upright. Loading and memory are those of a process of its
own, which loads a model three times and reads one image. The baseline of every ratio is the first model.
"""

from typing import Any

from benchmarks import DIGIT_MODELS
from rabisco import data
from rabisco.artifacts import load_artifact
from rabisco.evaluation import Comparison, Contestant, DatasetReader, compare
from rabisco.evaluation.tables import comparison_markdown
from rabisco.inference import get_predictor
from rabisco.runs.load_cost import measure_load_cost


def run() -> dict[str, Any]:
    """Compare the bundled digit models."""
    dataset = data.load("mnist")
    readers = {name: DatasetReader(get_predictor(name), dataset.class_names) for name in DIGIT_MODELS}
    contestants = []
    for name, reader in readers.items():
        weight = measure_load_cost(name)
        taken = (weight.load_ms, weight.memory_bytes) if weight else ()
        contestants.append(Contestant.of(load_artifact(name), reader, *taken))
    comparison = compare(contestants, dataset.test, "MNIST", single_runs=1000, batched_runs=100)
    trained_on = {name: load_artifact(name).card.hardware for name in DIGIT_MODELS}
    return {"n": comparison.examples, "trained_on": trained_on, **comparison.to_dict()}


def table(result: dict[str, Any]) -> str:
    """Return the comparison as a Markdown table with the paired test below it."""
    return comparison_markdown(Comparison.from_dict(result))
