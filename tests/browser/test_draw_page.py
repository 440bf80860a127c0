"""The drawing page in real Chromium: what a person draws is read, live, by both models."""

import json
import re

import pytest
from playwright.sync_api import expect
from tests.browser.hand import ONE, SEVEN, draw, touch

pytestmark = pytest.mark.browser

CNN = "model-answer[data-model=mnist-cnn] .character"
LINEAR = "model-answer[data-model=mnist-linear] .character"
PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}


def test_a_seven_drawn_with_the_mouse_is_read_by_both_models(visit) -> None:
    window = visit()
    page = window.open("/")
    draw(page, SEVEN)
    expect(page.locator(CNN)).to_have_text("7")
    expect(page.locator(LINEAR)).to_have_text("7")
    expect(page.locator(".verdict")).to_have_text("Both models read 7.")
    expect(page.locator("model-answer .bars li")).to_have_count(6)
    expect(page.locator("model-answer .saw img:visible")).to_have_count(2)
    expect(page.locator(".steps li")).to_have_count(4)
    expect(page.locator("model-answer .latency").first).to_contain_text("ms")
    window.screenshot("test-draw-desktop")


def test_a_seven_drawn_with_a_finger_on_a_phone_is_read_without_scrolling_the_page(visit) -> None:
    window = visit(**PHONE)
    page = window.open("/")
    touch(page, SEVEN)
    expect(page.locator(CNN)).to_have_text("7")
    assert page.evaluate("scrollY") == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    window.screenshot("test-draw-phone")


def test_undo_redo_and_clear_change_the_drawing_and_the_answer(visit) -> None:
    page = visit().open("/")
    button = lambda name: page.get_by_role("button", name=name, exact=True)  # noqa: E731
    expect(button("Undo")).to_be_disabled()
    draw(page, SEVEN)
    expect(page.locator(CNN)).to_have_text("7")
    button("Undo").click()
    expect(page.locator(CNN)).to_have_text("?")
    button("Redo").click()
    expect(page.locator(CNN)).to_have_text("7")
    button("Clear").click()
    expect(page.locator(".verdict")).to_contain_text("Draw a digit")
    button("Undo").click()
    expect(page.locator(CNN)).to_have_text("7")


def test_the_eraser_takes_ink_away(visit) -> None:
    page = visit().open("/")
    draw(page, ONE)
    expect(page.locator(CNN)).to_have_text("1")
    before = page.evaluate("document.querySelector('drawing-pad').toPicture()")
    page.get_by_role("button", name="Eraser").click()
    draw(page, ONE[:2])
    assert page.evaluate("document.querySelector('drawing-pad').toPicture()") != before


def test_a_seven_can_be_drawn_with_the_keyboard_alone(visit) -> None:
    page = visit().open("/")
    page.locator("drawing-pad canvas").focus()
    press = lambda key, times: [page.keyboard.press(key) for _ in range(times)]  # noqa: E731
    press("ArrowUp", 7)
    press("ArrowLeft", 6)
    page.keyboard.press(" ")
    expect(page.locator("#pen-status")).to_have_text("Pen down")
    press("ArrowRight", 12)
    for _ in range(7):
        press("ArrowDown", 2)
        press("ArrowLeft", 1)
    page.keyboard.press(" ")
    expect(page.locator(CNN)).to_have_text("7")
    page.keyboard.press("Control+z")
    expect(page.locator(CNN)).to_have_text("?")
    page.keyboard.press("Control+Shift+Z")
    expect(page.locator(CNN)).to_have_text("7")
    page.keyboard.press("Delete")
    expect(page.locator(CNN)).to_have_text("?")


def test_show_me_draws_an_example_that_the_network_reads(visit) -> None:
    page = visit().open("/")
    for digit in "7325":
        page.get_by_role("button", name="Show me").click()
        expect(page.locator(CNN)).to_have_text(digit)
        page.get_by_role("button", name="Clear").click()
        expect(page.locator(CNN)).to_have_text("?")


def test_the_answer_is_visible_soon_after_the_stroke(visit) -> None:
    page = visit().open("/")
    draw(page, SEVEN)
    expect(page.locator(CNN)).to_have_text("7")
    page.evaluate("""() => {
        const waits = [];
        let started;
        document.querySelector("drawing-pad").addEventListener("drawing", ({ detail }) => {
            if (detail.done) started = performance.now();
        });
        new MutationObserver(() => {
            waits.push(performance.now() - started);
            document.body.dataset.waits = JSON.stringify(waits);
        }).observe(document.querySelector("model-answer .latency"), { childList: true });
    }""")
    for stroke in range(5):
        draw(page, [(0.4, 0.5), (0.6, 0.5)])
        expect(page.locator("body")).to_have_attribute("data-waits", re.compile(r"^[^,]*" + r",[^,]*" * stroke))
    waits = json.loads(page.locator("body").get_attribute("data-waits"))
    print(f"answer after the stroke: {[round(wait) for wait in waits]} ms")
    assert min(waits) < 100


def test_only_the_newest_drawing_is_answered_when_strokes_come_fast(visit) -> None:
    page = visit().open("/")
    draw(page, SEVEN)
    for _ in range(6):
        page.get_by_role("button", name="Undo", exact=True).click()
        page.get_by_role("button", name="Redo", exact=True).click()
    expect(page.locator(CNN)).to_have_text("7")


def test_a_server_that_is_gone_is_said_in_words(visit) -> None:
    window = visit()
    page = window.open("/")
    page.route("**/predict/**", lambda route: route.abort())
    draw(page, SEVEN)
    expect(page.locator(".verdict")).to_have_text("No answer: the server cannot be reached")
    window.complaints.clear()  # Chromium itself notes each request that failed


def test_a_drawing_gives_the_same_picture_in_light_and_dark(visit) -> None:
    pictures = []
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme).open("/")
        draw(page, SEVEN)
        pictures.append(page.evaluate("document.querySelector('drawing-pad').toPicture()"))
    assert pictures[0] == pictures[1]


def test_without_javascript_the_page_leads_to_the_upload(visit) -> None:
    page = visit(java_script_enabled=False).open("/")
    page.get_by_role("link", name="Upload a picture instead").click()
    assert page.url.endswith("/upload")


def test_the_first_page_is_light(visit) -> None:
    page = visit().page
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(visit().server.url + "/")
    page.wait_for_load_state("networkidle")
    print(f"first page: {len(sizes)} requests, {sum(sizes) / 1024:.0f} KB")
    assert sum(sizes) < 150 * 1024
