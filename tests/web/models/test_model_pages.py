"""The pages of models: no accuracy without its number of images, and its interval where the card has one."""

import json
import shutil
from pathlib import Path

import pytest

from rabisco import artifacts
from rabisco.web import create_app


def page(path: str, language: str = "en") -> str:
    response = create_app().test_client().get(path, headers={"Accept": "text/html", "Accept-Language": language})
    assert response.status_code == 200
    return response.text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.fixture
def card(home: Path) -> Path:
    """The card of a model that was trained here."""
    folder = home / "artifacts" / "mnist-cnn"
    shutil.copytree(artifacts.BUNDLED_DIR / "mnist-cnn", folder)
    return folder / "card.json"


def measure(card: Path, **metrics: float) -> None:
    content = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(json.dumps({**content, "metrics": metrics}), encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "95% interval: 99.42% to 99.68%"),
        ("pt", "Intervalo de 95%: de 99,42% a 99,68%"),
        ("es", "Intervalo del 95 %: de 99,42 % a 99,68 %"),
        ("fr", "Intervalle à 95 % : de 99,42 % à 99,68 %"),
        ("ru", "95%-й доверительный интервал: от 99,42 % до 99,68 %"),
    ],
)
def test_an_accuracy_has_its_interval_in_every_language(card: Path, language: str, words: str) -> None:
    measure(card, test_accuracy=0.9957, test_accuracy_low=0.99421, test_accuracy_high=0.99681)
    assert words in page("/models", language)
    assert words in page("/models/cnn", language)


def test_a_card_without_interval_shows_the_number_of_images_alone(card: Path) -> None:
    measure(card, test_accuracy=0.9957)
    text = page("/models/cnn")
    assert "99.57%" in text
    assert "n = 10,000" in text
    assert "interval:" not in text
    assert page("/models").count("interval:") == len(list(artifacts.BUNDLED_DIR.glob("*/card.json"))) - 1


def test_a_card_without_accuracy_claims_none(card: Path) -> None:
    measure(card, validation_loss=0.1)
    trust(card, [])
    assert "n =" not in page("/models/cnn")


def trust(card: Path, rows: object) -> None:
    content = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(json.dumps({**content, "reliability": rows}), encoding="utf-8")


def test_a_card_with_a_reliability_diagram_shows_it_and_says_it_in_words(card: Path) -> None:
    """By hand: (100 × |0.5 − 0.55| + 300 × |0.9 − 0.95|) / 400 = 5%; an interval without images does not count."""
    trust(
        card,
        [
            {"low": 0.9, "high": 1.0, "count": 300, "confidence": 0.95, "accuracy": 0.9},
            {"low": 0.5, "high": 0.6, "count": 100, "confidence": 0.55, "accuracy": 0.5},
            {"low": 0.0, "high": 0.1, "count": 0, "confidence": 0.0, "accuracy": 0.0},
        ],
    )
    text = page("/models/cnn")
    assert "On 400 test images, accuracy differs from the predicted probability by 5.00%" in text
    assert 'aria-label="Accuracy against probability: 55.0% → 50.0%, n = 100; 95.0% → 90.0%, n = 300"' in text
    assert '<circle cx="55.0%" cy="50.0%"' in text
    assert '<rect x="90.0%" y="0.0%" width="10.0%" height="100.0%"' in text
    assert '<rect x="50.0%" y="66.67%" width="10.0%" height="33.33%"' in text


@pytest.mark.parametrize(
    "rows", [None, [], [{"low": 0.0, "high": 1.0, "count": 0, "confidence": 0, "accuracy": 0}], [{}]]
)
def test_a_card_without_a_usable_one_shows_none(card: Path, rows: object) -> None:
    trust(card, rows)
    assert "reliability" not in page("/models/cnn")
