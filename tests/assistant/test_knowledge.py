"""Answers without a model: questions as people ask them lead to the right page of the documentation."""

import gettext
import re
from pathlib import Path

import pytest

import rabisco.web
from rabisco import assistant
from rabisco.assistant import LANGUAGES, search

# Written before the search was tried on them; each names the page that its best section stands in or points to.
QUESTIONS = {
    "en": [
        ("why did it read my 7 as a 1?", "training"),
        ("is the linear model good enough?", "measurements"),
        ("my validation loss rises, what now?", "training"),
        ("what columns does the csv need", "your-data"),
        ("How can I connect Ollama?", "assistant"),
        ("how do I use pesos.h5 with keras", "artifacts"),
        ("can I pause a training and resume it tomorrow?", "runs"),
        ("What does softmax do?", "artifacts"),
        ("is my drawing uploaded to the internet?", "assistant"),
        ("it refuses my drawing, why?", "measurements"),
        ("how to change the port", "settings"),
        ("which curl command sends a picture", "routes"),
    ],
    "pt": [
        ("por que meu 7 virou 1?", "training"),
        ("o modelo linear é bom o bastante?", "measurements"),
        ("o que é sobreajuste", "training"),
        ("qual o formato do csv?", "your-data"),
        ("como conectar o ChatGPT?", "assistant"),
        ("para que serve a matriz de confusão?", "measurements"),
        ("posso retomar o treino amanhã?", "runs"),
        ("quantas épocas devo usar?", "training"),
        ("como voltar para a versão anterior", "artifacts"),
        ("ele reconhece letras maiúsculas?", "routes"),
        ("como mudar a porta do servidor", "settings"),
        ("meus desenhos ficam guardados?", "assistant"),
    ],
    "es": [
        ("¿por qué mi 7 se leyó como 1?", "training"),
        ("¿me sirve el modelo lineal?", "measurements"),
        ("la pérdida de validación sube", "training"),
        ("¿qué formato debe tener el CSV?", "your-data"),
        ("¿cómo conecto un modelo local?", "assistant"),
        ("¿qué es una red convolucional?", "artifacts"),
        ("¿puedo reanudar el entrenamiento?", "runs"),
        ("¿qué significa el intervalo de confianza?", "measurements"),
        ("quiero corregir una respuesta equivocada", "training"),
        ("¿cómo envío una imagen desde un programa?", "routes"),
        ("¿puedo entrenar con una carpeta de imágenes?", "your-data"),
        ("¿qué es la tasa de aprendizaje?", "training"),
    ],
    "fr": [
        ("pourquoi mon 7 est lu comme un 1 ?", "training"),
        ("le modèle linéaire suffit-il ?", "measurements"),
        ("ma perte de validation augmente, que faire ?", "training"),
        ("quel format pour le fichier CSV ?", "your-data"),
        ("comment brancher ChatGPT ?", "assistant"),
        ("à quoi sert la calibration ?", "artifacts"),
        ("reprendre un entraînement interrompu", "runs"),
        ("c'est quoi l'entropie croisée ?", "training"),
        ("comment changer de port ?", "settings"),
        ("peut-il lire un mot entier ?", "routes"),
        ("comment savoir si un modèle est meilleur ?", "commands"),
        ("mes dessins sont-ils envoyés sur internet ?", "assistant"),
    ],
    "ru": [
        ("почему моя 7 прочитана как 1?", "training"),
        ("хватит ли линейной модели?", "measurements"),
        ("что делать при переобучении?", "training"),
        ("какой формат у CSV?", "your-data"),
        ("как подключить ChatGPT?", "assistant"),
        ("что показывает матрица ошибок?", "measurements"),
        ("можно продолжить обучение после остановки?", "runs"),
        ("что такое эпоха?", "training"),
        ("как сменить порт?", "settings"),
        ("он распознаёт буквы?", "routes"),
        ("можно ли обучать на своих картинках в папках?", "your-data"),
        ("как вернуть прежнюю версию модели?", "artifacts"),
    ],
}


def test_of_sixty_questions_nine_in_ten_find_their_page_among_the_first_three() -> None:
    asked = [(language, *question) for language, questions in QUESTIONS.items() for question in questions]
    missed = [
        (text, page)
        for language, text, page in asked
        if page not in [entry.page for entry in search(text, language, most=3)]
    ]
    assert len(asked) == 60
    assert len(missed) <= 6, missed


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_the_same_questions_in_its_own_words(language: str) -> None:
    found = search(QUESTIONS[language][0][0], language)
    assert found
    assert {entry.language for entry in found} == {language}


def test_what_means_nothing_finds_nothing() -> None:
    assert search("", "en") == []
    assert search("?!  \0", "en") == []
    assert search('" OR title:*', "en") is not None
    assert search("qwertzuiop", "fr") == []


def test_an_unknown_language_is_answered_in_english() -> None:
    assert search("What is overfitting?", "xx")[0].language == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answers_name_buttons_and_pages_as_the_interface_does(language: str) -> None:
    folder = Path(rabisco.web.__file__).parent / "translations"
    tag = {"en": "fr", "pt": "pt_BR"}.get(language, language)
    with (folder / tag / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        catalog = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    labels = [text if language == "en" else catalog[text] for text in catalog if isinstance(text, str) and text]
    known = re.compile("|".join(re.sub(r"%\\\(\w+\\\)s", ".+", re.escape(label)) for label in labels), re.IGNORECASE)
    name = "questions.md" if language == "en" else f"questions.{language}.md"
    text = (Path(assistant.__file__).parent / "pages" / name).read_text(encoding="utf-8")
    emphasized = {" ".join(words.split()) for words in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", text)} - {"pesos"}
    assert len(emphasized) > 10
    assert [words for words in emphasized if not known.fullmatch(words)] == []
