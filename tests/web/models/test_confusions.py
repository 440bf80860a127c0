"""What a model mistakes for what, on its page: in words, as a picture and as a table; or nothing."""

import json
import string
from pathlib import Path

import pytest
from tests.web.serving import copy_model

from rabisco.artifacts import load_artifact
from rabisco.characters import alike, alike_among
from rabisco.web import create_app
from rabisco.web.models.confusions import Confusions, confusions_of

CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def page(home: Path, classes: str, confusions: object, language: str = "en") -> str:
    """Return the page of a model whose card has these classes and confusions."""
    copy_model(home, "mine")
    path = home / "artifacts" / "mine" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    given = {**card, "class_names": list(classes), "confusions": confusions}
    path.write_text(json.dumps(given), encoding="utf-8")
    response = (
        create_app().test_client().get("/models/mine", headers={"Accept": "text/html", "Accept-Language": language})
    )
    assert response.status_code == 200
    return response.text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def diagonal(size: int) -> list[list[int]]:
    return [[100 if row == column else 0 for column in range(size)] for row in range(size)]


def test_the_commonest_mistakes_are_named_with_their_share(home: Path) -> None:
    counts = diagonal(10)
    counts[4][9], counts[7][1] = 12, 1
    text = page(home, string.digits, counts)
    assert "4 read as 9: 12 times, 10.7% of all 4" in text
    assert "7 read as 1: 1 time, 1.0% of all 7" in text
    assert text.index("4 read as 9") < text.index("7 read as 1")
    assert "no reader can tell" not in text


@pytest.mark.parametrize(
    ("language", "words"),
    [("pt", "12 vezes, 10,7%"), ("es", "12 veces, 10,7 %"), ("fr", "12 fois, 10,7 %"), ("ru", "12 раз, 10,7 %")],
)
def test_they_are_named_in_every_language(home: Path, language: str, words: str) -> None:
    counts = diagonal(10)
    counts[4][9] = 12
    assert words in page(home, string.digits, counts, language)


@pytest.mark.parametrize(("language", "count"), [("en", "1,135"), ("pt", "1.135"), ("fr", "1 135"), ("ru", "1 135")])
def test_the_numbers_in_the_cells_have_the_languages_separators(home: Path, language: str, count: str) -> None:
    counts = diagonal(10)
    counts[1][1] = 1135
    text = page(home, string.digits, counts, language)
    assert f">{count}</text>" in text
    assert f"<b>{count}</b>" in text


def test_sixty_two_classes_have_a_picture_a_table_and_their_look_alikes(home: Path) -> None:
    counts = diagonal(62)
    zero, letter = CHARACTERS.index("0"), CHARACTERS.index("O")
    counts[zero][letter] = 60
    text = page(home, CHARACTERS, counts)
    assert '<svg class="matrix many"' in text
    assert text.count('class="right"') == 62
    assert text.count('class="wrong"') == 1
    assert text.split('id="each-class"')[0].count('<th scope="col">') == 62
    assert "<li>0Oo</li>" in text
    assert "<li>1Il</li>" in text
    assert "no reader can tell these apart" in text
    assert "100.0% of the test images are read right" in text


@pytest.mark.parametrize("counts", [None, [], [[1]], [[1, 2], [3]]])
def test_a_card_without_a_matrix_of_its_classes_shows_none(home: Path, counts: object) -> None:
    text = page(home, string.digits, counts)
    assert "What it mistakes" not in text
    assert "<confusion-matrix" not in text


def test_a_model_without_a_mistake_is_said_to_have_none(home: Path) -> None:
    assert "Not a single mistake" in page(home, string.digits, diagonal(10))


def test_figures_of_the_matrix_are_those_by_hand() -> None:
    found = Confusions(("0", "O", "7"), ((8, 2, 0), (5, 5, 0), (0, 1, 9)))
    assert found.examples == 30
    assert [(one.category, one.read_as, one.count, one.share, one.alike) for one in found.top] == [
        ("O", "0", 5, 0.5, True),
        ("0", "O", 2, 0.2, True),
        ("7", "O", 1, 0.1, False),
    ]
    assert found.groups == ["0O"]
    assert found.accuracy_of_groups == pytest.approx(29 / 30)
    assert found.depth(1, 0) == 1.0
    assert 0.15 < found.depth(2, 1) < found.depth(0, 1) < 1.0


def test_only_different_characters_of_one_shape_are_alike() -> None:
    assert alike("0", "o")
    assert alike("S", "s")
    assert not alike("S", "S")
    assert not alike("5", "S")
    assert not alike("cat", "dog")


def test_a_class_has_the_look_alikes_that_the_model_knows() -> None:
    assert alike_among("0", "0123456789") == ()
    assert alike_among("0", "0Oo1Il") == ("O", "o")
    assert alike_among("cat", ("cat", "dog")) == ()


def test_the_bundled_cards_give_what_they_have() -> None:
    card = load_artifact("mnist-cnn").card
    assert (confusions_of(card) is None) == (card.confusions is None)
