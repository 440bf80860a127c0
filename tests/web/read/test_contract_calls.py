"""The calls that were asked for, as they were written, by the programs that people use: curl and Python's requests."""

import base64
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from tests.web.serving import Server, draw_seven, encoded, free_port, serving

# As a client wrote it; only the folder of the pictures is another, and the port where 3000 is taken.
REQUESTS = """
import requests
url = 'http://127.0.0.1:3000/predict'
files = [
    ('file', open('cavalo.jpg', 'rb')),
    ('file', open('cachorro.jpg', 'rb')),
    ('file', open('sapo.jpg', 'rb'))
]
response = requests.post(url, files=files)
print(response.json())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the default port, or on another where that is taken."""
    with socket.socket() as probe:
        port = 3000 if probe.connect_ex(("127.0.0.1", 3000)) else free_port()
    with serving(tmp_path_factory.mktemp("contract"), port=port) as running:
        yield running


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a drawn 1, 7 and 1 under the names of the call, and the 7 as PNG and as base64."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, image in (("cavalo", draw_one()), ("cachorro", draw_seven()), ("sapo", draw_one())):
        image.convert("RGB").save(folder / f"{name}.jpg", quality=95)
    png = encoded(draw_seven())
    text = base64.b64encode(png).decode()
    (folder / "seven.png").write_bytes(png)
    (folder / "seven.b64").write_text(text)
    (folder / "seven.url").write_text(f"data:image/png;base64,{text}")
    for name in ("seven.b64", "seven.url"):
        (folder / f"{name}.json").write_text(json.dumps({"image": (folder / name).read_text()}))
    return folder


def draw_one(side: int = 280) -> Image.Image:
    image = Image.new("L", (side, side), 255)
    ImageDraw.Draw(image).line([(side // 2, side // 4), (side // 2, 3 * side // 4)], fill=0, width=20)
    return image


def run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout


def curl(server: Server, folder: Path, path: str, *arguments: str) -> list[dict[str, object]]:
    answer = json.loads(run(folder, "curl", "--silent", "--show-error", *arguments, server.url + path))
    predictions: list[dict[str, object]] = answer["predictions"]
    return predictions


def test_python_requests_sends_three_files_and_gets_them_in_order(server: Server, pictures: Path) -> None:
    code = REQUESTS.replace(":3000/", f":{server.port}/")
    printed = run(pictures, sys.executable, "-W", "ignore", "-c", code)
    start = r"\{'category': '1', 'category_index': 1, .*\{'category': '7', 'category_index': 7, .*'category': '1'"
    assert re.match(r"\{'predictions': \[" + start, printed), printed


def test_curl_sends_several_files_and_gets_them_in_order(server: Server, pictures: Path) -> None:
    names = ("cachorro", "cavalo", "cachorro", "sapo")
    arguments = [part for name in names for part in ("-F", f"file=@{name}.jpg")]
    predictions = curl(server, pictures, "/predict", *arguments)
    assert [(one["category"], one["category_index"]) for one in predictions] == [
        ("7", 7),
        ("1", 1),
        ("7", 7),
        ("1", 1),
    ]
    assert all(list(one)[:2] == ["category", "category_index"] for one in predictions)


@pytest.mark.parametrize("path", ["/predict/cnn", "/predict/linear"])
def test_each_model_has_a_route_of_its_own(server: Server, pictures: Path, path: str) -> None:
    (prediction,) = curl(server, pictures, path, "-X", "POST", "-F", "file=@seven.png")
    assert prediction["category"] == "7"
    assert prediction["model"] == f"mnist-{path.rsplit('/', 1)[1]}"


@pytest.mark.parametrize("name", ["seven.b64", "seven.url"])
@pytest.mark.parametrize("form", ["field", "multipart", "json"])
def test_base64_is_read_with_and_without_its_prefix(server: Server, pictures: Path, name: str, form: str) -> None:
    arguments = {
        "field": ["--data-urlencode", f"image@{name}"],
        "multipart": ["-F", f"image=<{name}"],
        "json": ["-H", "Content-Type: application/json", "--data-binary", f"@{name}.json"],
    }
    (prediction,) = curl(server, pictures, "/predict", *arguments[form])
    assert (prediction["category"], prediction["category_index"]) == ("7", 7)


class Form(HTMLParser):
    """The form of a page that takes files: where it leads and how."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: dict[str, str | None] = {}
        self.found: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "form":
            self.inside = given
        if tag == "input" and given.get("type") == "file" and "name" in given:  # the other is the camera
            self.found = {**self.inside, "field": given["name"]}


def test_the_form_works_as_a_browser_without_javascript_sends_it(server: Server, pictures: Path) -> None:
    form = Form()
    form.feed(server.get("/upload", headers={"Accept": "text/html"}).text)
    assert (form.found["method"], form.found["enctype"]) == ("post", "multipart/form-data")
    files = [(str(form.found["field"]), (name, (pictures / name).read_bytes())) for name in ("seven.png", "sapo.jpg")]
    page = server.post(str(form.found["action"]), files=files, headers={"Accept": "text/html", "Origin": server.url})
    assert page.status_code == 200
    assert page.text.index("seven.png") < page.text.index("sapo.jpg")
    assert re.search(r">\s*7\s*<", page.text)


@pytest.mark.parametrize("path", ["/", "/entrainer-le-modele", "/assistance"])
def test_the_pages_answer_under_the_names_that_were_asked_for(server: Server, path: str) -> None:
    assert server.get(path, headers={"Accept": "text/html"}).status_code == 200
