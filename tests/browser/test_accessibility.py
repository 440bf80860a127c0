"""No page, in no state, light or dark, breaks a rule of WCAG 2.2 AA that axe-core can check."""

import pytest
from playwright.sync_api import ViewportSize, expect
from tests.browser.hand import SEVEN, draw
from tests.browser.measure import OF_ALIKE, OF_COLORS, faults, faults_in_light_and_dark

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/upload",
    "/models",
    "/models/cnn",
    "/docs",
    "/datasets",
    "/datasets?name=emnist-byclass",
    "/projector",
    "/sweeps",
    "/compare?model=emnist-cnn&model=mnist-cnn",
)
PHONE: ViewportSize = {"width": 375, "height": 812}


@pytest.fixture
def window(visit):
    return visit(viewport=PHONE)


@pytest.mark.parametrize(("color", "faulty", "right"), [("#eee", "light", "dark"), ("#222", "dark", "light")])
def test_axe_finds_a_fault_that_one_theme_has(visit, color: str, faulty: str, right: str) -> None:
    page = visit().open("/sweeps")
    page.evaluate("color => document.querySelector('h1').style.color = color", color)
    assert [fault.split(":")[0] for fault in faults_in_light_and_dark(page)] == ["color-contrast"]
    page.emulate_media(color_scheme=faulty)
    assert faults(page, OF_COLORS) != []
    page.emulate_media(color_scheme=right)
    assert faults(page, OF_COLORS) == []


def test_every_page_as_it_opens_on_a_phone_and_on_a_desk(window) -> None:
    for path in PAGES:
        page = window.open(path)
        if path != "/docs":  # all of this large page is measured by `test_docs`
            assert faults_in_light_and_dark(page) == [], path
        page.set_viewport_size({"width": 1280, "height": 900})
        assert faults_in_light_and_dark(page, OF_ALIKE) == [], path
        page.set_viewport_size(PHONE)


def test_a_page_that_is_not_there(window) -> None:
    page = window.open("/nothing-here")
    window.complaints.clear()  # Chromium itself notes the status
    assert faults_in_light_and_dark(page) == []


def test_a_drawing_that_was_read_and_the_cursor_of_its_eraser(window) -> None:
    page = window.open("/")
    draw(page, SEVEN)
    expect(page.locator(".character").first).to_have_text("7")
    expect(page.locator(".steps li")).to_have_count(4)
    page.get_by_text("Use the API").click()
    assert faults_in_light_and_dark(page) == []
    # The eraser, led by the keyboard.
    page.get_by_role("button", name="Eraser").click()
    page.locator("drawing-pad canvas").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press(" ")
    expect(page.locator(".cursor")).to_be_visible()
    assert faults_in_light_and_dark(page) == []
