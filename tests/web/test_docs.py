"""The documentation of the API names every route, and every example on it runs."""

import base64
import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.web.serving import Server, problem_of, seven_png
from tests.web.training import cancel_all, digits_csv

from rabisco.web import create_app
from rabisco.web.docs import ANSWER, PROBLEM
from rabisco.web.routes import ROUTES

SEVEN = seven_png()
EXAMPLES = [example for route in ROUTES for example in route.examples]


def test_every_route_is_documented_and_every_documented_route_exists() -> None:
    app = create_app()
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    existing = {(method, rule.rule) for rule in rules for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert {(route.method, route.path) for route in ROUTES} == existing


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_runs_as_it_stands_on_the_page(server: Server, tmp_path: Path, example: str) -> None:
    page = server.get("/docs", headers={"Accept": "text/html"}).text
    command = example.format(url=server.url)
    assert command in html.unescape(page)
    for name in ("seven.png", "three.png"):
        (tmp_path / name).write_bytes(SEVEN)
    (tmp_path / "seven.b64").write_bytes(base64.b64encode(SEVEN))
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_bytes(digits_csv(0, 100))
    shell = ["bash", "-c", command.replace("curl ", "curl -sS --fail-with-body ", 1)]
    result = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    if "/training" in example:
        cancel_all(server)
    if "/predict" in example:
        best = re.findall(r'"category":"(.)","category_index":\d,"probability":[\d.]+,"top_k"', result.stdout)
        assert set(best) == {"7"}


def test_the_answers_shown_have_the_keys_of_real_ones(server: Server) -> None:
    (prediction,) = server.post("/predict", files={"file": SEVEN}).json()["predictions"]
    assert set(re.findall(r'"(\w+)":', ANSWER)) == {"predictions", *prediction}
    problem = problem_of(server.post("/predict/nobody", files={"file": SEVEN}))
    assert set(re.findall(r'"(\w+)":', PROBLEM)) == set(problem)
    assert problem["type"] in PROBLEM
    assert problem["title"] in PROBLEM
