"""The sections in real Chromium: the way around, comparison, question, confusions; on a phone, by keyboard, alone."""

import json
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.hand import SEVEN, draw, touch
from tests.browser.measure import faults, faults_in_light_and_dark, overflow
from tests.web.serving import Server, copy_model, serving

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}
SECTIONS = ["Draw", "Upload", "Train", "Models", "Compare", "API"]
NEW = ("/train", "/compare", "/assistant", "/runs", "/corrections", "/sign-in")
CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase


@pytest.fixture(scope="module")
def with_another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two models more: mine, and many-classes, which tells 62 characters apart."""
    home = tmp_path_factory.mktemp("another")
    copy_model(home, "mine")
    give_confusions(home, "many-classes", CHARACTERS)
    with serving(home, trainings=0) as running:
        yield running


@pytest.fixture(scope="module")
def without_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("empty"), bundled=False, trainings=0) as running:
        yield running


def give_confusions(home: Path, name: str, classes: str) -> None:
    """Put a copy of the network whose card has these classes and confuses each with the next one twice."""
    copy_model(home, name)
    path = home / "artifacts" / name / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    size = range(len(classes))
    counts = [[98 * (row == column) + 2 * (column == (row + 1) % len(size)) for column in size] for row in size]
    path.write_text(json.dumps({**card, "class_names": list(classes), "confusions": counts}), encoding="utf-8")


@pytest.mark.parametrize("options", [PHONE, {"java_script_enabled": False}])
def test_every_section_is_one_step_away_and_marked_when_there(visit, options: dict) -> None:
    page = visit(**options).open("/")
    for name in SECTIONS:
        page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
        current = page.locator("header > nav a[aria-current]")
        expect(current).to_have_text(name)
        assert overflow(page) <= 0


def test_sections_are_large_enough_for_a_finger_in_every_language(visit) -> None:
    window = visit(**PHONE)
    for language in ("en", "pt", "es", "fr", "ru"):
        page = window.open(f"/train?lang={language}")
        for link in page.locator("header > nav a").all():
            box = link.bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 44
            assert link.evaluate("link => link.scrollWidth <= link.clientWidth"), (language, link.text_content())


def test_axe_finds_nothing_on_the_new_pages(visit) -> None:
    window = visit(viewport=PHONE["viewport"])
    for path in NEW:
        page = window.open(path)
        assert faults_in_light_and_dark(page) == [], path
        page.set_viewport_size({"width": 1280, "height": 900})
        assert faults_in_light_and_dark(page) == [], path
        page.set_viewport_size(PHONE["viewport"])


def test_the_seeds_addresses_open_the_pages(visit) -> None:
    window = visit()
    expect(window.open("/entrainer-le-modele").get_by_role("heading", level=1)).to_have_text("Train a model")
    expect(window.open("/assistance").get_by_role("heading", level=1)).to_contain_text("Ask about your drawing")


@pytest.mark.parametrize("javascript", [True, False])
def test_models_are_chosen_and_the_address_keeps_them_in_another_language(
    visit, with_another: Server, javascript: bool
) -> None:
    window = visit(java_script_enabled=javascript)
    window.server = with_another
    page = window.open("/compare")
    page.get_by_label("mine", exact=True).check()
    page.get_by_label("mnist-cnn", exact=True).uncheck()
    page.get_by_role("button", name="Compare").click()
    assert page.url.endswith("/compare?model=mine&model=mnist-linear")
    expect(page.locator(".versus thead th a").first).to_have_text("mine")
    page.get_by_role("link", name="Português").click()
    assert page.url.endswith("?model=mine&model=mnist-linear&lang=pt")
    expect(page.get_by_role("heading", level=1)).to_have_text("Comparar modelos")
    expect(page.locator(".versus thead th a").first).to_have_text("mine")


def test_one_drawing_is_read_by_every_chosen_model_on_a_phone(visit, with_another: Server) -> None:
    window = visit(**PHONE)
    window.server = with_another
    page = window.open("/compare?model=cnn&model=linear&model=mine")
    touch(page, SEVEN)
    expect(page.locator("model-answer .character")).to_have_text(["7", "7", "7"])
    expect(page.locator("model-answer .latency").last).to_contain_text("ms")
    expect(page.locator(".verdict")).to_have_text("All models read 7.")
    assert overflow(page) <= 0
    assert faults(page) == []


def test_a_comparison_reads_a_drawing_by_mouse_too(visit) -> None:
    page = visit().open("/compare")
    draw(page, SEVEN)
    expect(page.locator(".verdict")).to_have_text("Both models read 7.")
    page.reload()  # the drawing is kept, so it is read again
    expect(page.locator("model-answer .character").first).to_have_text("7")


def test_the_confusions_of_sixty_two_classes_are_read_on_a_phone_and_by_keyboard(visit, with_another: Server) -> None:
    window = visit(**PHONE)
    window.server = with_another
    page = window.open("/models/many-classes")
    assert overflow(page) <= 0
    matrix = page.locator("confusion-matrix [tabindex]")
    matrix.focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#cell")).to_have_text("0 read as 1: 2 of 100 (2.0%)")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#cell")).to_have_text("1 read as itself: 98 of 100 (98.0%)")
    page.keyboard.press("End")
    expect(page.locator("#cell")).to_have_text("1 read as z: 0 of 100 (0%)")
    assert matrix.evaluate("element => element.scrollLeft") > 0
    page.locator("summary", has_text="As a table").click()
    expect(page.locator(".counts")).to_be_visible()
    assert overflow(page) <= 0
    assert faults(page, beside=".counts tbody tr:nth-child(n+4)") == []  # which are like the first three


@pytest.mark.parametrize("javascript", [True, False])
def test_without_any_model_the_pages_ask_to_train_one(visit, without_models: Server, javascript: bool) -> None:
    window = visit(java_script_enabled=javascript)
    window.server = without_models
    for path in ("/", "/upload", "/compare"):
        page = window.open(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("No model has been trained yet")
        page.get_by_role("main").get_by_role("link", name="Train a model").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Train a model")
    window.complaints.clear()  # Chromium itself notes the status


def test_axe_finds_nothing_where_there_is_no_model(visit, without_models: Server) -> None:
    window = visit(viewport=PHONE["viewport"])
    window.server = without_models
    for path in ("/", "/models"):
        assert faults_in_light_and_dark(window.open(path)) == [], path
    window.complaints.clear()  # Chromium itself notes the status
