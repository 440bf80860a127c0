"""A real server and a real Chromium; every page's console and requests are watched."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.web.serving import Server

# The shell is Chromium without windows and menus: a page takes a third of the processor time.
WHOLE = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM = shutil.which("chromium-headless-shell") or WHOLE
PATIENCE = 60_000  # milliseconds; pages share the cores with other tests and with trainings
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # one window after another is open: a process of its own for each of its pages
    "--disable-site-isolation-trials",  # and frames costs a quarter of its processor time
]


@dataclass
class Watched:
    """A page, and everything it complained about or asked for."""

    page: Page
    server: Server
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.server.url + path)
        return self.page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        missing = pytest.fail if "CI" in os.environ else pytest.skip  # there, .ci/run installs it
        missing("chromium is not installed")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Callable[..., Watched]]:
    """Return a function that opens a fresh browser window; afterwards nothing may have been complained about."""
    windows: list[Watched] = []

    def opened(**options: Any) -> Watched:
        context = browser.new_context(**{"locale": "en", "viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE)
        watched = Watched(context.new_page(), server)
        watched.page.on("console", lambda message: _note(watched, message.type, message.text))
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        watched.page.on("request", lambda request: watched.requests.append(request.url))
        windows.append(watched)
        return watched

    yield opened
    for window in windows:
        window.page.context.close()
        assert window.complaints == []
        foreign = [url for url in window.requests if not url.startswith((window.server.url, "data:", "blob:"))]
        assert foreign == []


def _note(watched: Watched, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        watched.complaints.append(text)
