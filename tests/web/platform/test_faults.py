"""Faults of the server itself: they are answered in the common shape, and say nothing about its inside."""

import logging
import shutil
from pathlib import Path

import pytest
from tests.web.serving import problem_of, serving, seven_png

from rabisco import artifacts
from rabisco.web import create_app
from rabisco.web.platform.problems import PROBLEMS

SECRET = "/srv/private/key=abc123"


def break_down() -> None:
    raise RuntimeError(SECRET)


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_an_unforeseen_error_is_logged_and_answered_without_its_details(
    accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app()
    app.add_url_rule("/break", view_func=break_down)
    with caplog.at_level(logging.ERROR):
        response = app.test_client().get("/break", headers={"Accept": accept})
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert SECRET not in response.text
    assert "Traceback" not in response.text
    assert SECRET in caplog.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_damaged_model_is_said_to_be_damaged_while_the_others_answer(tmp_path: Path) -> None:
    shutil.copytree(artifacts.BUNDLED_DIR / "mnist-cnn", tmp_path / "artifacts" / "mnist-cnn")
    (tmp_path / "artifacts" / "mnist-cnn" / "model.onnx").write_bytes(b"damaged")
    with serving(tmp_path) as server:
        for response in (server.get("/health"), server.post("/predict", files={"file": seven_png()})):
            body = problem_of(response)
            assert (response.status_code, body["type"]) == (503, "urn:rabisco:problem:invalid-artifact")
            assert str(tmp_path) not in response.text
        answer = server.post("/predict/linear", files={"file": seven_png()}).json()
        assert answer["predictions"][0]["category"] == "7"


def test_every_problem_has_its_own_name_and_an_error_status() -> None:
    names = [problem.name for problem in PROBLEMS.values()]
    assert len(set(names)) == len(names)
    assert all(400 <= problem.status < 600 for problem in PROBLEMS.values())
