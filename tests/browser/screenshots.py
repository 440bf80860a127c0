"""Pictures of every page and state, at three widths in both themes: ``python -m tests.browser.screenshots [part …]``.

They go into ``screenshots/``, which git ignores; parts of their names choose some of them. A home of its own is used,
whose models are the bundled ones and a copy.
"""

import json
import string
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.hand import SEVEN, draw
from tests.web.serving import copy_model, serving, seven_png
from tests.web.training import digits_csv

from rabisco.characters import alike

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
WIDTHS = {375: 812, 768: 1024, 1440: 900}
SCHEMES = ("light", "dark")
TOKEN = "a-token-of-some-length"

Act = Callable[[Page], None]


def drawn(page: Page) -> None:
    """Draw a seven and wait until it is read."""
    draw(page, SEVEN)
    page.locator("model-answer[data-state=read]").first.wait_for()


def uploaded(page: Page) -> None:
    """Send a picture that can be read and a file that cannot."""
    good = {"name": "seven.png", "mimeType": "image/png", "buffer": seven_png()}
    page.set_input_files("#file", [good, {**good, "name": "notes.png", "buffer": b"not a picture"}])
    page.locator(".results").wait_for()


def looked_inside(page: Page) -> None:
    """Draw a seven and open what the models computed."""
    drawn(page)
    page.locator("[data-inside] > summary").click()
    page.locator("[data-part=flips] .shown > *").first.wait_for()


def shown_to_a_class(page: Page) -> None:
    """Draw a seven on the page for a class."""
    draw(page, SEVEN)
    page.locator(".template").nth(9).wait_for()


def scribbled(page: Page) -> None:
    """Draw what is no digit and wait until it is refused."""
    for number in range(12):
        draw(page, [(0.1 + number * 0.07, 0.1), (0.9 - number * 0.07, 0.9)])
    page.locator("model-answer[data-state=refused]").first.wait_for()


def written(page: Page) -> None:
    """Let the page draw its example of several characters and wait until it is read."""
    page.locator("[data-tool=play]").click()
    page.locator("row-answer[data-state=read]").first.wait_for()


def asked_for_code(page: Page) -> None:
    """Draw a seven, and unfold the same as code and the correction."""
    drawn(page)
    page.locator("request-code summary").click()
    page.locator("correction-form summary").click()
    page.locator("what-mattered img:visible").nth(1).wait_for()


def corrected(page: Page) -> None:
    """Store a correction of an uploaded picture."""
    page.set_input_files("#file", {"name": "seven.png", "mimeType": "image/png", "buffer": seven_png()})
    page.locator(".correct summary").click()
    page.locator(".consent input").check()
    page.locator(".correct .chips button").first.click()
    page.get_by_text("Learned").wait_for()
    page.goto(page.url.replace("/upload", "/corrections"))


def looked_through(page: Page) -> None:
    """Send a table to be trained on, with a bad row, and wait for what is found."""
    table = digits_csv(0, 300) + b"4,1,2,3\n"
    page.set_input_files("#train", {"name": "digits.csv", "mimeType": "text/csv", "buffer": table})
    page.locator("file-sender button").first.click()
    page.locator(".classes").wait_for(timeout=60_000)


def training(page: Page, *, until: str, **asked: object) -> None:
    """Show the training that was asked for like this before, or a new one, once it shows this."""
    server = page.url.removesuffix("/runs")
    runs = requests.get(f"{server}/runs", timeout=20).json()["runs"]
    known = [run["id"] for run in runs if run["name"] == asked["name"]]
    run = known[0] if known else requests.post(f"{server}/training", json=asked, timeout=20).json()["id"]
    page.goto(f"{server}/runs/{run}")
    page.locator(until).first.wait_for(state="attached", timeout=300_000)  # a live table is folded


def trained(page: Page) -> None:
    """Show a training that has succeeded."""
    training(page, until=".outcome .figure", dataset="digits", preset="seconds", name="evening")


def running(page: Page) -> None:
    """Show a training that goes on, after an epoch."""
    asked = {"dataset": "digits", "model": "cnn-tiny", "epochs": 30, "name": "all-night"}
    training(page, until=".epochs tr:nth-child(3)", **asked)


def opened(page: Page) -> None:
    """Open everything that can be unfolded."""
    for summary in page.locator("summary").all():
        summary.click()


def tried(page: Page) -> None:
    """Send the request of a form on the documentation."""
    form = page.locator("#try-predict")
    form.locator("summary").first.click()
    form.get_by_label("steps").fill("1")
    form.locator("button.button").first.click()
    form.locator(".pictures img").first.wait_for()


