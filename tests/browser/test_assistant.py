"""The assistant in real Chromium: streamed, stopped, copied, cleared, and harmless whatever anybody writes."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.assistant.conftest import ModelServer, run_model_server
from tests.assistant.model_server import KEY
from tests.browser.hand import SEVEN, draw
from tests.browser.measure import faults, faults_in_light_and_dark, overflow
from tests.web.serving import Server, serving

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 375, "height": 667}}
HARMFUL = "<img src=x onerror=\"document.title='owned'\"> & <b>why</b>?"


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    yield from run_model_server(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def talkative(language_model: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"assistant_url": language_model.url, "assistant_key": KEY, "assistant_model": "told", "trainings": 0}
    with serving(tmp_path_factory.mktemp("talkative"), **settings) as running:
        yield running


@pytest.fixture
def connected(language_model: ModelServer, talkative: Server, request: pytest.FixtureRequest) -> Server:
    """Our server, connected to a language model that behaves as the test's parameter says."""
    language_model.tell(request.param)
    return talkative


def test_the_documentation_answers_on_the_page_and_the_conversation_can_be_cleared(visit) -> None:
    page = visit(**PHONE).open("/assistant")
    assert faults_in_light_and_dark(page) == []
    page.get_by_label("Your question").fill("What is overfitting?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".answer .said")).to_contain_text("by heart")
    expect(page.get_by_label("Your question")).to_have_value("")
    assert faults_in_light_and_dark(page) == []
    assert overflow(page) <= 0
    page.reload()
    expect(page.locator(".question")).to_have_text("YouWhat is overfitting?")
    page.get_by_role("button", name="Clear the conversation").click()
    expect(page.locator(".talk li")).to_have_count(0)


def test_without_javascript_a_suggested_question_is_answered(visit) -> None:
    page = visit(java_script_enabled=False, locale="es").open("/assistant")
    page.locator(".suggested a").first.click()
    expect(page.locator(".answer .said")).not_to_be_empty()
    expect(page.get_by_label("Tu pregunta")).to_be_visible()


def test_it_knows_what_was_read_in_the_drawing(visit) -> None:
    window = visit()
    page = window.open("/")
    draw(page, SEVEN)
    expect(page.locator(".character").first).to_have_text("7")
    page.goto(f"{window.server.url}/assistant")
    page.get_by_label("Your question").fill("Why did it read my 7 as a 1?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".answer .said")).to_contain_text("mnist-cnn: 7 (")


@pytest.mark.parametrize("connected", ["harmful"], indirect=True)
def test_nothing_that_a_model_or_a_reader_writes_is_carried_out(connected: Server, visit) -> None:
    window = visit()
    window.server = connected
    page = window.open("/assistant")
    page.get_by_label("Your question").fill(HARMFUL)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".answer .said strong")).to_have_text("bold")
    expect(page.locator(".answer .said code")).to_have_text("(a)/(b)")
    page.reload()
    for _ in range(2):
        expect(page.locator(".question p")).to_have_text(HARMFUL)
        assert page.locator(".talk :is(img, script, [onerror])").count() == 0
        assert page.locator('.talk a[href^="javascript"]').count() == 0
        assert "owned" not in page.title()
        page.goto(f"{connected.url}/assistant")


@pytest.mark.parametrize("connected", ["fluent"], indirect=True)
def test_a_harmful_class_name_is_no_more_than_text(connected: Server, visit) -> None:
    window = visit()
    window.server = connected
    page = window.open("/assistant")
    reading = {"model": HARMFUL, "category": HARMFUL, "probability": 0.5, "top_k": [], "refused": None}
    page.evaluate("(it) => sessionStorage.setItem('rabisco-reading', JSON.stringify(it))", {"readings": [reading]})
    page.reload()
    page.get_by_label("Your question").fill("Why did it read my 7 as a 1?")
    page.get_by_role("button", name="Ask the documentation").click()
    expect(page.locator(".answer .said")).to_contain_text("onerror")
    assert page.locator(".talk :is(img, [onerror])").count() == 0
    assert "owned" not in page.title()


@pytest.mark.parametrize("connected", ["dripping"], indirect=True)
def test_an_answer_comes_as_it_is_written_and_can_be_stopped(connected: Server, visit) -> None:
    window = visit()
    window.server = connected
    page = window.open("/assistant")
    page.get_by_label("Your question").fill("Count!")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".answer .said")).to_contain_text("3 4 5")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".answer")).to_contain_text("Stopped.")
    expect(page.locator(".answer .said")).not_to_contain_text("299")


@pytest.mark.parametrize("connected", ["cut"], indirect=True)
def test_of_a_broken_answer_the_question_stays_in_the_box(connected: Server, visit) -> None:
    window = visit()
    window.server = connected
    page = window.open("/assistant")
    page.get_by_label("Your question").fill("Will this be lost?")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("the answer broke off; ask again")
    expect(page.get_by_label("Your question")).to_have_value("Will this be lost?")
    expect(page.locator(".talk li")).to_have_count(0)
    assert faults(page) == []
