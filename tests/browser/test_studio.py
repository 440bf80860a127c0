"""The studio as `rabisco studio` starts it, drawn upon in a real browser."""

import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
import requests
from playwright.sync_api import Browser, expect
from tests.browser.conftest import PATIENCE
from tests.browser.hand import SEVEN
from tests.web.serving import free_port

pytestmark = [
    pytest.mark.skipif(find_spec("streamlit") is None, reason="streamlit is not installed"),
    pytest.mark.browser,
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "rabisco", "studio", "--port", str(port)])
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            requests.get(f"{url}/_stcore/health", timeout=5)
            break
        except requests.ConnectionError:
            assert process.poll() is None
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(timeout=20)


def test_a_drawn_seven_is_read_by_both_models_and_nothing_is_fetched_from_elsewhere(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    pad = page.frame_locator("iframe").locator("canvas")
    pad.wait_for()
    box = pad.bounding_box()
    assert box
    points = [(box["x"] + 280 * x, box["y"] + 280 * y) for x, y in SEVEN]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()

    answers = page.get_by_test_id("stMetricValue")
    expect(answers).to_have_count(2)
    expect(answers.nth(0)).to_have_text("7")
    expect(answers.nth(1)).to_have_text("7")
    page.frame_locator("iframe").get_by_role("button", name="Clear").click()
    expect(answers).to_have_count(0)
    context.close()
    own = (address, address.replace("http", "ws"), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
