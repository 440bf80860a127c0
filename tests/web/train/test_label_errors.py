"""Wrong labels of one's own data are found, and a run that leaves them out has really not seen them."""

import io
import re
from typing import IO, Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from tests.drawing import digit_dataset
from tests.web.training import wait_for

from rabisco.artifacts import load_artifact
from rabisco.data.dataset import Split
from rabisco.errors import InvalidConfigurationError
from rabisco.runs import RunRequest, background, get, label_errors, label_errors_worker, tend
from rabisco.runs.label_errors import LabelErrorsJob, SuspectedLabels, key_of
from rabisco.runs.request import Source
from rabisco.runs.resolving import check
from rabisco.runs.tasks import load_data, without
from rabisco.web import create_app

PAGE = {"Accept": "text/html"}


def wait(client: FlaskClient, address: str, done: tuple[str, ...]) -> dict[str, Any]:
    return wait_for(lambda: client.get(address).json, *done, seconds=180)


def table(changed: int) -> bytes:
    """Return 200 digits as a table, the labels of the first few changed."""
    split = digit_dataset().train
    labels = split.labels[:200].copy()
    labels[:changed] = (labels[:changed] + 5) % 10
    rows = np.column_stack([labels, split.images[:200].reshape(200, -1)])
    content = io.StringIO()
    np.savetxt(content, rows, "%d", ",")
    return content.getvalue().encode()


def test_what_is_being_written_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    images, numbers = np.zeros((2, 28, 28, 1), np.uint8), np.arange(2)
    found = SuspectedLabels(
        ("a", "b"), numbers.astype(str), images, numbers, numbers, numbers / 2, examined=9, found=2
    )
    source, meanwhile, save = Source(catalog="digits"), [], np.savez_compressed

    def save_slowly(file: IO[bytes], **arrays: Any) -> None:
        whole = io.BytesIO()
        save(whole, **arrays)
        half = len(whole.getvalue()) // 2
        file.write(whole.getvalue()[:half])
        file.flush()
        meanwhile.append(label_errors.result(source))
        file.write(whole.getvalue()[half:])

    monkeypatch.setattr(np, "savez_compressed", save_slowly)
    monkeypatch.setattr(background, "begin", lambda: None)
    for step, made in (("load_data", (None, None)), ("look_through", found)):
        monkeypatch.setattr(label_errors_worker, step, lambda *_, made=made, **__: made)
    LabelErrorsJob(source=source).write()
    label_errors_worker.main(label_errors.id_of(source))
    assert meanwhile == [None]
    assert label_errors.status(source).state == "ready"
    kept = label_errors.result(source)
    assert kept is not None
    assert kept.found == 2


@pytest.mark.slow
def test_wrong_labels_are_found_and_a_run_that_leaves_them_out_has_not_seen_them(tmp_path: Any) -> None:
    client = create_app().test_client()
    upload = client.post("/uploads", data={"train": (io.BytesIO(table(6)), "mine.csv")}).json["id"]
    wait(client, f"/uploads/{upload}", ("ready",))
    assert client.get(f"/label-errors?upload={upload}").json["state"] == "unasked"
    assert client.post("/label-errors", data={"upload": upload}).status_code == 202
    found = wait(client, f"/label-errors?upload={upload}", ("ready", "failed"))
    assert found["state"] == "ready", found
    wrong = {key_of(image) for image in digit_dataset().train.images[:6]}
    keys = [one["key"] for one in found["suspected"] if one["key"] in wrong]
    assert len(keys) >= 3  # a few may be in the test split
    page = client.get(f"/label-errors?upload={upload}", headers=PAGE).text
    assert "Leave out and train again" in page
    assert f'value="{keys[0]}"' in page
    asked = {"upload": upload, "model": "linear", "epochs": 2, "name": "cleaned"}
    run = client.post("/training", json={**asked, "leave_out": keys})
    assert run.status_code == 202, run.text
    assert run.json["request"]["leave_out"] == keys
    tend()  # no server runs here
    ended = wait(client, f"/runs/{run.json['id']}", ("succeeded", "failed", "interrupted"))
    assert ended["state"] == "succeeded", ended
    artifact = load_artifact(ended["artifact"], ended["artifact_version"])
    page = client.get(f"/runs/{run.json['id']}", headers=PAGE).text
    (compare,) = re.findall(r'href="(/compare\?[^"]*)"', page)
    assert artifact.name in client.get(compare.replace("&amp;", "&"), headers=PAGE).text
    seen = {key_of(image) for image in artifact.training_images.images}
    assert not seen & set(keys)
    request = RunRequest.parse(get(run.json["id"]).request)
    _, dataset = load_data(check(request), request=request, folder=tmp_path)
    assert seen == {key_of(image) for image in dataset.train.images}  # it kept all that it was trained on
    whole = request.model_copy(update={"leave_out": ()})
    _, before = load_data(check(whole), request=whole, folder=tmp_path)
    every = {key_of(image) for part in (before.train, before.validation) for image in part.images}
    left = {key_of(image) for part in (dataset.train, dataset.validation) for image in part.images}
    assert every - left == set(keys)
    assert artifact.card.dataset.train_examples == len(dataset.train)
    assert np.array_equal(before.test.images, dataset.test.images)


def test_keys_that_no_image_has_are_refused() -> None:
    dataset = digit_dataset()
    with pytest.raises(InvalidConfigurationError, match="no image of these has"):
        without(dataset, ["0" * 16])
    first = without(dataset, [key_of(dataset.train.images[0])])
    assert isinstance(first.train, Split)
    assert len(first.train) == len(dataset.train) - 1


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("?dataset=digits&upload=x", 400), ("?dataset=nothing", 404), ("?upload=none", 404)],
)
def test_what_cannot_be_looked_through_is_refused(query: str, status: int) -> None:
    assert create_app().test_client().get(f"/label-errors{query}").status_code == status


def test_a_look_whose_process_died_has_failed() -> None:
    from rabisco.runs import Source

    source = Source(catalog="digits")
    label_errors.LabelErrorsJob(source=source, pid=2**22 + 1, process_started="never").write()
    assert label_errors.status(source).state == "failed"
    text = create_app().test_client().get("/label-errors?dataset=digits", headers=PAGE).text
    assert "It could not be done" in text
    assert (
        create_app().test_client().post("/training", json={"dataset": "digits", "leave_out": ["x"]}).status_code == 422
    )
