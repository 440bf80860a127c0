"""Training images of a model that was trained here are shown to who may train here, and to nobody else."""

from pathlib import Path

import pytest
from tests.web.serving import copy_model, seven_png

from rabisco.settings import Settings, get_settings
from rabisco.web import create_app

HERE = "trained-here"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer secret-token"}])
def test_they_need_the_access_token(home: Path, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]) -> None:
    copy_model(home, HERE)
    monkeypatch.setenv("RABISCO_ACCESS_TOKEN", "secret-token")
    get_settings.cache_clear()
    client = create_app(Settings()).test_client()
    found = {}
    for model in (HERE, "mnist-tiny"):
        response = client.post(
            f"/explain?model={model}&parts=nearest", data=seven_png(), content_type="image/png", headers=headers
        )
        found[model] = response.get_json()["explanations"][0]["nearest"]
    assert found["mnist-tiny"]
    assert bool(found[HERE]) is ("secret-token" in str(headers))
