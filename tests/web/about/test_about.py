"""``/about``: the criteria of five courses, looked up on the server that is asked."""

import re
from pathlib import Path

import pytest
from benchmarks import ROOT
from flask import Flask

from rabisco import artifacts
from rabisco.settings import Settings
from rabisco.web import create_app
from rabisco.web.about.criteria import DOCUMENTS
from rabisco.web.platform.languages import LANGUAGES

CRITERIA = [criterion for document in DOCUMENTS for criterion in document.criteria]


@pytest.fixture
def app() -> Flask:
    return create_app(Settings())


def test_every_page_that_is_named_answers(app: Flask) -> None:
    client = app.test_client()
    pages = {page for criterion in CRITERIA for page in criterion.pages}
    assert len(pages) > 8
    assert [page for page in sorted(pages) if client.get(page).status_code != 200] == []


def test_every_file_that_is_named_is_in_the_repository() -> None:
    files = {file for criterion in CRITERIA for file in criterion.files}
    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []


def test_every_criterion_says_where_it_can_be_seen() -> None:
    assert [str(criterion.text) for criterion in CRITERIA if not (criterion.pages or criterion.files)] == []


def test_figures_are_those_of_the_cards(app: Flask) -> None:
    page = app.test_client().get("/about").text
    for name in ("mnist-cnn", "mnist-linear"):
        assert f"{artifacts.load_artifact(name).card.metrics['test_accuracy']:.2%}" in page
    assert f"ROC AUC {artifacts.load_artifact('emnist-linear').card.metrics['test_roc_auc']:.5f}" in page


def test_a_criterion_whose_model_is_missing_is_not_met(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = app.test_client().get("/about/report.md").text.count("| yes")
    monkeypatch.setattr("rabisco.artifacts.paths.BUNDLED_DIR", tmp_path)
    assert app.test_client().get("/about/report.md").text.count("| yes") < met - 3


def test_the_report_has_a_line_for_each_criterion_and_whole_addresses(app: Flask) -> None:
    answer = app.test_client().get("/about/report.md")
    assert answer.mimetype == "text/markdown"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = [
        line for line in answer.text.splitlines() if line.startswith("| ") and not line.startswith(("| :", "| Cr"))
    ]
    assert len(rows) == len(CRITERIA)
    assert all(line.count(" |") == 3 for line in rows)
    assert re.findall(r"<http://localhost/models/mnist-cnn>", answer.text)


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en"])
def test_page_and_report_speak_every_language(app: Flask, tag: str) -> None:
    client = app.test_client()
    english = str(CRITERIA[0].text)
    for address in ("/about", "/about/report.md"):
        text = client.get(address, headers={"Accept-Language": tag}).text
        assert english not in text
        assert "Requirements" not in text


def test_what_only_the_code_could_do_and_no_model_here_has_done_is_not_met() -> None:
    report = create_app().test_client().get("/about/report.md").text
    assert re.search(r"ResNet-18 begins with weights from ImageNet[^\n]*not yet", report)
