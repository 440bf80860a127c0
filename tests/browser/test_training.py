"""Training from the page in real Chromium: upload, look, train, watch from two windows, try the new model."""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.hand import SEVEN, draw
from tests.browser.measure import faults, overflow
from tests.web.serving import Server, serving
from tests.web.training import cancel_all, digits_csv, looked_through, send

pytestmark = [pytest.mark.browser, pytest.mark.training]

FEW = (0, 190)  # digits, whose validation images are too few to learn from what is to be refused
TRAINED = 480_000  # milliseconds; a machine whose cores train something else is slow to start Keras


@pytest.fixture(scope="module")
def training_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, with two processes: each answers, one of them starts trainings."""
    with serving(tmp_path_factory.mktemp("training"), workers=2) as running:
        yield running
        cancel_all(running)


@pytest.fixture
def csv_files(tmp_path: Path) -> tuple[Path, Path]:
    train, test = tmp_path / "digits.csv", tmp_path / "digits-test.csv"
    train.write_bytes(digits_csv(0, 1500, wide=True))
    test.write_bytes(digits_csv(1500, wide=True))
    return train, test


def points(page: Page) -> list[str | None]:
    """Return how many points the curves of accuracy and loss have."""
    return [place.get_attribute("data-points") for place in page.locator("[data-curve]").all()]


def test_upload_look_train_watch_download_and_draw(visit, training_server: Server, csv_files) -> None:
    window = visit(color_scheme="dark", reduced_motion="reduce", viewport={"width": 375, "height": 812})
    window.server = training_server
    page = window.open("/entrainer-le-modele")
    assert faults(page) == []
    page.get_by_label("Training data").set_input_files(csv_files[0])
    page.get_by_label("Test data (optional)").set_input_files(csv_files[1])
    page.get_by_role("button", name="Check the data first").click()

    expect(page.get_by_role("heading", name="What the model will see")).to_be_visible(timeout=TRAINED)
    assert page.locator(".classes li").count() == 10
    assert faults(page) == []
    assert overflow(page) <= 0
    page.get_by_label("Name of the model").fill("from-the-page")
    page.get_by_role("button", name="Just try it, in seconds").click()

    expect(page.locator("run-progress")).to_be_visible()
    other = visit()
    other.server = training_server
    second = other.open(page.url.removeprefix(training_server.url))
    assert faults(page) == []
    expect(page.locator("[data-curve=loss] path.curve").first).to_be_visible(timeout=TRAINED)
    page.reload()
    expect(page.get_by_role("heading", name="Training succeeded")).to_be_visible(timeout=TRAINED)
    expect(second.get_by_role("heading", name="Training succeeded")).to_be_visible()
    epochs = page.locator(".epochs tr").count()
    assert 4 <= epochs <= 12  # as many as a minute was enough for
    for shown in (page, second):
        expect(shown.locator("[data-curve=loss] path.curve").first).to_be_visible()
        expect(shown.locator(".epochs tr")).to_have_count(epochs)
    assert points(page) == points(second)
    assert all(int(count.split()[0]) >= epochs for count in points(page))
    before = points(page)
    page.reload()
    expect(page.locator("[data-curve=loss] path.curve").first).to_be_visible()
    assert points(page) == before
    expect(page.locator(".outcome .figure")).to_contain_text("accuracy")
    assert "95% interval" in page.locator(".outcome").inner_text()
    curve = page.get_by_role("slider", name=f"Accuracy after {epochs} epochs")
    curve.press("Home")
    expect(page.locator(".curve-values").first).to_contain_text("Epoch 1: training images")
    assert faults(page) == []

    with page.expect_download() as download:
        page.get_by_role("link", name="pesos.h5").click()
    digest = hashlib.sha256(download.value.path().read_bytes()).hexdigest()
    card = training_server.get("/models/from-the-page/card.json").json()
    assert digest in json.dumps(card)
    assert float(card["metrics"]["test_accuracy"]) > 0.5

    page.get_by_role("link", name="Try it: draw").click()
    draw(page, SEVEN)
    answered = re.compile("read|refused")
    expect(page.locator("model-answer[data-model='from-the-page']")).to_have_attribute("data-state", answered)
    compared_with_the_bundled_one(page)


def compared_with_the_bundled_one(page: Page) -> None:
    """Measure the model just trained and the bundled one on the same images, from its card."""
    page.locator("model-answer[data-model='from-the-page'] .facts a").click()
    page.get_by_role("main").get_by_role("link", name="Compare").click()
    expect(page.locator("table .badge").first).to_have_text("other images")
    page.get_by_role("button", name="Measure both on the same images").click()
    expect(page.locator(".headline")).to_contain_text("297 images", timeout=TRAINED)
    expect(page.locator(".headline")).to_contain_text("times as")
    expect(page.get_by_role("row", name="Accuracy on the same images")).to_contain_text("297 test images")
    assert faults(page) == []
    assert overflow(page) <= 0


def test_without_javascript_the_page_ends_with_success_and_accuracy(visit, training_server: Server) -> None:
    window = visit(java_script_enabled=False)
    window.server = training_server
    page = window.open("/train")
    for label, data in {"Training data": digits_csv(*FEW), "Test data (optional)": digits_csv(1700)}.items():
        page.get_by_label(label).set_input_files({"name": "digits.csv", "mimeType": "text/csv", "buffer": data})
    page.get_by_role("button", name="Check the data first").click()
    page.get_by_label("Kind of model").select_option("linear", timeout=TRAINED)
    page.get_by_label("Epochs").fill("2")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("heading", name="Training succeeded")).to_be_visible(timeout=TRAINED)
    expect(page.locator(".outcome .figure")).to_contain_text("accuracy")
    expect(page.locator(".epochs tr")).to_have_count(2)


def test_stop_keeps_the_best_and_cancel_ends_at_once(visit, training_server: Server) -> None:
    window = visit(reduced_motion="reduce")
    window.server = training_server
    upload = looked_through(training_server, send(training_server, train=digits_csv(*FEW))["id"])
    page = window.open(f"/uploads/{upload['id']}")
    page.get_by_label("Kind of model").select_option("linear")
    page.get_by_label("Epochs").fill("9000")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".epochs tr").first).to_be_attached(timeout=TRAINED)
    page.get_by_role("button", name="Stop and keep the best").click()
    expect(page.get_by_role("heading", name="the best so far kept")).to_be_visible(timeout=TRAINED)
    expect(page.locator(".outcome .figure")).to_contain_text("accuracy")
    assert faults(page) == []

    page.get_by_role("button", name="Resume").click()
    expect(page.locator("[data-fact=phase]")).to_have_text("training", timeout=TRAINED)
    asked = time.monotonic()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Training was cancelled")).to_be_visible()
    print(f"cancelled after {time.monotonic() - asked:.1f} s")
    assert faults(page) == []
    page.get_by_label("Name", exact=True).fill("A run of mine")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="A run of mine")).to_be_visible()
    page.get_by_label("Notes").fill("did not finish")
    page.get_by_role("button", name="Keep the notes").click()
    expect(page.get_by_label("Notes")).to_have_value("did not finish")
    page = window.open("/runs?state=cancelled")
    assert faults(page) == []
    page.get_by_role("link", name="A run of mine").click()
    page.get_by_text("Delete this training…").click()
    page.get_by_role("button", name="Delete it for good").click()
    expect(page.get_by_role("heading", name="Trainings")).to_be_visible()
    expect(page.get_by_role("link", name="A run of mine")).to_have_count(0)


def test_labels_that_look_wrong_are_left_out_by_keyboard_on_a_phone(visit, training_server: Server) -> None:
    window = visit(viewport={"width": 375, "height": 812}, has_touch=True, color_scheme="dark")
    window.server = training_server
    head, *rows = digits_csv(0, 400).decode().splitlines()
    rows[:6] = [f"{(int(row[0]) + 5) % 10}{row[1:]}" for row in rows[:6]]
    upload = looked_through(training_server, send(training_server, train="\n".join([head, *rows]).encode())["id"])
    page = window.open(f"/uploads/{upload['id']}")
    page.get_by_role("link", name="Look for label errors").press("Enter")
    page.get_by_role("button", name="Look for label errors").press("Enter")
    suspected = page.locator("[name=leave_out]")
    expect(suspected.first).to_be_visible(timeout=TRAINED)
    assert faults(page) == []
    assert overflow(page) <= 0
    key = suspected.first.get_attribute("value")
    suspected.first.press("Space")
    page.get_by_role("button", name="Leave out and train again").press("Enter")
    expect(page.locator("run-progress")).to_be_visible()
    run = training_server.get(page.url.removeprefix(training_server.url), headers={"Accept": "application/json"})
    assert run.json()["request"]["leave_out"] == [key]
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(page.get_by_role("heading", name="Training was cancelled")).to_be_visible()
