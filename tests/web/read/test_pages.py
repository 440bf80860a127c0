"""Pages and their errors as a browser without JavaScript receives them."""

import re
from pathlib import Path

import pytest
from tests.web.serving import Server, serving, seven_png

from rabisco.web.platform.languages import LANGUAGES

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SEVEN = seven_png()


@pytest.mark.parametrize("path", ["/", "/upload", "/models", "/models/cnn", "/docs"])
def test_every_page_is_there_in_every_language(server: Server, path: str) -> None:
    for tag, (_, html_tag, _) in LANGUAGES.items():
        response = server.get(path, headers={**BROWSER, "Accept-Language": tag})
        assert response.status_code == 200
        assert f'<html lang="{html_tag}"' in response.text
        assert response.headers["content-language"] == html_tag


def test_the_upload_page_answers_every_picture_without_javascript(server: Server) -> None:
    files = [("file", ("seven.png", SEVEN)), ("file", ("notes.png", b"text")), ("file", ("again.png", SEVEN))]
    page = server.post("/upload", files=files, headers=BROWSER).text
    assert re.findall(r'<p class="character">(.)</p>', page) == ["7"] * 4
    assert "2 pictures read" in page
    assert "This file is not a picture we can read" in page
    assert page.index("seven.png") < page.index("notes.png") < page.index("again.png")


def test_a_file_name_cannot_smuggle_markup_into_the_page(server: Server) -> None:
    page = server.post("/upload", files={"file": ("<img src=x>.png", SEVEN)}, headers=BROWSER).text
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;.png" in page


def test_a_form_sent_without_choosing_a_file_says_so(server: Server) -> None:
    response = server.post("/upload", files={"file": ("", b"")}, headers=BROWSER)
    assert response.status_code == 400
    assert "This request cannot be answered" in response.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing-here", 404), ("GET", "/predict", 405), ("GET", "/models/nobody", 404), ("POST", "/", 405)],
)
def test_errors_are_pages_for_browsers_and_problems_for_programs(
    server: Server, method: str, path: str, status: int
) -> None:
    send = server.get if method == "GET" else server.post
    page, problem = send(path, headers=BROWSER), send(path)
    assert page.status_code == problem.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["title"] in page.text.replace("&#39;", "'")


def test_a_wrong_method_names_the_right_ones(server: Server) -> None:
    assert "POST" in server.get("/predict").headers["allow"]


def test_titles_of_problems_are_translated(server: Server) -> None:
    response = server.post("/predict", headers={"Accept-Language": "pt-BR"})
    assert response.json()["title"] == "Este pedido não pode ser atendido"


def test_the_language_comes_from_the_address_then_the_cookie_then_the_browser(server: Server) -> None:
    def language(path: str = "/", **options: object) -> str:
        return re.search(r'<html lang="([^"]+)"', server.get(path, **options).text)[1]

    assert language(headers={"Accept-Language": "fr-CH, de;q=0.9"}) == "fr"
    assert language(headers={"Accept-Language": "de"}) == "en"
    assert language(cookies={"lang": "ru"}, headers={"Accept-Language": "fr"}) == "ru"
    assert language("/?lang=es", cookies={"lang": "ru"}) == "es"
    assert language("/?lang=xx", cookies={"lang": "pt"}) == "pt-BR"
    assert server.get("/?lang=es").cookies["lang"] == "es"


def test_the_theme_is_remembered_without_javascript(server: Server) -> None:
    assert server.get("/?theme=dark").cookies["theme"] == "dark"
    assert 'data-theme="dark"' in server.get("/", cookies={"theme": "dark"}).text
    assert "data-theme" not in server.get("/", cookies={"theme": "<script>"}).text


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/static/css/tokens.css", "/health", "/predict"])
def test_every_answer_carries_the_security_headers(server: Server, path: str) -> None:
    headers = server.get(path, headers=BROWSER).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_no_page_holds_inline_script_or_style_or_a_foreign_address(server: Server) -> None:
    for path in ("/", "/upload", "/models", "/models/cnn", "/docs", "/nothing-here"):
        page = server.get(path, headers=BROWSER).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
        assert set(re.findall(r"https?://[^/\s\"'<]+", page)) <= {server.url}


def test_models_are_listed_as_json_for_programs(server: Server) -> None:
    answer = server.get("/models").json()
    cards = {model["name"]: model for model in answer["models"]}
    assert answer["default"] == "mnist-cnn"
    assert cards["mnist-linear"]["aliases"] == ["linear"]
    assert cards["mnist-cnn"]["classes"] == list("0123456789")
    assert server.get("/models/cnn").json()["name"] == "mnist-cnn"


def test_health_says_ready(server: Server) -> None:
    answer = server.get("/health").json()
    assert (answer["status"], answer["default_model"]) == ("ready", "mnist-cnn")


def test_without_any_model_pages_and_api_say_how_to_train_one(tmp_path: Path) -> None:
    with serving(tmp_path, bundled=False) as empty:
        for path in ("/", "/upload"):
            page = empty.get(path, headers={**BROWSER, "Accept-Language": "fr"})
            assert page.status_code == 503
            assert "Aucun modèle n’a encore été entraîné" in page.text
            assert "rabisco train mnist-cnn" in page.text
        for response in (empty.post("/predict", files={"file": SEVEN}), empty.get("/health")):
            assert response.status_code == 503
            assert response.json()["type"] == "urn:rabisco:problem:no-model"
            assert "rabisco train mnist-cnn" in response.json()["detail"]
        assert empty.get("/models").json()["models"] == []
        assert empty.get("/health/live").status_code == 200
        form = empty.get("/train?dataset=digits", headers=BROWSER)
        assert form.status_code == 200
        assert 'value="fast"' in form.text  # how long it takes is told by the bundled network, which is not there
