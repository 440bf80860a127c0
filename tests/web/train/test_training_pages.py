"""Choosing data and starting a training: what is found in uploads, what is refused in words, what is kept."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.web.serving import Server, problem_of, seven_png
from tests.web.training import digits_csv, looked_through, send, wait_for

from rabisco.models import DEFAULTS, choices
from rabisco.web.train.form import NUMBERS

PAGE = {"Accept": "text/html"}


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture(scope="module")
def upload(server: Server) -> dict:
    return looked_through(server, send(server, train=digits_csv(0, 300))["id"])


def test_what_was_found_is_told_to_programs_and_shown_to_people(server: Server, upload: dict) -> None:
    dialect = upload["inspection"]["dialect"]
    assert (dialect["has_header"], dialect["label_column"], dialect["scale"], dialect["side"]) == (True, 0, 16, 8)
    assert upload["inspection"]["train"]["rows"] == 300
    page = server.get(f"/uploads/{upload['id']}", headers=PAGE).text
    assert page.count('src="data:image/png;base64,') == 50
    assert "The images have 8×8×1 pixels" in text_of(page).replace("the images", "The images")
    assert f'name="upload" value="{upload["id"]}"' in page


def test_one_click_turns_the_images_and_only_them(server: Server, upload: dict) -> None:
    page = server.get(f"/uploads/{upload['id']}", headers=PAGE).text
    assert 'name="transposed" value="yes"' in page
    answer = server.post(f"/uploads/{upload['id']}/inspect", data={"transposed": "yes"})
    assert answer.status_code == 202
    again = looked_through(server, upload["id"])
    assert again["inspection"]["dialect"]["transposed"] is True
    assert again["inspection"]["choices"]["inverted"] is None


def test_dark_on_light_is_found_and_can_be_denied(server: Server) -> None:
    sent = send(server, train=digits_csv(0, 300, wide=True, inverted=True))
    found = looked_through(server, sent["id"])
    assert found["inspection"]["dialect"]["inverted"] is True
    server.post(f"/uploads/{sent['id']}/inspect", json={"inverted": False})
    assert looked_through(server, sent["id"])["inspection"]["dialect"]["inverted"] is False


def test_bad_rows_are_shown_with_their_number_and_reason(server: Server) -> None:
    lines = digits_csv(0, 300).splitlines()
    lines[10] = lines[10] + b",1"
    lines[20] = b"3,x" + lines[20][lines[20].index(b",", 2) :]
    found = looked_through(server, send(server, train=b"\n".join(lines))["id"])
    assert [bad["row"] for bad in found["inspection"]["train"]["bad_rows"]] == [11, 21]
    page = text_of(server.get(f"/uploads/{found['id']}", headers=PAGE).text)
    assert "11 expected 65 cells, received 66" in page
    assert "2 of 300 rows cannot be read and are left out" in page


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (seven_png(), "binary"), (b"<html></html>", "page"), (b"1,2,3\n4,5,6\n", "features")],
)
def test_what_is_no_table_of_images_is_refused_in_the_readers_language(
    server: Server, content: bytes, code: str
) -> None:
    found = looked_through(server, send(server, train=content)["id"])
    assert found["state"] == "refused"
    assert found["refusal"]["code"] == code
    page = server.get(f"/uploads/{found['id']}", headers={**PAGE, "Accept-Language": "fr"}).text
    assert found["refusal"]["text"] not in page
    assert "Ce fichier" in page


def test_looking_ends_when_it_is_cancelled_and_can_begin_again(server: Server) -> None:
    row = digits_csv(0, 1, wide=True).splitlines()[1] + b"\n"
    sent = send(server, train=row * 20_000)
    asked = time.monotonic()
    assert server.post(f"/uploads/{sent['id']}/cancel").status_code == 202
    assert server.get(f"/uploads/{sent['id']}").json()["state"] == "waiting"
    assert time.monotonic() - asked < 10
    assert "Not checked yet" in server.get(f"/uploads/{sent['id']}", headers=PAGE).text
    wait_for(lambda: server.post(f"/uploads/{sent['id']}/inspect").json(), "looking", "unusable")
    assert looked_through(server, sent["id"])["inspection"]["duplicates"] == 19_999
    assert server.post(f"/uploads/{sent['id']}/delete").json() == {"deleted": sent["id"]}
    assert server.get(f"/uploads/{sent['id']}").status_code == 404


def test_of_many_uploads_at_once_each_is_looked_through_in_the_end(server: Server) -> None:
    sent = [send(server, train=digits_csv(0, 200 + number)) for number in range(4)]
    queued = [one["id"] for one in sent if one["state"] == "queued"]
    assert queued  # no more than two are looked through at the same time
    page = server.get(f"/uploads/{queued[-1]}", headers=PAGE).text
    assert "Checking your data" in page
    assert server.post(f"/uploads/{queued[-1]}/cancel").status_code == 202
    waited_for = [one["id"] for one in sent if one["id"] != queued[-1]] * 2  # two readers of each, at the same time
    with ThreadPoolExecutor(len(waited_for)) as readers:
        found = list(readers.map(lambda upload_id: looked_through(server, upload_id)["state"], waited_for))
    assert set(found) == {"ready"}
    assert server.get(f"/uploads/{queued[-1]}").json()["state"] == "waiting"


def test_what_is_wrong_in_the_form_is_said_beside_the_field_and_nothing_is_lost(server: Server) -> None:
    files = {"train": ("mine.csv", digits_csv(0, 100))}
    fields = {"epochs": "none", "learning_rate": "200", "batch_size": "64", "name": "a b", "model": "linear"}
    response = server.post("/training", files=files, data=fields, headers=PAGE)
    assert response.status_code == 422
    upload_id = re.search(r'href="/uploads/(\w+)|/uploads/(\w+)/', response.text)
    assert upload_id
    identifier = upload_id[1] or upload_id[2]
    looked_through(server, identifier)
    fields["upload"] = identifier
    page = server.post("/training", data=fields, headers=PAGE).text
    for kept in ('value="none"', 'value="200"', 'value="64"', 'value="a b"', '<option value="linear" selected>'):
        assert kept in page
    assert 'id="epochs-wrong"' in page
    assert "a whole number from 1 to 10,000 was expected, received “none”" in page
    assert [run for run in server.get("/runs").json()["runs"] if identifier in str(run["data"])] == []


@pytest.mark.parametrize(("dataset", "model"), [("digits", "cnn-small"), ("cifar10", "cnn")])
def test_the_form_begins_with_the_network_that_suits_the_images(server: Server, dataset: str, model: str) -> None:
    assert f'<option value="{model}" selected>' in server.get(f"/train?dataset={dataset}", headers=PAGE).text


def test_epochs_stand_only_in_the_form_of_the_training_and_old_pages_send_them(server: Server) -> None:
    assert 'name="epochs"' not in server.get("/train", headers=PAGE).text
    assert 'name="epochs"' in server.get("/train?dataset=digits", headers=PAGE).text
    files = {"train": ("mine.csv", digits_csv(0, 100))}
    address = server.post("/uploads", files=files, data={"epochs": "7"}, headers=PAGE).url
    looked_through(server, re.search(r"/uploads/(\w+)", address)[1])
    assert 'name="epochs" value="7"' in server.get(address.removeprefix(server.url), headers=PAGE).text


def test_a_program_is_told_all_that_is_wrong(server: Server) -> None:
    response = server.post("/training", json={"dataset": "digits", "epochs": 0, "model": "forest"})
    assert response.status_code == 422
    detail = problem_of(response)["detail"]
    assert "epochs: " in detail
    assert "; expected “model” to be one of " in detail  # and names it once
    assert detail.endswith("received “forest”")
    assert all(name in detail for name in choices())


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"dataset": "nothing"}, 404),
        ({"upload": "nothing"}, 404),
        ({"recipe": "nothing"}, 422),
        ({"dataset": "digits", "name": "mnist-cnn"}, 422),
        ({"dataset": "digits", "base": "nobody"}, 422),
    ],
)
def test_a_training_on_nothing_is_refused(server: Server, fields: dict[str, str], status: int) -> None:
    assert problem_of(server.post("/training", json=fields))["status"] == status


def test_runs_that_are_not_there(server: Server) -> None:
    for path in ("/runs/none", "/runs/none/events"):
        assert problem_of(server.get(path))["type"].endswith("run-not-found")
    for action in ("stop", "cancel", "resume", "retry", "delete"):
        assert server.post(f"/runs/none/{action}").status_code == 404


def test_data_sets_at_hand_can_be_chosen_and_of_others_it_is_said_how_to_get_them(server: Server) -> None:
    page = server.get("/entrainer-le-modele", headers=PAGE).text
    assert 'href="/train?dataset=digits"' in page
    assert server.get("/train?dataset=digits", headers=PAGE).status_code == 200


def test_fast_is_chosen_and_how_long_it_takes_is_told(server: Server) -> None:
    page = server.get("/train?dataset=digits", headers=PAGE).text
    assert re.search(r'value="fast"\s+checked', page)
    assert re.search(r"About \d+ (seconds|minutes) on this machine, by a measurement", text_of(page))
    assert 'name="usual"' not in server.get("/uploads/" + few(server), headers=PAGE).text  # 300 images


def few(server: Server) -> str:
    return str(looked_through(server, send(server, train=digits_csv(0, 300))["id"])["id"])


@pytest.mark.parametrize(
    ("changed", "preset"),
    [
        ({}, "fast"),
        ({"name": "mine"}, "fast"),
        ({"usual": "settings"}, ""),
        ({"epochs": "3"}, ""),
        ({"model": "linear"}, ""),
        ({"preset": "seconds"}, "seconds"),
    ],
    ids=str,
)
def test_fast_counts_until_a_setting_is_changed(server: Server, changed: dict[str, str], preset: str) -> None:
    shown = {"dataset": "digits", "model": DEFAULTS["grey"], "usual": "fast", **dict.fromkeys(NUMBERS, ""), "base": ""}
    run = server.post("/training", data={**shown, **changed}).json()
    server.post(f"/runs/{run['id']}/cancel")
    assert run["request"]["preset"] == preset
