"""The studio: every page, in every language, on the same predictor as everything else."""

import re
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks import ROOT
from PIL import Image
from tests.web.serving import encoded, seven_png

from rabisco import artifacts
from rabisco.images import decode
from rabisco.inference import get_predictor
from rabisco.studio.words import LANGUAGES, translations

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("streamlit") is None, reason="streamlit is not installed"),
]

SCRIPT = ROOT / "src" / "rabisco" / "studio" / "app.py"


@pytest.fixture(autouse=True)
def without_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide Keras, which the studio never imports and other tests do: Streamlit would clear its session each time."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)


def started() -> "AppTest":
    from streamlit.testing.v1 import AppTest  # here, as every process of the tests would import it to collect them

    app = AppTest.from_file(str(SCRIPT), default_timeout=60).run()
    assert not app.exception
    return app


def opened(place: int) -> "AppTest":
    """Return the studio on one of its pages."""
    app = started()
    radio = app.sidebar.radio(key="page")
    radio.set_value(radio.options[place]).run()
    assert not app.exception
    return app


def test_it_begins_with_the_pad_and_asks_for_a_drawing() -> None:
    app = started()
    assert app.multiselect(key="models").value == ["mnist-cnn", "mnist-linear"]
    assert app.info[0].value == "Draw, and watch what each model reads."


def test_an_uploaded_picture_is_read_as_the_predictor_reads_it() -> None:
    app = opened(1)
    app.file_uploader(key="files").upload("seven.png", seven_png(), "image/png").run()
    assert not app.exception
    assert [metric.label for metric in app.metric] == ["mnist-cnn", "mnist-linear"]
    for metric in app.metric:
        best = get_predictor(metric.label).predict(decode(seven_png())).best
        assert metric.value == best.category == "7"
        assert metric.delta == f"{best.probability:.1%}"


def test_a_damaged_picture_is_told_of_and_the_page_stays() -> None:
    app = opened(1)
    app.file_uploader(key="files").upload("bad.png", b"no picture", "image/png").run()
    assert not app.exception
    assert len(app.error) == 1


def test_what_is_no_digit_is_refused() -> None:
    lines = np.full((280, 280), 255, np.uint8)
    lines[20:260:12] = 0
    app = opened(1)
    app.file_uploader(key="files").upload("lines.png", encoded(Image.fromarray(lines)), "image/png").run()
    assert app.warning


def test_all_models_are_compared_by_what_their_cards_say() -> None:
    table = opened(2).dataframe[0].value
    assert list(table["Model"]) == artifacts.list_names()
    accuracy = artifacts.load_artifact("mnist-cnn").card.metrics["test_accuracy"]
    assert table.set_index("Model").loc["mnist-cnn", "Accuracy"] == f"{accuracy:.2%}"


def test_data_on_this_machine_can_be_explored() -> None:
    app = opened(3)
    app.selectbox(key="dataset").set_value("digits").run()
    assert not app.exception
    assert app.selectbox(key="class").options == list("0123456789")


def test_confusions_are_those_of_the_card() -> None:
    app = opened(4)
    app.selectbox(key="confused").set_value("mnist-linear").run()
    card = artifacts.load_artifact("mnist-linear").card
    assert app.dataframe[0].value.drop(columns=[""]).to_numpy().tolist() == card.confusions


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_every_language(language: str) -> None:
    app = started()
    app.sidebar.selectbox(key="language").set_value(language).run()
    assert not app.exception
    words = translations(LANGUAGES[language])
    assert app.sidebar.radio(key="page").options[0] == words.gettext("Draw")
    assert (words.gettext("Draw") == "Draw") == (language == "English")


@pytest.mark.parametrize("locale", [locale for locale in LANGUAGES.values() if locale != "en"])
def test_every_word_of_it_is_in_the_catalog(locale: str) -> None:
    sentences = re.findall(r'\b_\("([^"]+)"\)', SCRIPT.read_text(encoding="utf-8"))
    catalog: dict[str, str] = translations(locale)._catalog  # type: ignore[attr-defined]
    assert len(sentences) > 15
    assert [sentence for sentence in sentences if not catalog.get(sentence)] == []