# Name of the picture -> address, and what is done there first.
STATES: dict[str, tuple[str, Act | None]] = {
    "draw": ("/", None),
    "draw-read": ("/", drawn),
    "draw-inside": ("/", looked_inside),
    "projector": ("/projector", shown_to_a_class),
    "draw-refused": ("/", scribbled),
    "draw-code": ("/", asked_for_code),
    "draw-many": ("/?characters=many", written),
    "upload": ("/upload", None),
    "upload-read": ("/upload", uploaded),
    "train": ("/train", None),
    "train-found": ("/train", looked_through),
    "run-succeeded": ("/runs", trained),
    "run-live": ("/runs", running),
    "compare": ("/compare", None),
    "compare-read": ("/compare?model=cnn&model=linear&model=a-copy", drawn),
    "compare-open": ("/compare", opened),
    "compare-one": ("/compare?model=cnn", None),
    "assistant": ("/assistant", None),
    "assistant-asked": ("/model?question=Why%20is%20a%207%20read%20as%20a%201%3F", None),
    "models": ("/models", None),
    "model": ("/models/cnn", opened),
    "model-confused": ("/models/a-copy", opened),
    "model-characters": ("/models/all-characters", None),
    "docs": ("/docs", None),
    "docs-tried": ("/docs", tried),
    "corrections": ("/corrections", None),
    "corrections-some": ("/upload", corrected),
    "runs": ("/runs", None),
    "not-found": ("/nothing-here", None),
    "compare-ru": ("/compare?lang=ru", None),
    "draw-fr": ("/?lang=fr", None),
    "train-pt": ("/train?lang=pt", None),
}
GUARDED: dict[str, tuple[str, Act | None]] = {
    "sign-in": ("/sign-in", None),
    "train-guarded": ("/train", None),
}
WITHOUT_MODELS: dict[str, tuple[str, Act | None]] = {"no-model": ("/", None), "models-none": ("/models", None)}


def main() -> None:
    """Take the pictures whose names hold one of the arguments; without arguments, all."""
    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        copy_model(Path(home), "a-copy")
        give_confusions(Path(home), "a-copy", "0123456789")
        copy_model(Path(home), "all-characters")
        give_confusions(Path(home), "all-characters", string.digits + string.ascii_uppercase + string.ascii_lowercase)
        give_reliability(Path(home), "a-copy")
        servers = (
            (STATES, "", {}),
            (GUARDED, "", {"access_token": TOKEN}),
            (WITHOUT_MODELS, "empty", {"bundled": False}),
        )
        for states, folder, options in servers:
            chosen = {name: state for name, state in states.items() if is_wanted(name)}
            if not chosen:
                continue
            with serving(Path(home) / folder, **options) as server:
                for name, (path, act) in chosen.items():
                    take(chromium, server.url + path, name, act)


def give_confusions(home: Path, name: str, classes: str) -> None:
    """Write confusions into the card of a copied model: there is something to see, most of it between look-alikes."""
    path = home / "artifacts" / name / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    counts = [[confused(row, column, classes) for column in range(len(classes))] for row in range(len(classes))]
    path.write_text(json.dumps({**card, "class_names": list(classes), "confusions": counts}), encoding="utf-8")


def give_reliability(home: Path, name: str) -> None:
    """Write a reliability diagram into the card of a copied model, made up: a little too sure."""
    path = home / "artifacts" / name / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    tenths = [(tenth / 10, (tenth + 1) / 10) for tenth in range(2, 10)]
    rows = [
        {
            "low": low,
            "high": high,
            "count": 20.0 * 3**rank,
            "confidence": low + 0.06,
            "accuracy": low - 0.02 + rank / 100,
        }
        for rank, (low, high) in enumerate(tenths)
    ]
    path.write_text(json.dumps({**card, "reliability": rows}), encoding="utf-8")


def confused(row: int, column: int, classes: str) -> int:
    """Return how many images of one class are read as another, made up."""
    if row == column:
        return 900 + 13 * row % 100
    if alike(classes[row], classes[column]):
        return 120 + 7 * column
    return (row * 31 + column * 17) % 97 // 94 * (1 + (row + column) % 9)


def is_wanted(name: str) -> bool:
    """Return whether the command line asks for this picture."""
    return not sys.argv[1:] or any(part in name for part in sys.argv[1:])


def take(browser: Browser, url: str, name: str, act: Act | None) -> None:
    """Take one state at every width in both themes."""
    for width, height in WIDTHS.items():
        for scheme in SCHEMES:
            with window(browser, width, height, scheme) as page:
                page.goto(url)
                if act:
                    act(page)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
    print(name, flush=True)


@contextmanager
def window(browser: Browser, width: int, height: int, scheme: str) -> Iterator[Page]:
    """Open a fresh window."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        locale="en",
        reduced_motion="reduce",
        device_scale_factor=1,
    )
    yield context.new_page()
    context.close()


if __name__ == "__main__":
    main()
