"""The code beside a drawing is exactly its request: it is run here, and can be copied with and without a clipboard."""

import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect
from tests.browser.hand import SEVEN, draw

pytestmark = pytest.mark.browser

COMMANDS = {
    "curl": ["bash", "-c"],
    "python": [sys.executable, "-W", "error", "-c"],
    "javascript": ["node", "--input-type=module", "--eval"],
}
NO_CLIPBOARD = "Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })"
NO_COPYING = "Document.prototype.execCommand = () => false"


def opened(page: Page) -> Page:
    """Draw a seven and open the code."""
    expect(page.locator("request-code")).to_be_hidden()
    draw(page, SEVEN)
    page.get_by_text("Use the API").click()
    whole = page.locator("drawing-pad").evaluate("pad => pad.toPicture()")  # not what was read while the pen moved
    expect(page.locator("request-code code").first).to_contain_text(whole)
    return page


def code(page: Page, language: str) -> str:
    return page.locator(f"[data-language={language}] code").text_content() or ""


def test_the_code_runs_as_it_stands_is_copied_and_follows_the_drawing(visit) -> None:
    page = opened(visit(permissions=["clipboard-read", "clipboard-write"]).open("/"))
    # It reads the same wherever it runs.
    there = [language for language, (program, *_) in COMMANDS.items() if shutil.which(program)]
    for language in there:
        command = [*COMMANDS[language], code(page, language)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith(('{"predictions":[{"category":"7"', "7\n")), result.stdout
    # It is copied to the clipboard.
    page.get_by_role("button", name="Copy: Python").click()
    expect(page.locator("[data-language=python] [role=status]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == code(page, "python")
    # It follows the drawing and goes with it.
    before = code(page, "curl")
    draw(page, [(0.4, 0.5), (0.6, 0.5)])
    expect(page.locator("[data-language=curl] code")).not_to_have_text(before)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("request-code")).to_be_hidden()
    if missing := COMMANDS.keys() - there:
        pytest.skip(f"not installed is what runs {', '.join(missing)}")


def test_without_a_clipboard_it_is_copied_by_selecting_it(visit) -> None:
    window = visit()
    window.page.add_init_script(NO_CLIPBOARD)
    page = opened(window.open("/"))
    status = page.locator("[data-language=curl] [role=status]")
    page.get_by_role("button", name="Copy: curl").click()
    expect(status).to_have_text("Copied")
    # Where nothing may be copied, it is only selected.
    page.evaluate(NO_COPYING)
    page.evaluate("getSelection().removeAllRanges()")
    page.get_by_role("button", name="Copy: curl").click()
    expect(status).to_contain_text("Ctrl+C")
    assert page.evaluate("getSelection().toString()").replace("\r", "") == code(page, "curl")
