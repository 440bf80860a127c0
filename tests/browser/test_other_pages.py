"""Upload, models, themes and languages in real Chromium."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect
from tests.browser.hand import SEVEN, draw
from tests.browser.measure import faults, faults_in_light_and_dark, overflow
from tests.web.serving import Server, copy_model, serving, seven_png
from tests.web.training import cancel_all

import rabisco.web

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 375, "height": 812}
WIDTHS: tuple[ViewportSize, ...] = (PHONE, {"width": 768, "height": 1024}, {"width": 1440, "height": 900})
AUTOMOBILE = Path(rabisco.web.__file__).parent / "static" / "examples" / "automobile.png"
SENT = """() => performance.getEntriesByType("resource")
    .filter(({ name, transferSize }) => name.includes("/static/") && transferSize > 0).map(({ name }) => name)"""
PASTE = """([kind, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], `${kind}.png`, { type: "image/png" }));
    const target = document.querySelector("drop-zone");
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
        : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
    target.dispatchEvent(event);
}"""
TOO_SMALL = """() => [...document.querySelectorAll("button, nav a, .pens label, .button")]
    .filter((element) => element.checkVisibility())
    .map((element) => [element.textContent.trim() || element.ariaLabel, element.getBoundingClientRect()])
    .filter(([, box]) => box.height < 42 || box.width < 42).map(([name]) => name)"""


@pytest.fixture(scope="module")
def with_another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one model more than two."""
    home = tmp_path_factory.mktemp("another")
    copy_model(home, "a-model-with-quite-a-long-name")
    with serving(home, trainings=0) as running:
        yield running


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    good, bad = tmp_path / "seven.png", tmp_path / "notes.png"
    good.write_bytes(seven_png())
    bad.write_text("not a picture")
    return [good, bad]


@pytest.mark.parametrize("javascript", [True, False])
def test_uploaded_pictures_are_shown_with_their_answers(visit, pictures: list[Path], javascript: bool) -> None:
    page = visit(java_script_enabled=javascript, viewport=PHONE).open("/upload")
    page.set_input_files("#file", pictures)
    if not javascript:  # which sends what was chosen by itself
        page.get_by_role("button", name="Read them").click()
    expect(page.get_by_role("heading", name="1 picture read")).to_be_visible()
    expect(page.locator(".results .character")).to_have_text(["7", "7"])
    expect(page.locator(".results")).to_contain_text("This file is not a picture we can read")
    if javascript:
        assert faults_in_light_and_dark(page) == []


