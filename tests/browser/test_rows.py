"""Several characters at once in real Chromium: drawn, uploaded, their boxes chosen by mouse and keyboard, copied."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect
from tests.browser.hand import Points, draw, touch
from tests.browser.measure import faults_in_light_and_dark, overflow
from tests.browser.test_request_code import COMMANDS, code
from tests.images.pictures import draw as written
from tests.web.serving import encoded

pytestmark = pytest.mark.browser

FOUR: list[Points] = [[(0.16, 0.2), (0.09, 0.58), (0.27, 0.58)], [(0.22, 0.3), (0.21, 0.85)]]
ZERO: list[Points] = [
    [(0.47, 0.2), (0.41, 0.35), (0.40, 0.6), (0.46, 0.8), (0.54, 0.78), (0.58, 0.55), (0.56, 0.3), (0.48, 0.2)]
]
SEVEN: list[Points] = [[(0.70, 0.2), (0.88, 0.2), (0.82, 0.5), (0.77, 0.82)]]
STRING = "row-answer[data-model=mnist-cnn] .string"
PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}


def written_row(folder: Path) -> Path:
    """Return a file with a 7 and a 1 on one line."""
    strokes = ((((0.0, 0.0), (0.6, 0.0), (0.2, 1.0)),), 60), ((((0.0, 0.0), (0.0, 1.0)),), 200)
    sheets = [written((300, 160), place=(left, 40), height=80, width=9, strokes=each) for each, left in strokes]
    file = folder / "row.png"
    file.write_bytes(encoded(Image.fromarray(np.min(sheets, axis=0))))
    return file


def drawn(page: Page, hand=draw) -> Page:
    """Draw 407 on the wide pad and wait until it is read."""
    for stroke in FOUR + ZERO + SEVEN:
        hand(page, stroke)
    expect(page.locator(STRING)).to_have_text("407")
    return page


def test_407_drawn_with_the_mouse_is_read_its_boxes_chosen_and_its_string_copied(visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).open("/")
    page.get_by_role("link", name="Several").click()
    drawn(page)
    expect(page.locator(".verdict")).to_contain_text("407")
    answer = page.locator("row-answer[data-model=mnist-cnn]")
    expect(answer.get_by_role("radio")).to_have_count(3)
    # A box is chosen by mouse and by keyboard.
    chosen = answer.locator(".chosen .character")
    expect(chosen).to_have_text("4")
    answer.locator("rect").nth(2).click()
    expect(chosen).to_have_text("7")
    expect(answer.locator(".bars .label").first).to_have_text("7")
    page.keyboard.press("ArrowLeft")
    expect(chosen).to_have_text("0")
    expect(answer.locator("rect").nth(1)).to_be_focused()
    expect(answer.locator("rect[aria-checked=true]")).to_have_count(1)
    page.keyboard.press("Home")
    expect(chosen).to_have_text("4")
    # The string is copied, and the code beside the drawing prints it.
    page.get_by_role("button", name="Copy the text: Neural network").click()
    expect(answer.locator("[role=status]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "407"
    page.get_by_text("Use the API").click()
    expect(page.locator("request-code code").first).to_contain_text("characters=many")
    result = subprocess.run(
        [*COMMANDS["python"], code(page, "python")], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.stdout == "407\n", result.stderr
    # Clearing takes the string away, and what Show me writes is read.
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(STRING)).to_have_text("?")
    expect(page.locator("row-answer .boxes:visible")).to_have_count(0)
    page.get_by_role("button", name="Show me").click()
    expect(page.locator(STRING)).to_have_text("732")


def test_407_drawn_with_a_finger_is_read_and_a_late_answer_takes_no_box_the_focus(visit) -> None:
    page = drawn(visit(**PHONE).open("/?characters=many"), touch)
    assert page.evaluate("scrollY") == 0
    assert overflow(page) <= 0
    assert faults_in_light_and_dark(page) == []
    # While an answer is on its way, another box is chosen.
    answer = page.locator("row-answer[data-model=mnist-cnn]")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/predict/**", hold)
    page.evaluate("document.querySelector('drawing-pad').change(() => {})")
    answer.locator("rect").nth(2).click()
    page.keyboard.press("ArrowLeft")
    expect(answer.locator("rect").nth(1)).to_be_focused()
    assert len(held) == 1  # for all models
    page.evaluate("document.querySelector('row-answer .string').textContent = ''")
    for route in held:
        route.continue_()
    expect(page.locator(STRING)).to_have_text("407")
    expect(answer.locator("rect").nth(1)).to_be_focused()
    expect(answer.locator(".chosen .character")).to_have_text("0")


@pytest.mark.parametrize("javascript", [True, False])
def test_an_uploaded_row_is_shown_with_its_string_and_boxes(visit, tmp_path: Path, javascript: bool) -> None:
    page = visit(java_script_enabled=javascript, viewport=PHONE["viewport"]).open("/upload?characters=many")
    page.set_input_files("#file", written_row(tmp_path))
    if not javascript:
        page.get_by_role("button", name="Read them").click()
    expect(page.locator(STRING)).to_have_text("71")
    expect(page.locator("row-answer[data-model=mnist-cnn] svg:not(.bar) rect")).to_have_count(2)
    expect(page.locator("row-answer[data-model=mnist-cnn] .bars li").first).to_be_visible()
    if javascript:
        assert faults_in_light_and_dark(page) == []


def test_neither_page_is_wider_than_a_phone_in_any_language(visit) -> None:
    window = visit(viewport=PHONE["viewport"])
    for language in ("en", "pt", "es", "fr", "ru"):
        for path in ("/?characters=many", "/upload?characters=many"):
            assert overflow(window.open(f"{path}&lang={language}")) <= 0, (path, language)
