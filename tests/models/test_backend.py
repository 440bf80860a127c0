"""How Keras is imported."""

import sys

import pytest

from rabisco.models import backend


def test_keras_does_without_what_no_training_asks_it_for_and_all_others_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backend, "_EXTRAS", ("wave", "json"))  # one that nobody has imported, and one that is in use
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with backend._without_extras():
        import json

        with pytest.raises(ImportError):
            import wave
    import wave

    assert wave.__name__ == "wave"
    assert sys.modules["json"] is json
