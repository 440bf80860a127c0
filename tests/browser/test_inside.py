"""*Inside* in real Chromium: drawn, it follows every stroke; of uploaded pictures; and the page for a class."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.hand import ONE, SEVEN, draw, touch
from tests.browser.measure import faults, overflow
from tests.web.serving import seven_png

import rabisco.web

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True, "color_scheme": "dark"}
PARTS = ("nearest", "stages", "kernels", "grad_cam", "features", "evidence", "flips")
MAPS = "[data-part=stages] .sheet img"


def pictures(page: Page, selector: str) -> list[str | None]:
    return [image.get_attribute("src") for image in page.locator(selector).all()]


def test_maps_change_with_the_next_stroke_and_stay_where_letters_are_read(visit) -> None:
    window = visit()
    page = window.open("/")
    draw(page, SEVEN)
    assert not [url for url in window.requests if "inside" in url]  # nothing of it is loaded before it is opened
    page.get_by_text("Inside", exact=True).click()
    expect(page.locator(MAPS)).to_have_count(3)
    expect(page.locator("[data-part=flips]")).to_be_visible()
    for part in PARTS:
        expect(page.locator(f"[data-part={part}] .row").first).to_be_visible()
    expect(page.locator("[data-part=nearest] figcaption").first).to_have_text("7")
    expect(page.locator("[data-part=evidence] figure")).to_have_count(10)
    total = page.locator("[data-part=features] .total b").inner_text()
    assert float(total.replace("+", "")) > 0
    assert faults(page) == []
    before = pictures(page, MAPS)
    draw(page, ONE)
    expect(page.locator(MAPS).first).not_to_have_attribute("src", before[0] or "")
    assert len({*before, *pictures(page, MAPS)}) == 6
    # It stays open where letters are read instead, and goes with the drawing.
    page.locator(".kinds a[href*='kind=letters']").first.click()
    expect(page.locator("inside-panel [data-model=emnist-cnn]")).to_be_attached()
    expect(page.locator(MAPS)).to_have_count(3)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("[data-part=stages]")).to_be_hidden()
    expect(page.locator("inside-panel [role=status]")).to_contain_text("Draw")


def test_on_a_phone_with_finger_and_keyboard(visit) -> None:
    window = visit(**PHONE)
    page = window.open("/")
    touch(page, SEVEN)
    page.locator("[data-inside] summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=flips]")).to_be_visible()
    assert overflow(page) <= 0
    assert faults(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=stages]")).to_be_hidden()


PHOTOGRAPHS = Path(rabisco.web.__file__).parent / "static" / "examples"


def test_uploaded_photographs_are_looked_into_one_at_a_time(visit) -> None:
    window = visit()
    page = window.open("/upload?model=cifar10-cnn")
    page.set_input_files("#file", [PHOTOGRAPHS / "ship.png", PHOTOGRAPHS / "cat.png"])
    inside = page.locator("[data-inside]")
    expect(page.locator("#results")).to_be_focused()  # nothing moves any more
    expect(inside).to_have_count(2)
    assert not [url for url in window.requests if "inside" in url]
    for place, name in enumerate(("ship", "cat")):
        inside.nth(place).locator("summary").click()
        here = inside.nth(place)
        expect(here.locator("[data-part=nearest] figcaption").first).to_have_text(name)
        expect(here.locator("[data-part=grad_cam] figcaption")).to_contain_text(name)
        expect(here.locator("what-mattered img")).to_be_visible()
        expect(here.locator(MAPS)).to_have_count(3)
        expect(here.locator("[data-part=kernels] .theory")).to_contain_text("photograph")
        expect(here.locator("[data-part=features] .total")).to_contain_text(name)
        expect(here.locator("[data-part=flips] .flip")).to_contain_text("Without this square it reads")
        expect(page.locator("inside-panel")).to_have_count(1)  # the other is closed
        assert faults(page) == []
    seen = pictures(page, MAPS)
    inside.first.locator("summary").click()
    expect(inside.first.locator(MAPS)).to_have_count(3)
    assert not set(seen) & set(pictures(page, MAPS))


def test_a_photograph_is_looked_into_with_the_residual_network(visit) -> None:
    page = visit(**PHONE).open("/upload?kind=photographs")
    page.set_input_files("#file", PHOTOGRAPHS / "ship.png")
    expect(page.locator("#results")).to_be_focused()
    page.locator("[data-inside] summary").press("Enter")
    expect(page.locator("[data-part=nearest] figcaption").first).to_have_text("ship")
    expect(page.locator("[data-part=grad_cam] figcaption")).to_contain_text("ship")
    expect(page.locator(MAPS)).to_have_count(5)  # the first layer and four stages
    expect(page.locator("[data-part=flips]")).to_be_visible()
    expect(page.locator("what-mattered img")).to_be_visible()
    assert overflow(page) <= 0


def test_an_uploaded_digit_is_looked_into_by_keyboard_on_a_phone(visit) -> None:
    page = visit(**{**PHONE, "locale": "pt-BR"}).open("/upload")
    page.set_input_files("#file", {"name": "seven.png", "mimeType": "image/png", "buffer": seven_png()})
    page.locator("[data-inside] summary").focus()
    page.keyboard.press("Enter")
    for part in PARTS:
        expect(page.locator(f"[data-part={part}] .row").first).to_be_visible()
    expect(page.locator("what-mattered img:visible")).to_have_count(2)
    expect(page.locator("[data-part=evidence] figure")).to_have_count(10)
    expect(page.locator("[data-part=nearest] h3")).to_have_text("Ele pensou nestas")
    assert overflow(page) <= 0
    assert faults(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("inside-panel")).to_be_hidden()


@pytest.mark.parametrize("options", [{}, PHONE])
def test_a_class_sees_how_ink_becomes_ten_outputs(visit, options: dict) -> None:
    page = visit(**options).open("/projector")
    touch(page, SEVEN) if options else draw(page, SEVEN)
    expect(page.locator(".verdict")).to_have_text("Both models read 7.")
    expect(page.locator("[data-flow=network] .sheet")).to_have_count(3)
    expect(page.locator("[data-flow=network] .bars li")).to_have_count(10)
    expect(page.locator("[data-flow=network] .bars .best .label")).to_have_text("7")
    expect(page.locator("[data-flow=linear] .template")).to_have_count(10)
    expect(page.locator("[data-flow=linear] .best figcaption")).to_contain_text("7:")
    assert overflow(page) <= 0
    assert faults(page) == []
    # Nothing moves for who wants no motion.
    moves = "getComputedStyle(document.querySelector('.flow figure')).animationName"
    assert page.evaluate(moves) == "arrive"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moves) == "none"
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".flow figure")).to_have_count(0)
