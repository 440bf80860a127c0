"""Loading and memory are really measured, and Compare and the report say them of the bundled models."""

import json
import subprocess

import pytest
from click.testing import CliRunner

from rabisco.artifacts import load_artifact
from rabisco.cli import rabisco
from rabisco.runs import load_cost
from rabisco.runs.load_cost import measure_load_cost
from rabisco.web import create_app

BUNDLED = ("mnist-cnn", "mnist-linear")


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process be started that has imported nothing."""
    monkeypatch.setattr(load_cost, "subprocess", subprocess)


@pytest.mark.slow
@pytest.mark.usefixtures("fresh")
def test_loading_a_model_takes_time_and_at_least_the_memory_of_its_weights() -> None:
    found = measure_load_cost("mnist-cnn")
    assert found
    assert found.load_ms > 0.1
    assert found.memory_bytes
    assert load_artifact("mnist-cnn").onnx_path.stat().st_size / 4 < found.memory_bytes < 500e6


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_weighs_nothing() -> None:
    assert measure_load_cost("nobody") is None


def test_compare_and_the_report_say_them_of_the_bundled_models() -> None:
    client = create_app().test_client()
    query = "model=mnist-cnn&model=mnist-linear"
    models = client.get(f"/compare?{query}").json["models"]
    costs = [one["costs"] for one in json.loads(client.get(f"/compare/report?{query}&form=json").text)["models"]]
    for found in (*models, *costs):
        assert found["load_ms"] > 0
        assert found["memory_bytes"] > 0
    for page in (f"/compare?{query}", f"/compare/report?{query}"):
        text = client.get(page, headers={"Accept": "text/html"}).text
        for name in ("Time to load", "Memory"):
            row = text[text.index(name) :].split("</tr>", 1)[0]
            assert "not measured" not in row
            assert row.count("<td") >= len(BUNDLED)


@pytest.mark.slow
def test_the_command_weighs_what_it_compares(tmp_path) -> None:
    done = CliRunner().invoke(rabisco, ["compare", "mnist-tiny", "--dataset", "digits", "--json"])
    assert done.exit_code == 0, done.output
    row = json.loads(done.stdout)["rows"][0]
    assert row["load_ms"] > 0
    assert row["memory_bytes"] > 0
