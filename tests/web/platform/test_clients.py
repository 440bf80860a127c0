"""Programs make their own clients of ``/openapi.json``: without a warning, and with types."""

import importlib
import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from tests.web.serving import Server, seven_png

from rabisco.web import create_app

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a client that openapi-python-client made."""
    folder = tmp_path_factory.mktemp("client")
    document = create_app().test_client().get("/openapi.json").json
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "settings.json").write_text('{"post_hooks": []}')
    command = ["-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    places = ["--path", "openapi.json", "--config", "settings.json", "--output-path", "rabisco_client"]
    made = subprocess.run([sys.executable, *command, *places], cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


def test_a_client_is_made_without_a_warning_and_knows_the_types_of_predict(client: Path) -> None:
    source = (client / "rabisco_client" / "api" / "default" / "predict.py").read_text(encoding="utf-8")
    assert "-> Predictions | Problem | None:" in source
    body = (client / "rabisco_client" / "models" / "predict_files_body.py").read_text(encoding="utf-8")
    assert "file: list[File]" in body


def test_that_client_reads_two_pictures(client: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(client))
    predict = importlib.import_module("rabisco_client.api.default.predict")
    models, types = importlib.import_module("rabisco_client.models"), importlib.import_module("rabisco_client.types")
    pictures = [types.File(BytesIO(seven_png()), f"{name}.png", "image/png") for name in ("first", "second")]
    with importlib.import_module("rabisco_client").Client(base_url=server.url) as connection:
        answer = predict.sync(client=connection, body=models.PredictFilesBody(file=pictures))
    assert [(type(one).__name__, one.category) for one in answer.predictions] == [("Prediction", "7")] * 2
