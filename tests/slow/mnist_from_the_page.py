"""``python -m tests.slow.mnist_from_the_page``: MNIST as CSV, sent, trained on and tried in real Chromium.

Too long for the tests. Prints how long each step took; needs MNIST in RABISCO_DATA_DIR, and Chromium.
"""

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.hand import SEVEN, draw
from tests.web.serving import serving

from rabisco import data
from rabisco.data import Split

HOURS = 3_600_000


def write_csv(path: Path, splits: list[Split]) -> None:
    """Write images as rows of a label and pixels."""
    texts = [str(value) for value in range(256)]
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(["label", *(f"pixel{number}" for number in range(784))]) + "\n")
        for split in splits:
            for image, label in zip(split.images.reshape(len(split), -1), split.labels, strict=True):
                file.write(f"{label}," + ",".join([texts[value] for value in image.tolist()]) + "\n")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print how long a step took."""
    began = time.monotonic()
    yield
    print(f"{name:<12}{time.monotonic() - began:8.1f} s", flush=True)


def main() -> None:
    """Carry it through."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="linear")
    parser.add_argument("--epochs", default="1")
    parser.add_argument("--files", type=Path, default=None)
    asked = parser.parse_args()
    folder = asked.files or Path(tempfile.mkdtemp())
    train, test = folder / "mnist_train.csv", folder / "mnist_test.csv"
    if not test.exists():
        with step("write"):
            mnist = data.load("mnist")
            write_csv(train, [mnist.train, mnist.validation])
            write_csv(test, [mnist.test])
    print(f"{train.stat().st_size / 1e6:.0f} MB and {test.stat().st_size / 1e6:.0f} MB")
    with serving(Path(tempfile.mkdtemp())) as server, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = chromium.new_page(locale="en")
        page.set_default_timeout(HOURS)
        expect.set_options(timeout=HOURS)
        page.goto(f"{server.url}/train")
        page.get_by_label("Training data").set_input_files(train)
        page.get_by_label("Test data (optional)").set_input_files(test)
        with step("upload"):
            page.get_by_role("button", name="Check the data first").click()
            page.wait_for_url("**/uploads/*")
        with step("look"):
            expect(page.get_by_role("heading", name="What the model will see")).to_be_visible()
        counts = server.get(page.url.removeprefix(server.url)).json()["inspection"]
        print(f"found       {counts['train']['rows']:,} and {counts['test']['rows']:,} images")
        page.get_by_label("Kind of model").select_option(asked.model)
        page.get_by_label("Epochs").fill(asked.epochs)
        page.get_by_label("Name of the model").fill("mine")
        with step("train"):
            page.get_by_role("button", name="Train", exact=True).click()
            expect(page.get_by_role("heading", name="Training succeeded")).to_be_visible()
        print("accuracy   ", " ".join(page.locator(".outcome .figure").inner_text().split()))
        with step("download"), page.expect_download() as download:
            page.get_by_role("link", name="pesos.h5").click()
        digest = hashlib.sha256(download.value.path().read_bytes()).hexdigest()
        assert digest in server.get("/models/mine/card.json").text
        page.get_by_role("link", name="Try it: draw").click()
        draw(page, SEVEN)
        answer = page.locator("model-answer[data-model='mine']")
        expect(answer).to_have_attribute("data-state", "read")
        print("a drawn 7 is read as", answer.locator(".character").inner_text())
        chromium.close()


if __name__ == "__main__":
    os.environ.setdefault("RABISCO_DATA_DIR", str(Path(__file__).parents[2] / ".data"))
    main()
