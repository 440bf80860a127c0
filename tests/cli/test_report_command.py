"""``--report`` writes one file in the form of its suffix; versions and one's own test set are compared, too."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.web.training import digits_csv

from rabisco import runs
from rabisco.cli import rabisco


def run(*arguments: str) -> str:
    done = CliRunner().invoke(rabisco, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A test set of one's own."""
    path = tmp_path / "mine.csv"
    path.write_bytes(digits_csv(0, 120))
    return str(path)


@pytest.mark.slow
def test_a_comparison_on_ones_own_test_set_is_reported_in_every_form(tmp_path: Path, own: str) -> None:
    report = tmp_path / "report.html"
    run("compare", "mnist-tiny@0", "linear", "--dataset", own, "--report", str(report), "--language", "fr")
    text = report.read_text(encoding="utf-8")
    assert "Évalué sur 120" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "mnist-tiny@0 et mnist-linear" in text
    assert text.count("data:image/png") > 20
    run("evaluate", "mnist-tiny", "--dataset", own, "--report", str(tmp_path / "one.json"))
    found = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    evaluated = json.loads(run("evaluate", "mnist-tiny", "--dataset", own, "--json"))
    assert found["examples"] == 120
    assert found["models"][0]["metrics"]["loss"] == evaluated["loss"]
    assert found["models"][0]["confusions"] == evaluated["confusion_matrix"]
    run("evaluate", "mnist-tiny", "--dataset", own, "--report", str(tmp_path / "one.png"))
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_run_and_its_version_are_reported_on_ones_own_test_set(tmp_path: Path, own: str) -> None:
    run("train", own, "--model", "linear", "--epochs", "2", "--name", "mine")
    (made,) = (one for one in runs.list_runs() if one.artifact == "mine")
    found = []
    for place, word in enumerate((made.id, f"mine@{made.artifact_version}")):
        report = tmp_path / f"{place}.json"
        run("evaluate", word, "--dataset", own, "--report", str(report))
        found.append(json.loads(report.read_text(encoding="utf-8")))
    assert found[0]["models"] == found[1]["models"]
    assert found[0]["examples"] == 120
    report = tmp_path / "report.html"
    run("compare", made.id, "mnist-tiny@0", "--dataset", own, "--report", str(report), "--language", "es")
    text = report.read_text(encoding="utf-8")
    assert f"mine@{made.artifact_version}" in text
    assert "mnist-tiny@0" in text
    run("compare", made.id, "mnist-tiny@0", "--dataset", own, "--report", str(tmp_path / "report.csv"))
    table = (tmp_path / "report.csv").read_text(encoding="utf-8")
    assert f"\nmine@{made.artifact_version},figures,accuracy," in table


def test_a_suffix_that_names_no_form_is_refused(tmp_path: Path, own: str) -> None:
    report = str(tmp_path / "report.docx")
    done = CliRunner().invoke(rabisco, ["evaluate", "mnist-linear", "--dataset", own, "--report", report])
    assert done.exit_code != 0
    assert ".html" in str(done.exception or done.output)
