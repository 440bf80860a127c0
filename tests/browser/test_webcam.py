"""A picture taken with the computer's camera on the upload page: Chromium has one that shows a test pattern."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tests.browser.conftest import ARGUMENTS, WHOLE
from tests.browser.measure import faults
from tests.web.serving import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def with_camera(browser: Browser) -> Iterator[Browser]:
    """Chromium with a camera that shows a moving pattern; its shell has none."""
    if not WHOLE:
        pytest.skip("chromium is not installed")
    arguments = [*ARGUMENTS, "--use-fake-device-for-media-stream"]
    chromium = browser.browser_type.launch(executable_path=WHOLE, args=arguments)
    yield chromium
    chromium.close()


def test_a_picture_of_the_webcam_is_read(with_camera: Browser, server: Server) -> None:
    context = with_camera.new_context(base_url=server.url, permissions=["camera"], locale="en")
    page = context.new_page()
    page.goto("/upload")
    page.get_by_role("button", name="Use the webcam").click()
    expect(page.get_by_role("button", name="Take the picture")).to_be_enabled()
    assert page.locator("video").evaluate("video => video.videoWidth") > 0
    assert faults(page) == []
    page.get_by_role("button", name="Cancel").click()
    assert page.locator("video").evaluate("video => video.srcObject") is None  # and the lamp is off
    page.get_by_role("button", name="Use the webcam").click()
    page.get_by_role("button", name="Take the picture").click()
    expect(page.locator(".results .name")).to_have_text("webcam.png")
    context.close()


def test_a_camera_that_is_denied_is_said_to_be(with_camera: Browser, server: Server) -> None:
    context = with_camera.new_context(base_url=server.url, locale="en")
    page = context.new_page()
    page.goto("/upload")
    page.get_by_role("button", name="Use the webcam").click()
    expect(page.locator("webcam-picture [role=status]")).to_contain_text("does not let this page use the camera")
    expect(page.get_by_role("button", name="Take the picture")).to_be_disabled()
    context.close()


def test_no_other_page_may_use_the_camera(server: Server) -> None:
    assert "camera=()" in server.get("/", headers={"Accept": "text/html"}).headers["Permissions-Policy"]
    assert "camera=(self)" in server.get("/upload", headers={"Accept": "text/html"}).headers["Permissions-Policy"]
