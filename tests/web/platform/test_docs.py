"""The documentation of the API names every route, and every example on it runs."""

import base64
import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.homes import at_home
from tests.versions import add_version
from tests.web.serving import Server, problem_of, serving, seven_png
from tests.web.training import cancel_all, digits_csv, looked_through, send, wait_for

from rabisco.web import create_app
from rabisco.web.platform.application import ROUTES
from rabisco.web.platform.docs import ANSWER, PROBLEM

SEVEN = seven_png()
EXAMPLES = [example for route in ROUTES.values() for example in route.examples]


def test_every_route_is_documented_and_every_documented_route_exists() -> None:
    app = create_app()
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    existing = {(method, rule.rule) for rule in rules for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert {(route.method, route.path) for route in ROUTES.values()} == existing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documented")


@pytest.fixture(scope="module")
def documented(folder: Path) -> Iterator[Server]:
    """A server of its own: the examples delete, promote and train."""
    with serving(folder) as running:
        yield running
        cancel_all(running)


@pytest.fixture(scope="module")
def page(documented: Server) -> str:
    """The text of the page with all examples."""
    return html.unescape(documented.get("/docs", headers={"Accept": "text/html"}).text)


SWEEP = 'recipe = "digits-linear"\n[grid]\nseed = [1, 2]\n'
ORDERED = {
    "SWEEP": lambda server: server.post("/sweeps", json={"sweep": SWEEP}).json()["name"],
    "MEASUREMENT": lambda server: server.post(
        "/compare/measurements", json={"model": ["mnist-cnn", "mnist-linear"]}
    ).json()["id"],
}


def prepared(server: Server, folder: Path, desk: Path, example: str) -> dict[str, str]:
    """Put there what an example speaks of; return the variables that it names."""
    for name in ("seven.png", "three.png"):
        (desk / name).write_bytes(SEVEN)
    (desk / "seven.b64").write_bytes(base64.b64encode(SEVEN))
    for name in ("train.csv", "test.csv"):
        (desk / name).write_bytes(digits_csv(0, 100))
    (desk / "digits.toml").write_text(SWEEP, encoding="utf-8")
    variables = {"RABISCO_ACCESS_TOKEN": ""}
    if "/mine" in example or "/models/rollback" in example:
        shutil.rmtree(folder / "artifacts" / "mine", ignore_errors=True)
        with at_home(folder):
            add_version("mine")
            add_version("mine")
        if "/mine/rollback" in example:
            assert server.post("/models/mine/versions/1/use").status_code == 200
        if "/models/rollback" in example:
            assert server.post("/models/mine/promote").status_code == 200
    if "$UPLOAD" in example:
        variables["UPLOAD"] = send(server, train=digits_csv(0, 100))["id"]
        looked_through(server, variables["UPLOAD"])
    if "$RUN" in example:
        order = (
            {"dataset": "digits", "epochs": 500}
            if example.endswith("/stop")
            else {"dataset": "digits", "preset": "seconds"}
        )
        run = variables["RUN"] = server.post("/training", json=order).json()["id"]
        if example.endswith("/stop"):
            wait_for(lambda: server.get(f"/runs/{run}").json(), "running")
        if example.endswith(("/resume", "/retry", "/delete")):
            server.post(f"/runs/{run}/cancel")
            wait_for(lambda: server.get(f"/runs/{run}").json(), "cancelled", "succeeded")
    variables |= {name: order(server) for name, order in ORDERED.items() if f"${name}" in example}
    if "$CORRECTION" in example or "/corrections/retrain" in example:
        store = next(one for one in EXAMPLES if "true_label" in one and "readings" in one)
        stored = json.loads(shell(store.format(url=server.url), desk, variables).stdout)
        variables["CORRECTION"] = str(stored["corrections"][0]["id"])
    return variables


def shell(command: str, desk: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = ["bash", "-c", command.replace("curl ", "curl -sS --fail-with-body --max-time 20 ", 1)]
    environment = {**os.environ, **variables}
    return subprocess.run(words, cwd=desk, env=environment, capture_output=True, text=True, timeout=30, check=False)


def test_every_route_has_an_example() -> None:
    assert [route for route in ROUTES.values() if not route.examples] == []


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_runs_as_it_stands_on_the_page(
    documented: Server, page: str, folder: Path, tmp_path: Path, example: str
) -> None:
    command = example.format(url=documented.url)
    assert command in page
    result = shell(command, tmp_path, prepared(documented, folder, tmp_path, example))
    assert result.returncode == 0, result.stdout + result.stderr
    if any(part in example for part in ("/training", "/runs", "/retrain", "/sweeps")):
        cancel_all(documented)
    if "/predict" in example:
        best = re.findall(r'"category":"(.)","category_index":\d,"probability":[\d.]+,"top_k"', result.stdout)
        assert set(best) == {"7"}


def test_the_answers_shown_have_the_keys_of_real_ones(documented: Server) -> None:
    (prediction,) = documented.post("/predict", files={"file": SEVEN}).json()["predictions"]
    assert set(re.findall(r'"(\w+)":', ANSWER)) == {"predictions", *prediction}
    problem = problem_of(documented.post("/predict/nobody", files={"file": SEVEN}))
    assert set(re.findall(r'"(\w+)":', PROBLEM)) == set(problem)
    assert problem["type"] in PROBLEM
    assert problem["title"] in PROBLEM
