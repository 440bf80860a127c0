"""Every route can be tried on its documentation: by mouse, keyboard and finger, in the dark and in other languages."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.measure import OF_ALIKE, OF_COLORS, faults, faults_in_light_and_dark, overflow
from tests.web.serving import Server, serving, seven_png

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}
TOKEN = "a-token-of-some-length"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for a token."""
    with serving(tmp_path_factory.mktemp("guarded"), access_token=TOKEN, trainings=0) as running:
        yield running


def console(page: Page, operation: str) -> Locator:
    """Open the form of an operation."""
    found = page.locator(f"#try-{operation}")
    found.locator("summary").first.click()
    expect(found.locator(".curl code")).not_to_be_empty()
    return found


def test_a_picture_is_sent_the_answer_shown_and_its_curl_does_the_same(visit, tmp_path: Path) -> None:
    page = visit().open("/docs")
    form = console(page, "predict")
    form.get_by_label("file").set_input_files({"name": "my 7.png", "mimeType": "image/png", "buffer": seven_png()})
    form.get_by_label("?steps").select_option("true")
    expect(form.locator(".curl code")).to_have_text(f"curl -F 'file=@my 7.png' '{page.url[:-5]}/predict?steps=true'")
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".status")).to_contain_text("200 OK · ")
    expect(form.locator(".status")).to_contain_text("ms")
    expect(form.locator(".body")).to_contain_text('"category": "7"')
    expect(form.locator(".pictures img").first).to_be_visible()
    form.get_by_text("Headers").click()
    expect(form.locator(".headers code")).to_contain_text("content-type: application/json")
    # What is sent as the body alone is sent by curl too.
    form = console(page, "predict_with_model")
    (tmp_path / "seven.png").write_bytes(seven_png())
    form.get_by_label("Sent as").select_option("application/octet-stream")
    form.get_by_label("file").set_input_files(tmp_path / "seven.png")
    expect(form.locator(".curl code")).to_contain_text("--data-binary @seven.png")
    command = form.locator(".curl code").text_content()
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    result = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True, timeout=20)
    assert json.loads(result.stdout)["predictions"][0]["category"] == "7"


def test_by_keyboard_alone_and_without_a_picture_a_drawn_seven_is_read(visit) -> None:
    page = visit().open("/docs")
    form = page.locator("#try-predict")
    form.locator("summary").first.focus()
    page.keyboard.press("Enter")
    form.get_by_label("file").focus()
    form.get_by_role("button", name="Send").focus()
    page.keyboard.press("Enter")
    expect(form.locator(".body")).to_contain_text('"category": "7"')


def test_json_is_sent_as_the_document_says_and_refusals_and_files_are_shown(visit) -> None:
    window = visit()
    page = window.open("/docs")
    form = console(page, "store_corrections")
    expect(form.get_by_label("readings")).to_have_value(
        '[{"model":"mnist-cnn","predicted":"1","probability":0.6,"version":0}]'
    )
    form.get_by_label("image").fill("AAAA")
    form.get_by_label("consent").select_option("true")
    expect(form.locator(".curl code")).to_contain_text('"consent":true')
    # A file that is answered can be saved.
    form = console(page, "download_weights")
    form.get_by_role("button", name="Send").click()
    with page.expect_download() as saved:
        form.get_by_role("link", name="Save pesos.h5").click()
    assert saved.value.suggested_filename == "pesos.h5"
    # A refusal is shown as it is.
    form = console(page, "get_model")
    form.get_by_label("name").fill("nobody")
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".status")).to_contain_text("404")
    expect(form.locator(".body")).to_contain_text("urn:rabisco:problem:model-not-found")
    window.complaints.clear()  # Chromium itself notes the status


def test_on_a_phone_it_fits_and_axe_finds_nothing(visit) -> None:
    window = visit(**PHONE)
    page = window.open("/docs?lang=fr")
    form = page.locator("#try-predict")
    form.locator("summary").first.tap()
    expect(form.locator(".curl code")).not_to_be_empty()
    form.get_by_role("button", name="Envoyer").tap()
    expect(form.locator(".body")).to_contain_text('"category": "7"')
    assert overflow(page) <= 0
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert faults(page, OF_COLORS, OF_ALIKE) == []


def test_without_javascript_the_prose_and_the_examples_stand_alone(visit) -> None:
    page = visit(java_script_enabled=False).open("/docs")
    expect(page.locator("#predict .examples").first).to_contain_text("curl -F file=@seven.png")
    expect(page.get_by_text("Try it").first).to_be_hidden()


def test_the_token_is_sent_and_never_written_down(visit, guarded: Server) -> None:
    window = visit()
    window.server = guarded
    page = window.open("/docs")
    expect(page.get_by_role("main")).to_contain_text("require this server’s access token")
    form = console(page, "promote_model")
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".status")).to_contain_text("401")
    window.complaints.clear()  # Chromium itself notes the status
    form.get_by_label("Access token").fill(TOKEN)
    expect(form.locator(".curl code")).to_contain_text("Bearer $RABISCO_ACCESS_TOKEN")
    assert TOKEN not in page.content()
    form.get_by_role("button", name="Send").click()
    expect(form.locator(".status")).to_contain_text("200 OK")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_reader_signs_in_and_the_pages_say_so(visit, guarded: Server, javascript: bool) -> None:
    window = visit(**PHONE, java_script_enabled=javascript)
    window.server = guarded
    page = window.open("/assistant")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    if javascript:
        assert faults_in_light_and_dark(page) == []
    page.get_by_label("Access token").fill("a guess")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This is not the access token of this server.")
    if javascript:
        assert faults_in_light_and_dark(page) == []
    window.complaints.clear()  # Chromium itself notes the status
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    assert page.url.endswith("/assistant")
    expect(page.get_by_role("main")).to_contain_text("You are signed in.")
    page.goto(f"{window.server.url}/train")
    expect(page.get_by_role("main")).to_contain_text("You are signed in.")


def test_a_server_that_only_reads_says_so_where_it_matters(visit, tmp_path: Path) -> None:
    window = visit()
    with serving(tmp_path, read_only=1, trainings=0) as window.server:
        for path in ("/train", "/assistant", "/docs", "/sign-in"):
            expect(window.open(path).get_by_role("main")).to_contain_text("This server only reads pictures")
        window.page.wait_for_load_state("networkidle")
