"""A reader corrects and the model knows it at once; a letter drawn for a digit model is noticed; all on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.hand import SEVEN, draw
from tests.browser.measure import faults, faults_in_light_and_dark, overflow
from tests.web.serving import Server, serving

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}
LETTER_A = (
    [(0.22, 0.79), (0.36, 0.5), (0.5, 0.21), (0.64, 0.5), (0.78, 0.79)],
    [(0.31, 0.57), (0.5, 0.57), (0.69, 0.57)],
)
SHIFTS = """() => { window.shifted = 0; new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true }) }"""


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory):
    """A server of its own, for what is taught answers everybody."""
    with serving(tmp_path_factory.mktemp("taught"), trainings=0) as running:
        yield running


def verdict(page: Page, text: str) -> None:
    expect(page.locator(".verdict")).to_have_text(text)


def read_where_it_is_seen(page: Page) -> None:
    """Draw a seven: nothing moves, and the answer comes into view."""
    page.evaluate(SHIFTS)
    draw(page, SEVEN)
    verdict(page, "Both models read 7.")
    assert page.evaluate("window.shifted") <= 0.02
    box = page.locator(".verdict").bounding_box()
    assert box
    assert 0 <= box["y"] <= page.viewport_size["height"] - box["height"]


def test_a_correction_by_key_is_learned_at_once_and_undone(visit, taught: Server) -> None:
    window = visit(**PHONE)
    window.server = taught
    page = window.open("/")
    read_where_it_is_seen(page)
    page.get_by_text("Wrong").click()
    page.locator(".consent input").check()
    assert faults_in_light_and_dark(page) == []
    page.keyboard.press("1")
    verdict(page, "Both models read 1.")
    # The correction is a false one, so a test image that is very like the drawing may follow it, and the page says so.
    expect(page.locator(".learned")).to_contain_text(
        re.compile(r"(10,000|9,99\d) of 10,000 test images are read as before")
    )
    expect(page.get_by_text("remembered")).to_have_count(2)
    expect(page.get_by_text("recognized as a whole")).to_be_attached()
    expect(page.locator("pad-overlay img")).to_be_hidden()
    assert faults_in_light_and_dark(page) == []
    assert overflow(page) <= 0
    page.reload()
    verdict(page, "Both models read 1.")  # the drawing is still there, and so is what was learned
    page.get_by_text("Wrong").click()
    page.keyboard.press("7")
    verdict(page, "Both models read 7.")
    page.get_by_role("button", name="Undo the correction").click()
    expect(page.locator(".learned")).to_contain_text("forgotten")
    expect(page.get_by_text("remembered")).to_have_count(0)


def test_a_letter_drawn_for_a_digit_model_is_one_click_from_being_read(visit) -> None:
    page = visit(**PHONE).open("/")
    for stroke in LETTER_A:
        draw(page, stroke)
    page.get_by_role("link", name="Read letters").click()
    verdict(page, "Both models read A.")
    assert page.url.endswith("?kind=letters")
    expect(page.get_by_role("heading", level=1)).to_have_text("Draw a letter")
    assert faults(page) == []


def test_a_drawing_and_examples_are_read_on_a_desk(visit) -> None:
    page = visit().open("/")
    read_where_it_is_seen(page)
    page.get_by_role("button", name="Draw 5").click()
    verdict(page, "Both models read 5.")
    page.get_by_role("button", name="Draw a scribble").click()
    expect(page.locator(".verdict")).to_contain_text("does not look like one character")
    page.get_by_role("button", name="Draw 735").click()
    expect(page.locator("row-answer .string").first).to_have_text("735")
