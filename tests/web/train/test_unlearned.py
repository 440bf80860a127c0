"""A training whose model is hardly better than guessing does not succeed: the page says so and offers to go on."""

import shutil

import pytest

from rabisco import runs, store
from rabisco.artifacts import BUNDLED_DIR, install, load_artifact
from rabisco.settings import get_settings
from rabisco.web import create_app

PAGE = {"Accept": "text/html"}
GUESSES = [[10] + [0] * 9 for _ in range(10)]  # every image is answered with the first class


def ended(state: str) -> str:
    """Return the id of a run that ended in a state, with a model that always says the same."""
    folder = get_settings().artifacts_dir / ".copy"
    shutil.copytree(BUNDLED_DIR / "mnist-tiny", folder)
    card = load_artifact("mnist-tiny", 0).card
    changes = {"name": "dull", "confusions": GUESSES, "metrics": {**card.metrics, "test_accuracy": 0.1}}
    artifact = install(folder, card.model_copy(update=changes))
    run = runs.submit(runs.RunRequest.parse({"data": {"catalog": "digits"}, "artifact": "dull", "epochs": 2}))
    with store.writing() as session:
        row = session.get(store.RunRow, run.id)
        row.state, row.artifact_version, row.accuracy = state, artifact.version, 0.1
    return run.id


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "heading"),
    [
        ("unlearned", "It has not learned yet: train longer"),
        # As an earlier version wrote it.
        ("succeeded", "It has not learned yet: train longer"),
        ("stopped", "Training was stopped, and the best so far"),
    ],
)
def test_a_model_that_guesses_has_not_learned_and_may_train_longer(state: str, heading: str) -> None:
    client, run_id = create_app().test_client(), ended(state)
    answer = client.get(f"/runs/{run_id}").json
    assert (answer["learned"], answer["state"]) == (False, "unlearned" if state != "stopped" else state)
    page = client.get(f"/runs/{run_id}", headers=PAGE).text
    assert heading in page
    assert "Training succeeded" not in page
    assert "hardly better than guessing" in page
    assert f'action="/runs/{run_id}/longer"' in page
    longer = client.post(f"/runs/{run_id}/longer").json
    assert (longer["configuration"]["epochs"], longer["retry_of"]) == (6, run_id)
