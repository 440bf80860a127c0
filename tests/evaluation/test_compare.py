"""Comparisons: the table of several models on the same images."""

import io
import json
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from rabisco.data.bundled import read_counts
from rabisco.data.dataset import Split
from rabisco.errors import InvalidConfigurationError
from rabisco.evaluation import Comparison, Contestant, compare
from rabisco.evaluation.compare import Pair, time_interleaved
from rabisco.evaluation.metrics import evaluate_logits
from rabisco.evaluation.tables import class_table, comparison_markdown, comparison_table, error_bar


class Template:
    """A linear reader: the logits are products of the pixels with one mean image per class."""

    def __init__(self, split: Split, pixels_used: int, delay: float = 0.0) -> None:
        self.order: list[int] = []
        flat = split.images.reshape(len(split), -1).astype(np.float64)
        self.weights = np.stack([flat[split.labels == index].mean(axis=0) for index in range(10)], axis=1)
        self.bias = -0.5 * (self.weights**2).sum(axis=0)
        self.weights[pixels_used:] = 0.0
        self.delay = delay

    def logits(self, images):
        time.sleep(self.delay)
        return (images.reshape(len(images), -1) @ self.weights + self.bias).astype(np.float32)


@pytest.fixture(scope="module")
def split():
    counts, labels = read_counts()
    return Split((counts * 15).astype(np.uint8)[..., np.newaxis], labels)


def contestant(name, reader):
    return Contestant(name, reader, training_seconds=12.5, parameters=650, weights_bytes=20_000, onnx_bytes=3_000)


@pytest.fixture(scope="module")
def comparison(split):
    good, poor = contestant("good", Template(split, 64)), contestant("poor", Template(split, 24))
    return compare([good, poor], split, "digits", single_runs=20, batched_runs=5)


def test_a_comparison_holds_one_row_per_model_and_one_test_per_pair(comparison):
    assert [row.name for row in comparison.rows] == ["good", "poor"]
    assert [(pair.first, pair.second) for pair in comparison.pairs] == [("good", "poor")]
    good, poor = comparison.rows
    assert good.accuracy > poor.accuracy
    assert good.accuracy_interval[0] < good.accuracy < good.accuracy_interval[1]
    assert good.single.ratio == good.batched.ratio == 1.0


def test_the_pair_accounts_for_the_whole_difference(comparison, split):
    (pair,) = comparison.pairs
    good, poor = comparison.rows
    assert pair.only_first - pair.only_second == round((good.accuracy - poor.accuracy) * len(split))
    assert pair.p_value < 0.001


def test_slower_model_has_the_greater_ratio(split):
    quick, slow = time_interleaved([Template(split, 64), Template(split, 64, 0.01)], split.images, 1, 10)
    assert quick.ratio == 1.0 < slow.ratio
    assert slow.ratio == pytest.approx(slow.median_ms / quick.median_ms)
    assert 10 <= slow.median_ms <= slow.p95_ms


def test_models_are_timed_in_turns(split):
    turns: list[str] = []

    class Named:
        def __init__(self, name):
            self.name = name

        def logits(self, images):
            turns.append(self.name)
            return np.zeros((len(images), 10), dtype=np.float32)

    time_interleaved([Named("a"), Named("b")], split.images, 4, 20)
    assert turns == ["a", "b"] * 22


def test_time_is_given_per_image(split):
    (latency,) = time_interleaved([Template(split, 64, 0.01)], split.images, 100, 3)
    assert 0.1 <= latency.median_ms < 10.0  # the batch of 100 takes at least 10


def test_a_comparison_survives_json(comparison):
    assert Comparison.from_dict(json.loads(json.dumps(comparison.to_dict()))) == comparison


def test_a_comparison_is_shown_with_error_bars(comparison):
    console = Console(width=220, file=io.StringIO())
    console.print(comparison_table(comparison))
    shown = console.file.getvalue()
    assert "├" in shown
    assert f"{comparison.rows[0].accuracy:.2%}" in shown
    assert "McNemar" in shown


def test_a_comparison_in_markdown_has_every_model_and_the_test(comparison):
    text = comparison_markdown(comparison)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 12  # multiply-adds, loading and memory were not measured
    assert {line.count("|") for line in rows} == {2 + len(comparison.rows)}
    assert "p < 0.0001, they differ" in text


def test_error_bar_marks_value_and_interval():
    assert error_bar(0.5, (0.0, 1.0), 0.0, 1.0, width=5) == "├─●─┤"
    assert error_bar(0.0, (0.0, 0.25), 0.0, 1.0, width=5) == "●┤   "
    assert error_bar(1.0, (1.0, 1.0), 1.0, 1.0, width=5)[0] == "●"


def test_a_contestant_is_made_of_an_artifact_and_its_reader(tmp_path: Path, split):
    weights, onnx = tmp_path / "pesos.h5", tmp_path / "model.onnx"
    weights.write_bytes(b"x" * 11)
    onnx.write_bytes(b"x" * 7)
    card = SimpleNamespace(training_seconds=3.0, parameters=4, multiply_adds=5)
    artifact = SimpleNamespace(name="m", card=card, weights_path=weights, onnx_path=onnx)
    made = Contestant.of(artifact, Template(split, 64), 6.5, 8)
    assert (made.name, made.training_seconds, made.parameters) == ("m", 3.0, 4)
    assert (made.multiply_adds, made.load_ms, made.memory_bytes) == (5, 6.5, 8)
    assert (made.weights_bytes, made.onnx_bytes) == (11, 7)


def test_class_table_has_a_row_per_class(split):
    evaluation = evaluate_logits(split.labels, Template(split, 64).logits(split.images))
    assert class_table(evaluation).row_count == 10


def test_no_model_is_refused(split):
    with pytest.raises(InvalidConfigurationError, match="at least one model"):
        compare([], split)


def test_the_paired_difference_is_bonett_and_prices() -> None:
    pair = Pair(first="a", second="b", only_first=132, only_second=107, p_value=0.12)
    middle, low, high = pair.difference(1144)
    assert middle == pytest.approx(25 / 1144)
    first, second, total = 133 / 1146, 108 / 1146, 1146
    half = 1.959964 * ((first + second - (first - second) ** 2) / total) ** 0.5
    assert (low, high) == pytest.approx((first - second - half, first - second + half))
    assert low < 0 < high


def test_a_difference_stays_within_what_is_possible() -> None:
    assert Pair(first="a", second="b", only_first=1, only_second=0, p_value=1).difference(1)[2] <= 1
    assert Pair(first="a", second="b", only_first=0, only_second=0, p_value=1).difference(9)[0] == 0
