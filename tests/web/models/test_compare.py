"""The comparison of models: figures of cards and committed results, and nothing that was not measured."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.web.serving import copy_model

from rabisco.artifacts import load_artifact
from rabisco.evaluation import Comparison
from rabisco.evaluation.robustness import Robustness
from rabisco.web import create_app
from rabisco.web.models.charts import axis
from rabisco.web.models.compared import RESULTS_DIR, is_of

BROWSER = {"Accept": "text/html"}
DIGITS = ("mnist-cnn", "mnist-linear")


@pytest.fixture
def client(home: Path) -> FlaskClient:
    """A client of an application with a third model, of which nothing was measured beyond its card."""
    copy_model(home, "mine")
    return create_app().test_client()


def page(client: FlaskClient, query: str, language: str = "en") -> str:
    response = client.get(f"/compare{query}", headers={**BROWSER, "Accept-Language": language})
    assert response.status_code == 200
    return response.text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def compared(page: str) -> list[str]:
    return re.findall(r'data-model="([^"]+)"', page)


def test_the_address_chooses_the_models_and_their_order(client: FlaskClient) -> None:
    assert compared(page(client, "")) == list(DIGITS)
    assert compared(page(client, "?model=linear&model=mine")) == ["mnist-linear", "mine"]
    assert compared(page(client, "?model=mine&model=mine&model=cnn")) == ["mine", "mnist-cnn"]
    assert re.findall(r'name="model" value="([^"]+)" checked', page(client, "?model=mine&model=cnn")) == [
        "mine",
        "mnist-cnn",
    ]


def test_one_model_alone_asks_for_a_second(client: FlaskClient) -> None:
    text = page(client, "?model=mine")
    assert "Choose a second one" in text
    assert "Is the difference significant?" not in text


def test_more_than_four_are_cut_off_and_said_to_be(home: Path) -> None:
    for name in ("a", "b", "c"):
        copy_model(home, name)
    text = page(create_app().test_client(), "?model=a&model=b&model=c&model=cnn&model=linear")
    assert compared(text) == ["a", "b", "c", "mnist-cnn"]
    assert "Only the first 4 chosen are shown." in text


def test_a_model_that_is_not_there_is_said_not_to_be(client: FlaskClient) -> None:
    assert client.get("/compare?model=nobody", headers=BROWSER).status_code == 404
    assert client.get("/compare?model=nobody").json["type"] == "urn:rabisco:problem:model-not-found"


def test_programs_get_the_figures_of_the_cards_and_null_for_what_was_not_measured(client: FlaskClient) -> None:
    answer = client.get("/compare?model=mine&model=linear").json
    mine, linear = answer["models"]
    metrics = load_artifact("mnist-linear").card.metrics
    assert linear["accuracy"] == metrics["test_accuracy"]
    assert linear["roc_auc"] == metrics["test_roc_auc"]
    assert mine["inference_ms"] is None
    assert mine["corrupted_accuracy"] is None
    assert answer["pairs"] == []


def test_what_was_not_measured_is_said_and_how_to_measure_it(client: FlaskClient) -> None:
    text = page(client, "?model=mine&model=linear")
    assert text.count("not measured") >= 3
    assert "Measure both on the same images" in text


def test_models_of_other_classes_are_not_told_to_be_compared(client: FlaskClient, home: Path) -> None:
    path = home / "artifacts" / "mine" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**card, "class_names": list("ABCDEFGHIJ")}), encoding="utf-8")
    text = page(client, "?model=mine&model=linear")
    assert "They have no class in common" in text
    assert "Measure both" not in text


def result(dataset: str) -> dict[str, Any]:
    """Return what came of a measurement of two models."""
    artifact, other = load_artifact("mine"), load_artifact("mnist-linear")
    timing = {"median_ms": 0.5, "p95_ms": 0.6, "ratio": 1.0, "runs": 300}
    rows = [
        {
            "name": one.name,
            "training_seconds": one.card.training_seconds,
            "accuracy": 0.95,
            "accuracy_interval": [0.9, 0.98],
            "parameters": one.card.parameters,
            "weights_bytes": one.weights_path.stat().st_size,
            "onnx_bytes": one.onnx_path.stat().st_size,
            "single": timing,
            "batched": timing,
        }
        for one in (artifact, other)
    ]
    pair = {"first": "mnist-linear", "second": "mine", "only_first": 3, "only_second": 5, "p_value": 0.7266}
    return {"dataset": dataset, "examples": 100, "batch_size": 128, "rows": rows, "pairs": [pair]}


def test_a_comparison_made_here_is_shown_until_the_model_is_trained_again(client: FlaskClient, home: Path) -> None:
    told = result("mnist, test split")
    (home / "comparison.json").write_text(json.dumps(told), encoding="utf-8")
    text = page(client, "?model=mine&model=linear")
    assert "p = 0.7266" in text
    assert "No clear winner between mine and mnist-linear: 95.00% accuracy against 95.00% on the same" in text
    assert "0.5 ms" in text
    assert "saw some of these uploaded images" not in text
    told["rows"][0]["training_seconds"] = 1.0
    (home / "comparison.json").write_text(json.dumps(told), encoding="utf-8")
    assert "p = 0.7266" not in page(client, "?model=mine&model=linear")


@pytest.mark.parametrize(("dataset", "warned"), [("mine.csv", True), ("digits", False)])
def test_images_of_an_upload_carry_a_warning(client: FlaskClient, home: Path, dataset: str, warned: bool) -> None:
    (home / "comparisons").mkdir()
    (home / "comparisons" / "0123.result.json").write_text(json.dumps(result(dataset)), encoding="utf-8")
    text = page(client, "?model=mine&model=linear")
    assert "No clear winner" in text
    assert ("saw some of these uploaded images in training" in text) == warned


@pytest.mark.parametrize("content", ["", "[]", '{"rows": 3}', "\xff"])
def test_a_damaged_comparison_is_left_aside(client: FlaskClient, home: Path, content: str) -> None:
    (home / "comparison.json").write_text(content, encoding="latin-1")
    assert compared(page(client, "?model=mine&model=linear")) == ["mine", "mnist-linear"]


def test_committed_results_are_shown_only_of_the_models_that_they_are_of() -> None:
    client = create_app().test_client()
    answer = {model["name"]: model for model in client.get("/compare").json["models"]}
    comparison = Comparison.read(RESULTS_DIR / "compare.json")
    assert comparison
    for row in comparison.rows:
        if is_of(row, load_artifact(row.name)):
            assert answer[row.name]["inference_ms"] == row.single.median_ms
        else:
            assert answer[row.name]["inference_ms"] is None
    assert {row.name for row in comparison.rows} == set(DIGITS)


@pytest.mark.parametrize("language", ["pt", "es", "fr", "ru"])
def test_figures_are_written_as_the_language_writes_them(language: str) -> None:
    text = page(create_app().test_client(), "", language)
    accuracy = load_artifact("mnist-linear").card.metrics["test_accuracy"]
    assert re.search(f"{accuracy * 100:.2f}".replace(".", ",") + " ?%", text)
    assert f"{accuracy:.2%}" not in text


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.9223, 0.9969], (0.92, 0.94, 0.96, 0.98, 1.0)),
        ([0.995, 0.995], (0.995, 0.9951)),
        ([1.0], (0.9999, 1.0)),
        ([0.0, 1.0], (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    ],
)
def test_an_axis_has_round_marks_around_its_values(values: list[float], ticks: tuple[float, ...]) -> None:
    found = axis(values)
    assert found
    assert found.ticks == pytest.approx(ticks)
    assert all(0 <= found.place(value) <= 100 for value in values)


def test_robustness_of_the_package_can_be_read() -> None:
    models = Robustness.read_all(RESULTS_DIR / "robustness.json")
    assert min(one.examples for one in models.values()) >= 10_000
