"""What the core says reaches the reader in their language: the details of its errors, and the notes of cards."""

import ast
from pathlib import Path

import pytest
from flask_babel import force_locale

import rabisco
from rabisco.errors import RabiscoError, TooLargeError
from rabisco.web import create_app
from rabisco.web.platform.details import SENTENCES, detail_of, notes_of
from rabisco.web.platform.problems import PROBLEMS

ROOT = Path(rabisco.__file__).parent
# The parts of the core that a request reaches.
REACHED = [
    *sorted((ROOT / "artifacts").glob("*.py")),
    *sorted((ROOT / "images").glob("*.py")),
    ROOT / "characters.py",
    ROOT / "inference.py",
    ROOT / "text_reading.py",
]
ANSWERED = {error.__name__ for error in PROBLEMS}


def raised(path: Path, answered: bool) -> list[ast.expr]:
    """Return the first argument of each error that a module makes; of those that the web answers, if asked."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = {call: getattr(call.func, "id", "") for call in calls if call.args}
    wanted = [call for call, name in named.items() if (name in ANSWERED if answered else name.endswith("Error"))]
    return [call.args[0] for call in wanted]


def translated(error: RabiscoError, locale: str) -> str:
    with create_app().test_request_context(), force_locale(locale):
        return detail_of(error).replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_every_sentence_of_the_core_that_readers_see_can_be_translated() -> None:
    found = {ast.literal_eval(argument) for path in REACHED for argument in raised(path, answered=True)}
    known = {ast.dump(argument) for path in REACHED for argument in raised(path, answered=False)}
    with create_app().test_request_context(), force_locale("en"):
        named = {str(sentence) for sentence in SENTENCES}
    assert len(found) > 15
    assert found - named == set()
    assert {name for name in named if ast.dump(ast.Constant(name)) not in known} == set()


def test_an_error_says_the_same_in_the_terminal_and_in_english() -> None:
    error = TooLargeError(
        "expected a file of at most %(limit)s bytes, received %(received)s", limit=1024, received=5000
    )
    assert str(error) == "expected a file of at most 1,024 bytes, received 5,000"
    assert translated(error, "en") == str(error)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("pt_BR", "esperava-se no máximo 50.000.000 pixels, chegaram 9.000 × 9.000"),
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


@pytest.mark.parametrize(
    ("notes", "english"),
    [
        ("Ended: completed; weights of epoch 22.", "Trained to the end; weights of epoch 22."),
        (
            "Ended: stopped; weights of epoch 3. Trained on handwriting-extra, digits-scan as well.",
            "Stopped by hand; weights of epoch 3. Trained on handwriting-extra, digits-scan as well.",
        ),
        ("", ""),
    ],
)
def test_notes_that_a_training_wrote_are_translated(notes: str, english: str) -> None:
    with create_app().test_request_context(), force_locale("en"):
        assert notes_of(notes) == (english, True)
    if notes:
        with create_app().test_request_context(), force_locale("ru"):
            assert notes_of(notes)[0] != english


def test_notes_that_a_person_wrote_stay_as_they_are() -> None:
    with create_app().test_request_context(), force_locale("ru"):
        assert notes_of("Ended: completed; weights of epoch 2. For class 7b.") == (
            "Ended: completed; weights of epoch 2. For class 7b.",
            False,
        )