def test_a_picture_can_be_pasted_and_dropped_but_a_link_cannot(visit) -> None:
    page = visit().open("/upload")
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/uri-list", "https://example.org/seven.png");
            const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
            document.body.dispatchEvent(event);
        }"""
    )
    expect(page.get_by_role("alert")).to_contain_text("save the picture first")
    for kind in ("paste", "drop"):
        page.locator("drop-zone:defined").wait_for()
        page.evaluate(PASTE, [kind, base64.b64encode(seven_png()).decode()])
        expect(page.locator(".results")).to_contain_text(f"{kind}.png")
        expect(page.locator(".results .character")).to_have_text(["7", "7"])
    expect(page.get_by_text("Take a photo")).to_be_hidden()  # a desk has no camera


def test_a_phone_takes_a_photo_which_is_read_at_once(visit) -> None:
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True).open("/upload")
    expect(page.get_by_text("Take a photo")).to_be_visible()
    camera = page.get_by_label("Take a photo")
    assert camera.get_attribute("capture") == "environment"
    camera.set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": seven_png()})
    expect(page.locator(".results .character")).to_have_text(["7", "7"])
    expect(page.locator(".results")).to_contain_text("photo.png")


def test_a_model_of_photos_says_its_words_within_a_phone(visit) -> None:
    window = visit(viewport=PHONE)
    page = window.open("/upload?model=cifar10-cnn&model=mnist-cnn")
    page.set_input_files("#file", AUTOMOBILE)
    expect(page.locator(".results .character").first).to_have_text("automobile")
    expect(page.locator(".results .bars.words .bar").first).to_be_visible()
    assert overflow(page) <= 0
    assert faults_in_light_and_dark(page) == []
    page = window.open("/?model=cifar10-cnn&model=mnist-cnn")
    draw(page, SEVEN)
    expect(page.locator("model-answer .character")).to_have_text(["7"])  # photographs are not drawn
    assert overflow(page) <= 0
    assert faults_in_light_and_dark(page) == []


def test_the_theme_follows_the_system_until_it_is_chosen_and_stays_chosen(visit) -> None:
    page = visit(color_scheme="dark").open("/")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Switch between light and dark").click()
    light = page.evaluate(paper)
    assert light != dark
    page.reload()
    assert page.evaluate(paper) == light
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(paper) == dark


def test_ink_changes_with_the_theme_while_the_picture_of_the_drawing_stays(visit) -> None:
    page = visit(color_scheme="light").open("/")
    draw(page, SEVEN)
    ink = "document.querySelector('drawing-pad canvas').toDataURL()"
    picture = "document.querySelector('drawing-pad').toPicture()"
    light, sent = page.evaluate(ink), page.evaluate(picture)
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(ink) != light
    assert page.evaluate(picture) == sent
    # What is drawn in the dark gives the same picture.
    page.get_by_role("button", name="Clear").click()
    draw(page, SEVEN)
    assert page.evaluate(picture) == sent


def test_the_language_switches_and_stays_on_every_page(visit) -> None:
    page = visit().open("/models")
    page.get_by_role("link", name="Português").click()
    expect(page.get_by_role("heading", name="Modelos")).to_be_visible()
    page.get_by_role("link", name="Desenhar").click()
    draw(page, SEVEN)
    expect(page.locator(".verdict")).to_have_text("Os dois modelos leem 7.")
    expect(page.locator(".bars .percent").first).to_contain_text(",")


@pytest.mark.parametrize("language", ["en", "pt", "es", "fr", "ru"])
def test_every_page_fits_its_window_and_fingers_and_has_no_fault(visit, pictures: list[Path], language: str) -> None:
    window = visit(locale=language)
    window.server.post("/training", json={"dataset": "digits", "preset": "seconds"})  # one to show; it begins none
    cancel_all(window.server)
    for path in ("/", "/upload", "/models", "/models/cnn", "/docs", "/about", "/runs"):
        window.page.set_viewport_size(PHONE)  # opened where it is narrowest
        page = window.open(path)
        if path != "/models/cnn":
            assert page.evaluate(TOO_SMALL) == [], path
        if path == "/":
            draw(page, SEVEN)
            expect(page.locator(".character").first).to_have_text("7")
            page.locator("request-code summary").first.click()
        if path == "/upload":
            page.set_input_files("#file", pictures)
            expect(page.locator(".results")).to_be_visible()
        for size in WIDTHS:
            page.set_viewport_size(size)
            assert overflow(page) <= 0, (path, size, language)
        if path in ("/", "/models/cnn") and language != "en":  # of which `test_accessibility` measures more
            assert faults(page) == [], path
    window.page.set_viewport_size({"width": 320, "height": 568})
    assert overflow(window.open("/models/cifar10-cnn")) <= 0  # whose classes have long names


@pytest.mark.parametrize("path", ["/", "/upload", "/train", "/models/mnist-cnn", "/docs", "/assistant"])
def test_all_modules_of_a_page_are_named_in_it_and_the_next_one_asks_for_none_again(visit, path: str) -> None:
    window = visit()
    page = window.open(path)
    named = page.locator("link[rel=modulepreload], script[type=module]")
    addresses = {one.evaluate("(element) => element.href || element.src") for one in named.all()}
    asked = {url for url in window.requests if url.endswith(".js")}
    assert asked == addresses
    assert len(asked) > 3
    assert asked <= set(page.evaluate(SENT))
    window.open(path)
    assert page.evaluate(SENT) == []


@pytest.mark.parametrize("javascript", [True, False])
def test_models_are_chosen_once_there_are_more_than_two(
    visit, with_another: Server, pictures: list[Path], javascript: bool
) -> None:
    window = visit(java_script_enabled=javascript, viewport=PHONE)
    window.server = with_another
    page = window.open("/")
    if javascript:
        assert faults_in_light_and_dark(page) == []
    page.get_by_text("Choose models").click()
    page.get_by_label("Second model").select_option("a-model-with-quite-a-long-name")
    page.get_by_role("button", name="Read with these").click()
    expect(page.locator("model-answer h2")).to_have_text(
        ["Neural network", "a-model-with-quite-a-long-name Neural network"]
    )
    assert overflow(page) <= 0
    page = window.open("/upload")
    if javascript:
        assert faults_in_light_and_dark(page) == []
    page.get_by_label("First model").select_option("mnist-linear")
    page.set_input_files("#file", pictures)
    if not javascript:
        page.get_by_role("button", name="Read them").click()
    expect(page.locator(".results th[scope=col]")).to_have_text(["Picture", "Linear model"])
    expect(page.locator(".results .character")).to_have_text(["7"])
