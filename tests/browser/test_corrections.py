"""Corrections in real Chromium: kept with consent, seen, exported, deleted; learned, used and undone."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.hand import ONE, SEVEN, draw
from tests.browser.measure import faults, overflow
from tests.drawing import digit_dataset, save_quickly
from tests.homes import at_home
from tests.web.serving import Server, serving

pytestmark = pytest.mark.browser

PATIENCE = 480_000  # milliseconds; a machine whose cores train something else is slow to start Keras


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose models may learn, with a small one of its own."""
    from rabisco.models import create_model
    from rabisco.training import TrainingConfiguration, train

    home: Path = tmp_path_factory.mktemp("learning")
    model = create_model("linear", (28, 28, 1), 10)
    train(model, digit_dataset(), TrainingConfiguration(epochs=3, batch_size=32))
    with at_home(home):
        save_quickly(model, "small", digit_dataset())
    with serving(home) as running:
        yield running


def correct(page: Page, label: str) -> None:
    """Say what the drawing really is, having read what is asked for."""
    form = page.locator("correction-form")
    form.locator("summary").click()
    consent = form.locator("input[name=consent]")
    if consent.is_visible():  # asked for once
        consent.check()
    form.get_by_role("button", name=label, exact=True).click()
    expect(page.locator(".learned")).to_contain_text(re.compile("Learned|Thank you"))


def test_what_is_kept_with_consent_can_be_seen_exported_and_deleted(visit, tmp_path) -> None:
    window = visit(viewport={"width": 375, "height": 812})
    page = window.open("/")
    draw(page, SEVEN)
    form = page.locator("correction-form")
    form.locator("summary").click()
    form.get_by_role("button", name="1", exact=True).click()
    assert form.locator("input[name=consent]").evaluate("box => box.validity.valueMissing")
    assert [one for one in window.requests if one.endswith("/corrections")] == []
    form.locator("summary").click()
    correct(page, "1")
    page.get_by_role("button", name="Clear").click()
    draw(page, ONE)
    correct(page, "1")
    page.get_by_role("link", name="Your corrections").click()
    expect(page.locator("ol.list li")).to_have_count(2)  # one for each picture, with each model that read it
    for model in ("mnist-cnn", "mnist-linear"):
        expect(page.locator("ol.list li").first.get_by_role("link", name=model)).to_be_visible()
    expect(page.get_by_role("heading", name="Train a model on them")).to_be_visible()
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Export all (zip)").click()
    download.value.save_as(tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert len([name for name in archive.namelist() if name.startswith("images/")]) == 4  # one for each reading
    page.get_by_role("button", name="Delete").first.click()
    expect(page.locator("ol.list li")).to_have_count(1)
    page.get_by_text("Delete all my corrections…").click()
    page.get_by_role("button", name="Delete all permanently").click()
    expect(page.get_by_text("No corrections yet.")).to_be_visible()


@pytest.mark.training
def test_a_model_learns_from_the_page_is_used_and_goes_back(visit) -> None:
    window = visit(color_scheme="dark", viewport={"width": 375, "height": 812})
    page = window.open("/?model=small")
    for points, label in ((SEVEN, "4"), (ONE, "not a character")):
        draw(page, points)
        expect(page.locator(".character").first).not_to_be_empty()
        correct(page, label)
        page.get_by_role("button", name="Clear").click()
    window.open("/corrections")
    page.get_by_role("button", name="Retrain with corrections").click()
    expect(page.locator("run-progress")).to_be_visible()
    expect(page.get_by_role("heading", name="What improved and what got worse")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".mistakes li")).to_have_count(2)
    assert faults(page) == []
    assert overflow(page) <= 0
    use = page.get_by_role("button", name="Use version 4")
    if not use.is_visible():  # nothing was gained, or it got worse beyond noise: asked twice
        page.get_by_text("Use version 4 all the same…").click()
    address = page.url
    use.click()
    expect(page.get_by_role("button", name="Go back to version 3")).to_be_visible()
    page.goto(address)
    expect(page.get_by_text("Version 4 of small answers now.")).to_be_visible()
    page.get_by_role("button", name="Go back to version 3").click()
    page.goto(address)
    expect(page.get_by_text("Version 4 of small answers now.")).to_have_count(0)
