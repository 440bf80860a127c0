"""No page, in no state, light or dark, breaks a rule of WCAG 2.2 AA that axe-core can check."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.hand import SEVEN, draw
from tests.browser.measure import faults, faults_in_light_and_dark
from tests.web.serving import copy_model, serving, seven_png

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
# On a phone `test_docs` measures all of this large page; of a hundred routes, all made alike, here two of each group.
OF_ALIKE = ".route:nth-of-type(n + 3)"


@pytest.fixture
def window(visit):
    return visit(viewport={"width": 375, "height": 812})


@pytest.mark.parametrize(("color", "faulty", "right"), [("#eee", "light", "dark"), ("#222", "dark", "light")])
def test_axe_finds_a_fault_that_one_theme_has(visit, color: str, faulty: str, right: str) -> None:
    page = visit().open("/sweeps")
    page.evaluate("color => document.querySelector('h1').style.color = color", color)
    assert [fault.split(":")[0] for fault in faults_in_light_and_dark(page)] == ["color-contrast"]
    page.emulate_media(color_scheme=faulty)
    assert faults(page) != []
    page.emulate_media(color_scheme=right)
    assert faults(page) == []


@pytest.mark.parametrize("width", [375, 1280])
def test_every_page_as_it_opens(visit, width: int) -> None:
    window = visit(viewport={"width": width, "height": 900})
    paths = [path for path in PAGES if (path, width) != ("/docs", 375)]
    assert [fault for path in paths for fault in faults_in_light_and_dark(window.open(path), OF_ALIKE)] == []


def test_a_page_that_is_not_there(window) -> None:
    page = window.open("/nothing-here")
    window.complaints.clear()  # Chromium itself notes the status
    assert faults_in_light_and_dark(page) == []


def test_a_drawing_that_was_read(window) -> None:
    page = window.open("/")
    draw(page, SEVEN)
    expect(page.locator(".character").first).to_have_text("7")
    expect(page.locator(".steps li")).to_have_count(4)
    page.get_by_text("Use the API").click()
    assert faults_in_light_and_dark(page) == []


def test_the_pad_with_eraser_and_keyboard_cursor(window) -> None:
    page = window.open("/")
    draw(page, SEVEN)
    page.get_by_role("button", name="Eraser").click()
    page.locator("drawing-pad canvas").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press(" ")
    expect(page.locator(".cursor")).to_be_visible()
    assert faults_in_light_and_dark(page) == []


def test_an_answer_that_did_not_come(window) -> None:
    page = window.open("/")
    page.route("**/predict/**", lambda route: route.abort())
    draw(page, SEVEN)
    expect(page.locator(".verdict")).to_contain_text("No answer")
    assert faults_in_light_and_dark(page) == []
    window.complaints.clear()  # Chromium itself notes each request that failed


def test_uploaded_pictures_good_blank_and_bad(window, tmp_path: Path) -> None:
    good, bad = tmp_path / "seven.png", tmp_path / "notes.png"
    good.write_bytes(seven_png())
    bad.write_text("not a picture")
    page = window.open("/upload")
    page.set_input_files("#file", [good, bad])
    expect(page.locator(".results")).to_be_visible()
    assert faults_in_light_and_dark(page) == []


def test_a_server_without_models(window, tmp_path: Path) -> None:
    with serving(tmp_path, bundled=False, trainings=0) as window.server:
        found = [fault for path in ("/", "/models") for fault in faults_in_light_and_dark(window.open(path))]
    window.complaints.clear()  # Chromium itself notes the status
    assert found == []


def test_a_server_with_more_models_than_two(window, tmp_path: Path) -> None:
    copy_model(tmp_path, "trained-here")
    with serving(tmp_path, trainings=0) as window.server:
        found = [fault for path in ("/", "/upload") for fault in faults_in_light_and_dark(window.open(path))]
    assert found == []


@pytest.mark.parametrize("language", ["pt", "es", "fr", "ru"])
def test_every_language(visit, language: str) -> None:
    window = visit(locale=language)
    for path in ("/", "/models/cnn"):
        assert faults(window.open(path)) == []
