"""What ``docs/extending.md`` shows: each thing is added in one place, and works."""

import gzip
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from jinja2 import ChoiceLoader, DictLoader
from sklearn.metrics import top_k_accuracy_score
from tests.drawing import digit_dataset

from rabisco import data, models
from rabisco.data.catalog import CATALOG
from rabisco.errors import InvalidConfigurationError
from rabisco.models import registry
from rabisco.recipes import recipe_names, table
from rabisco.runs import RunRequest
from rabisco.runs.resolving import check
from rabisco.settings import get_settings
from rabisco.training import TrainingConfiguration, train
from rabisco.web import create_app
from rabisco.web.platform import routing

PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
ARCHITECTURE, DATA_SET, RECIPE, METRIC, ROUTE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def shallow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's architecture as one more file of the package."""
    (tmp_path / "shallow.py").write_text(ARCHITECTURE, encoding="utf-8")
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    registry._architectures.cache_clear()
    yield
    sys.modules.pop("rabisco.models.shallow", None)
    registry._architectures.cache_clear()


def run(code: str) -> Any:
    module = ModuleType("example")
    exec(code, vars(module))
    return module


def test_a_file_is_all_it_takes_for_an_architecture_to_be_chosen(shallow: None) -> None:
    assert models.choices("grey")["shallow"].summary == "Shallow network: one convolution, fast"
    asked = {"data": {"catalog": "digits"}, "artifact": "mine", "architecture": "shallow"}
    recipe = check(RunRequest.parse(asked))
    assert recipe.architecture == "shallow"
    assert recipe.configuration == models.get_architecture("shallow").usual("grey")
    with pytest.raises(InvalidConfigurationError, match="shallow"):  # an unknown one is answered with them all
        models.create_model("nobody", (28, 28, 1), 10)


@pytest.mark.training
def test_and_to_be_trained(shallow: None) -> None:
    digits = digit_dataset(300)
    model = models.create_model("shallow", digits.image_shape, 10)
    result = train(model, digits, TrainingConfiguration(epochs=4, batch_size=32))
    assert result.history[-1]["validation_accuracy"] > 0.5


def test_an_entry_is_all_it_takes_for_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = run(DATA_SET).ENTRY
    monkeypatch.setitem(CATALOG, entry.name, entry)
    monkeypatch.setenv("RABISCO_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    labels = np.arange(47, dtype=np.uint8) % 10
    images = np.repeat(labels * 20, 28 * 28).reshape(-1, 28, 28).astype(np.uint8)
    for file in entry.files:
        array = images if "images" in file.name else labels
        head = (0x0800 | array.ndim, *array.shape)
        path = tmp_path / file.places[0]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(np.array(head, ">u4").tobytes() + array.tobytes()))
    dataset = data.load("numerals")
    assert (len(dataset.train) + len(dataset.validation), len(dataset.test)) == (47, 47)
    assert (dataset.test.images[:, 0, 0, 0] == dataset.test.labels * 20).all()
    assert check(RunRequest.parse({"data": {"catalog": "numerals"}, "artifact": "mine"})).normalizer == "mnist@1"
    get_settings.cache_clear()


def test_an_entry_is_all_it_takes_for_a_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = run(RECIPE).RECIPE
    monkeypatch.setattr(table, "_RECIPES", (*table._RECIPES, recipe))
    assert "digits-tiny" in recipe_names()
    asked = {"data": {"recipe": "digits-tiny"}, "artifact": "mine"}
    assert check(RunRequest.parse(asked)).architecture == "cnn-tiny"


def test_the_metric_is_scikit_learns() -> None:
    random = np.random.default_rng(0)
    labels, logits = random.integers(0, 10, 500), random.normal(size=(500, 10))
    found = run(METRIC).top_k_accuracy(labels, logits, 3)
    assert found == pytest.approx(top_k_accuracy_score(labels, logits, k=3), abs=1e-9)


def test_a_view_is_all_it_takes_for_a_page_and_a_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "ROUTES", dict(routing.ROUTES))
    app = create_app()
    app.register_blueprint(run(ROUTE).blueprint)
    app.jinja_loader = ChoiceLoader(
        [DictLoader({"counts.html": "<p>{{ counted.models }} models</p>"}), app.jinja_loader]
    )
    client = app.test_client()
    counted = client.get("/counts").json
    assert counted is not None
    assert counted["models"] > client.get("/counts?start=emnist").json["models"] > 0
    assert client.get("/counts?begin=emnist").status_code == 422
    page = client.get("/counts", headers={"Accept": "text/html"})
    assert page.text == f"<p>{counted['models']} models</p>"
    assert routing.ROUTES["GET", "/counts"].operation == "count_models"
