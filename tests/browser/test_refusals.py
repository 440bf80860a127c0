"""The drawing page says what is no character, and keeps the best guess below it."""

import pytest
from playwright.sync_api import Page, expect
from tests.browser.hand import draw
from tests.browser.measure import overflow

from rabisco.rejection import MESSAGES

pytestmark = pytest.mark.browser

SCRIBBLE = [(0.12 + 0.76 * step / 15, 0.2 + 0.55 * (step % 2)) for step in range(16)]
THREE = [
    (0.34, 0.26), (0.44, 0.2), (0.56, 0.2), (0.65, 0.27), (0.65, 0.37), (0.56, 0.45), (0.46, 0.47),
    (0.58, 0.5), (0.67, 0.58), (0.67, 0.7), (0.57, 0.79), (0.44, 0.8), (0.33, 0.73),
]  # fmt: skip
CNN = "model-answer[data-model=mnist-cnn]"
PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}


def refused(page: Page) -> None:
    """Draw a scribble, which is refused with its reason above the guess."""
    draw(page, SCRIBBLE)
    expect(page.locator(".verdict")).to_have_text(MESSAGES["scribble"])
    answer = page.locator(CNN)
    expect(answer).to_have_attribute("data-state", "refused")
    expect(page.get_by_text(MESSAGES["scribble"])).to_have_count(1)  # said once, not in each answer
    expect(answer.locator(".bars li")).to_have_count(3)
    assert overflow(page) <= 0


def test_a_scribble_is_refused_on_a_phone(visit) -> None:
    refused(visit(**PHONE).open("/"))


def test_a_three_is_read_a_scribble_refused_and_the_refusal_goes_with_the_drawing(visit) -> None:
    page = visit().open("/")
    draw(page, THREE)
    answer = page.locator(CNN)
    expect(answer).to_have_attribute("data-state", "read")
    expect(answer.locator(".character")).to_have_text("3")
    refused(page)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(answer).to_have_attribute("data-state", "waiting")
    expect(page.get_by_text(MESSAGES["scribble"])).to_have_count(0)
