"""What the core says reaches the reader in their language: the words of its errors, and the notes of cards."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_babel import force_locale
from sqlalchemy.dialects import sqlite

import rabisco
from rabisco import errors
from rabisco.artifacts import Card, load_artifact, said_of
from rabisco.artifacts.card import ENDED, RETRAINED, with_note
from rabisco.errors import N_, RabiscoError, Sentence, TooLargeError
from rabisco.store.tables import SentenceText
from rabisco.web import create_app
from rabisco.web.platform.languages import translated as told

ROOT = Path(rabisco.__file__).parent
ERRORS = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, RabiscoError)}
# What only a terminal shows; and errors made of sentences that stand elsewhere.
TERMINAL = {"cli", "studio", "settings.py", "evaluation/plots.py", "evaluation/compare.py", "data/export.py", "bulk"}
ELSEWHERE = {"MESSAGES[code]", "self.sentence", "wrong.message", "told.message", "message"}
ELSEWHERE |= {"_UNKNOWN", "_UNREADABLE", "_FILE", "wrong_form.message"}


def first_arguments(path: Path) -> Iterator[str]:
    """Yield the message of each error that a module makes, as it is written."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if name in ERRORS and node.args:
            yield ast.unparse(node.args[0])


def test_every_error_that_readers_see_is_a_marked_sentence() -> None:
    paths = [path for path in ROOT.rglob("*.py") if not TERMINAL & {str(part) for part in places(path)}]
    found = {(str(path.relative_to(ROOT)), one) for path in paths for one in first_arguments(path)}
    assert len(found) > 120
    assert {one for one in found if not one[1].startswith("N_(") and one[1] not in ELSEWHERE} == set()


def places(path: Path) -> list[Path]:
    inside = path.relative_to(ROOT)
    return [inside, *inside.parents]


def translated(error: RabiscoError, locale: str) -> str:
    return said(error.sentence, locale)


def said(sentence: Sentence, locale: str) -> str:
    with create_app().test_request_context(), force_locale(locale):
        return told(sentence).replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_an_error_says_the_same_in_the_terminal_and_in_english() -> None:
    error = TooLargeError(
        "expected a file of at most %(limit)s bytes, received %(received)s", limit=1024, received=5000
    )
    assert str(error) == "expected a file of at most 1,024 bytes, received 5,000"
    assert translated(error, "en") == str(error)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("pt_BR", "esperava-se no máximo 50.000.000 pixels, mas vieram 9.000 × 9.000"),
        ("fr", "attendu : 50 000 000 pixels au plus, reçu : 9 000 × 9 000"),
    ],
)
def test_numbers_in_an_error_are_written_as_the_language_writes_them(locale: str, words: str) -> None:
    message = "expected at most %(limit)s pixels, received %(width)s × %(height)s; send the picture made smaller"
    error = TooLargeError(message, limit=50_000_000, width=9000, height=9000)
    assert translated(error, locale).startswith(words)


def test_a_name_that_looks_like_a_place_for_a_value_is_left_alone() -> None:
    client = create_app().test_client()
    answer = client.get("/models/%25(x)s", headers={"Accept-Language": "fr"})
    assert answer.status_code == 404
    assert "%(x)s" in answer.json["detail"]
    assert "choisissez" in answer.json["detail"]


def card(notes: str) -> Card:
    return load_artifact("mnist-linear").card.model_copy(update={"notes": notes})


@pytest.mark.parametrize(
    ("notes", "portuguese"),
    [
        ("Ended: completed; weights of epoch 22.", ["Treinado até o fim; pesos da época 22."]),
        (
            "Ended: stopped; weights of epoch 3. Trained on handwriting-extra, digits-scan as well.",
            ["Parado manualmente; pesos da época 3.", "Treinado também com handwriting-extra, digits-scan."],
        ),
        (
            "Ended: patience; weights of epoch 2. Retrained with 4 corrections. For class 7b.",
            [
                "Encerrado antes, pois já não melhorava; pesos da época 2.",
                "Retreinado com correções: 4.",
                "Nota original: For class 7b.",
            ],
        ),
        ("", []),
    ],
)
def test_notes_of_earlier_releases_are_read_as_sentences(notes: str, portuguese: list[str]) -> None:
    assert [said(sentence, "pt_BR") for sentence in said_of(card(notes))] == portuguese


def test_no_note_of_a_bundled_model_is_shown_in_english_to_others() -> None:
    for name in ("mnist-cnn", "mnist-linear", "emnist-cnn", "emnist-linear", "cifar10-cnn"):
        for sentence in said_of(load_artifact(name).card):
            assert said(sentence, "ru") != str(sentence)
            assert "Исходная заметка" not in said(sentence, "ru")


def test_a_card_keeps_its_notes_as_sentences_and_as_text() -> None:
    begun = with_note(card(""), Sentence(ENDED["completed"], {"epoch": 1200}))
    noted = with_note(card("").model_copy(update=begun), Sentence(RETRAINED, {"count": 2}))
    again = Card.model_validate(json.loads(card("").model_copy(update=noted).to_text()))
    assert again.notes == "Trained to the end; weights of epoch 1,200. Retrained with 2 corrections."
    assert said(said_of(again)[0], "fr").endswith("1 200.")
    assert said_of(again) == noted["said"]


def test_a_sentence_may_stand_in_another() -> None:
    inner = Sentence(N_("the cell in column %(column)s is empty"), {"column": 1000})
    outer = Sentence(N_("%(which)s: %(reason)s"), {"which": "a", "reason": inner})
    assert str(outer) == "a: the cell in column 1,000 is empty"
    assert said(outer, "pt_BR").startswith("a: a célula da coluna 1.000")
    assert Sentence.from_dict(json.loads(json.dumps(outer.to_dict()))) == outer


def test_why_a_run_failed_is_kept_as_a_sentence_and_earlier_rows_as_their_text() -> None:
    column, dialect = SentenceText(), sqlite.dialect()
    failed = Sentence(N_("a run's name must be 1 to 120 characters. Received: %(count)s"), {"count": 4000})
    kept = column.process_result_value(column.process_bind_param(failed, dialect), dialect)
    assert kept == failed
    assert said(kept, "fr").endswith("Reçu : 4 000")
    assert said(column.process_result_value("the disk was full", dialect), "fr") == "the disk was full"
    assert said(column.process_result_value("", dialect), "fr") == ""
