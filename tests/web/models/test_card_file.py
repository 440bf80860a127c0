"""A model's card as a file for a hub: its front matter is YAML, its figures are the card's, its words the reader's."""

import pytest
import yaml
from tests.web.serving import Server, problem_of

from rabisco.artifacts import load_artifact


@pytest.mark.parametrize("name", ["mnist-cnn", "mnist-linear", "cifar10-cnn"])
def test_the_front_matter_names_data_and_figures(server: Server, name: str) -> None:
    answer = server.get(f"/models/{name}/card.md?version=0")
    assert answer.headers["Content-Type"].startswith("text/markdown")
    _, head, text = answer.text.split("---\n", 2)
    card, said = load_artifact(name).card, yaml.safe_load(head)
    assert (said["library_name"], said["datasets"]) == ("keras", [card.dataset.name])
    (result,) = said["model-index"][0]["results"]
    figures = {one["type"]: one["value"] for one in result["metrics"]}
    names = {"accuracy": "accuracy", "f1": "macro_f1", "roc_auc": "roc_auc"}
    assert figures == {name: card.metrics[f"test_{ours}"] for name, ours in names.items()}
    assert said["metrics"] == [*names]
    assert said["license"] == "mit"
    assert f"| {card.multiply_adds:,} |" in text
    assert f"{card.metrics['test_accuracy']:.2%}" in text
    assert f'get_predictor("{name}")' in text


def test_it_is_in_the_readers_language(server: Server) -> None:
    texts = {
        language: server.get("/models/mnist-cnn/card.md", headers={"Accept-Language": language}).text
        for language in ("en", "pt", "es", "fr", "ru")
    }
    headings = {language: text.partition("## ")[2].partition("\n")[0] for language, text in texts.items()}
    assert headings["en"] == "Uses and limits"
    assert len(set(headings.values())) == 5


def test_a_model_or_version_that_is_not_there_is_404(server: Server) -> None:
    for path in ("/models/nobody/card.md", "/models/mnist-cnn/card.md?version=99"):
        assert problem_of(server.get(path))["status"] == 404
