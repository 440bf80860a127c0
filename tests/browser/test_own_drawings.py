"""A data set drawn by hand in real Chromium: class after class, taken back, remembered, sent and trained on."""

import pytest
from playwright.sync_api import Page, expect
from tests.browser.hand import ONE, SEVEN, draw, touch
from tests.browser.measure import faults, overflow

pytestmark = [pytest.mark.browser]

PHONE = {"width": 375, "height": 812}


def keep(page: Page) -> None:
    page.get_by_role("button", name="Save and next").click()


def test_two_classes_are_drawn_sent_and_looked_through(visit) -> None:
    page = visit(viewport=PHONE, has_touch=True, color_scheme="dark").open("/train")
    page.get_by_role("link", name="Draw ten of each").click()
    assert faults(page) == []
    page.get_by_label("Classes").fill("sept un")
    page.get_by_label("Drawings of each").fill("3")
    page.get_by_role("button", name="Begin to draw").click()
    asked = page.locator(".asked")
    expect(asked).to_have_text("Draw: sept (1 of 3)")
    assert overflow(page) <= 0
    expect(page.get_by_role("button", name="Save and next")).to_be_disabled()

    touch(page, SEVEN)
    keep(page)
    expect(asked).to_have_text("Draw: sept (2 of 3)")
    draw(page, SEVEN)
    page.locator("drawing-pad canvas").press("Enter")
    expect(asked).to_have_text("Draw: sept (3 of 3)")
    page.get_by_role("button", name="Remove the last one").click()
    expect(asked).to_have_text("Draw: sept (2 of 3)")
    page.reload()
    expect(asked).to_have_text("Draw: sept (2 of 3)")
    assert faults(page) == []
    for _ in range(2):
        touch(page, SEVEN)
        keep(page)
    expect(asked).to_have_text("Draw: un (1 of 3)")
    expect(page.get_by_role("button", name="Check and train")).to_be_disabled()
    for _ in range(3):
        touch(page, ONE)
        keep(page)
    expect(asked).to_have_text("All drawn. Send them, or draw a few more.")
    expect(page.locator(".drawn-class .count")).to_have_text(["3 / 3", "3 / 3"])
    assert faults(page) == []

    page.get_by_role("button", name="Check and train").click()
    expect(page.get_by_role("heading", name="What the model will see")).to_be_visible()
    expect(page.locator(".class-name")).to_have_text(["sept", "un"])
    expect(page.get_by_role("button", name="Just try it, in seconds")).to_be_visible()


def test_a_keyboard_is_enough(visit) -> None:
    page = visit().open("/train/draw?classes=a+b&each=3")
    canvas = page.locator("drawing-pad canvas")
    canvas.focus()
    for key in (" ", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".asked")).to_have_text("Draw: a (2 of 3)")
    page.locator("[data-class=b]").press("Enter")
    expect(page.locator(".asked")).to_have_text("Draw: b (1 of 3)")


def test_names_that_will_not_do_are_said_so(visit) -> None:
    page = visit().open("/train/draw?classes=a&each=3")
    expect(page.locator("#classes-wrong")).to_contain_text("2 to 100 classes were expected, received 1")
    expect(page.locator("drawing-pad")).to_have_count(0)
    assert faults(page) == []
