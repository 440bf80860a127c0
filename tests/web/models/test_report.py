"""A report is one file that asks for nothing, in the reader's language, and says what the cards say."""

import csv
import io
import json
import re

import pytest

from rabisco.artifacts import load_artifact, save_again
from rabisco.web import create_app


def download(form: str, query: str = "model=cnn&model=linear", language: str = "en") -> str:
    client = create_app().test_client()
    answer = client.get(f"/compare/report?{query}&form={form}", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert f".{form}" in answer.headers["Content-Disposition"]
    return answer.text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_the_page_holds_everything_and_asks_for_nothing() -> None:
    text = download("html")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)
    assert "url(" not in text
    assert "<script" not in text
    metrics = load_artifact("mnist-cnn").card.metrics
    for figure in (f"{metrics['test_accuracy']:.2%}", f"{metrics['test_loss']:.4f}", f"{metrics['test_brier']:.4f}"):
        assert figure in text
    for section in (
        "Side by side",
        "Confusion matrix",
        "Misread, most confident first",
        "Robustness",
        "How they learned",
    ):
        assert section in text
    assert text.count("data:image/png") > 20
    assert "McNemar" in text


@pytest.mark.parametrize(
    ("language", "words"),
    [("pt", "Matriz de confusão"), ("es", "Matriz de confusión"), ("fr", "Matrice de confusion"), ("ru", "Матрица")],
)
def test_it_is_in_the_readers_language(language: str, words: str) -> None:
    text = download("html", language=language)
    assert words in text
    assert "99,68" in text


def test_json_and_csv_have_the_figures_of_the_cards() -> None:
    cards = {name: load_artifact(name).card for name in ("mnist-cnn", "mnist-linear")}
    told = {one["name"]: one for one in json.loads(download("json"))["models"]}
    rows = {
        (row["model"], row["part"], row["name"]): row["value"] for row in csv.DictReader(io.StringIO(download("csv")))
    }
    for name, card in cards.items():
        assert told[name]["metrics"]["accuracy"] == card.metrics["test_accuracy"]
        assert told[name]["confusions"] == card.confusions
        assert float(rows[name, "figures", "roc_auc"]) == card.metrics["test_roc_auc"]
        support = sum(card.confusions[3])
        assert float(rows[name, "class 3", "recall"]) == pytest.approx(card.confusions[3][3] / support)


def test_the_picture_is_svg_that_stands_alone() -> None:
    text = download("svg")
    assert text.startswith("<svg xmlns=")
    assert "class=" not in text
    assert ">mnist-linear<" in text


def test_two_versions_of_one_model_stand_beside_each_other() -> None:
    artifact = load_artifact("mnist-tiny")
    save_again(artifact, artifact.card.model_copy(update={"training_seconds": 86_400.0}))
    text = download("html", "model=mnist-tiny@0&model=mnist-tiny@1")
    assert "mnist-tiny@0 and mnist-tiny@1" in text
    assert "1,440 minutes" in text
    client = create_app().test_client()
    page = client.get("/compare?model=mnist-tiny@0&model=mnist-tiny@1", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Measure both" in page.text
    assert client.get("/models/mnist-tiny@0", headers={"Accept": "text/html"}).status_code == 200
    assert client.get("/models/mnist-tiny@7").status_code == 404


def test_an_unknown_form_is_refused() -> None:
    assert create_app().test_client().get("/compare/report?form=docx").status_code == 400
