"""A click on a figure shows the images behind it: by mouse, by keyboard, on a phone, without scripts."""

import pytest
from playwright.sync_api import expect
from tests.browser.measure import faults, overflow

from rabisco.artifacts import load_artifact

pytestmark = pytest.mark.browser


def cell(page, row: int, column: int) -> None:
    """Click a cell of the confusion matrix of ten classes."""
    point = page.locator("confusion-matrix svg").evaluate(
        """(svg, [x, y]) => {
             const point = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
             return [point.x, point.y];
           }""",
        [column * 10 + 5, row * 10 + 5],
    )
    page.mouse.click(*point)


def test_a_cell_a_bar_and_a_class_lead_to_their_images(visit) -> None:
    page = visit().open("/models/mnist-linear")
    page.locator("confusion-matrix").scroll_into_view_if_needed()
    cell(page, 4, 9)
    sheet = page.locator("dialog.image-sheet")
    expect(sheet.get_by_role("heading")).to_have_text("4 read as 9")
    count = load_artifact("mnist-linear").card.confusions[4][9]
    expect(sheet).to_contain_text(f"{count} test images of mnist")
    expect(sheet.locator(".test-images li")).to_have_count(min(count, 48))
    for text in sheet.locator(".test-images li p").all_inner_texts():
        assert text.split()[0] == "4"
        assert text.split()[-2] == "9"
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    # A bar, however few images it has, is found by keyboard and by mouse.
    bars = page.locator(".bars-of-counts a")
    counts = [int(bar.get_attribute("aria-label").split()[-2].replace(",", "")) for bar in bars.all()]
    assert sum(counts) == 10_000
    rarest = counts.index(min(counts))
    bars.nth(rarest).focus()
    page.keyboard.press("Enter")
    expect(sheet.get_by_role("heading")).to_contain_text("Confidence from")
    expect(sheet.locator(".test-images li")).to_have_count(min(counts))
    page.keyboard.press("Escape")
    box = bars.nth(rarest).bounding_box()
    assert box["height"] > 40
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)
    expect(sheet.locator(".test-images li")).to_have_count(min(counts))
    page.keyboard.press("Escape")
    page.locator(".by-class a[href*='category=3']").first.press("Enter")
    expect(sheet.get_by_role("heading")).to_have_text("Class 3")
    assert all(text.split()[0] == "3" for text in sheet.locator(".test-images li p").all_inner_texts())


def test_by_keyboard_on_a_phone_and_with_axe(visit) -> None:
    page = visit(viewport={"width": 375, "height": 812}, has_touch=True).open("/models/mnist-linear")
    page.locator("confusion-matrix [tabindex]").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    sheet = page.locator("dialog.image-sheet")
    expect(sheet.get_by_role("heading")).to_be_focused()
    expect(sheet.locator(".test-images img").first).to_be_visible()
    assert faults(page) == []
    assert overflow(page) <= 0
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_a_damage_and_what_both_models_misread_lead_to_their_images(visit) -> None:
    page = visit().open("/compare")
    sheet = page.locator("dialog.image-sheet")
    page.locator("svg[data-images*='damage=translation']").last.click()
    expect(sheet.get_by_role("heading")).to_have_text("Misread · Moved by 3 pixels")
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_text("Both models are wrong").locator("xpath=..").get_by_role("link").click()
    expect(sheet.get_by_role("heading")).to_have_text("Both models are wrong")
    first = sheet.locator(".test-images li").first
    expect(first.locator(".misread")).to_have_count(2)
    assert faults(page) == []


def test_without_scripts_the_number_is_a_link(visit) -> None:
    page = visit(java_script_enabled=False).open("/models/mnist-linear")
    page.locator(".mistakes a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("read as")
    expect(page.locator(".test-images img").first).to_be_visible()


def test_a_report_opens_from_a_file_without_a_request(visit, browser, server, tmp_path) -> None:
    page = visit().open("/compare")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the report").click()
    path = tmp_path / "report.html"
    waiting.value.save_as(path)
    context = browser.new_context(viewport={"width": 375, "height": 812})
    alone, asked, said = context.new_page(), [], []
    alone.on("request", lambda request: asked.append(request.url))
    alone.on("console", lambda message: said.append(message.text))
    alone.goto(path.as_uri())
    expect(alone.get_by_role("heading", level=1)).to_have_text("mnist-cnn and mnist-linear")
    assert [one for one in asked if not one.startswith("data:")] == [path.as_uri()]
    assert said == []
    assert overflow(alone) <= 0
    assert faults(alone) == []
    alone.emulate_media(media="print", color_scheme="dark")
    on_paper = (
        "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.documentElement).colorScheme"
    )
    assert alone.evaluate(on_paper) == "rgb(255, 255, 255)light"
    cut = alone.evaluate(
        "[...document.querySelectorAll('figure, .lines, .dots, .examples')].filter(one => "
        "!one.parentElement.closest('.beside') && getComputedStyle(one).breakInside !== 'avoid').length"
    )
    assert cut == 0
    context.close()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="PNG").click()
    assert waiting.value.path().read_bytes().startswith(b"\x89PNG")
