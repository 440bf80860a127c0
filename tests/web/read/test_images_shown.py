"""Images that a model trained here was trained and tested on are shown to who may train here, and to nobody else."""

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
    for model in (HERE, "mnist-tiny"):
        seen = client.get(f"/models/{model}/images?which=wrong", headers=headers).get_json()
        assert seen["count"] > 0
        report = client.get(f"/compare/report?model={model}", headers=headers).text
        shown = model != HERE or "secret-token" in str(headers)
        assert bool(seen["at_hand"]) is shown
        assert any(one["image"] for one in seen["images"]) is shown
        assert ("Misread, most confident first" in report) is shown
