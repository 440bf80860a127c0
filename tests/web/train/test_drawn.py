"""Drawings of one's own become an upload: a zip that the training reads as any other."""

import base64

import pytest
from tests.web.serving import Server, problem_of, seven_png
from tests.web.training import looked_through

from rabisco.models import DEFAULTS, get_architecture
from rabisco.web.train.form import TrainingForm, suited

SEVEN = base64.b64encode(seven_png()).decode()
PAGE = {"Accept": "text/html"}


def drawings(*labels: object) -> dict[str, object]:
    return {"drawings": [{"label": label, "image": SEVEN} for label in labels]}


def test_drawings_are_kept_by_class_and_looked_through(server: Server) -> None:
    answer = server.post("/uploads/drawn", json=drawings(*["test", "été"] * 3))
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/uploads/{answer.json()['id']}"
    found = looked_through(server, answer.json()["id"])
    assert found["name"] == "my drawings"
    assert found["state"] == "ready"
    assert [one["name"] for one in found["inspection"]["classes"]] == ["test", "été"]
    assert found["inspection"]["train"]["rows"] == 6
    assert found["inspection"]["test"] is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        (drawings(), 400),
        (drawings("a"), 400),
        (drawings("a", 7), 400),
        (drawings("a", ""), 400),
        (drawings("a", "../b"), 400),
        (drawings("a", ".hidden"), 400),
        (drawings("a", "b" * 41), 400),
        ({"drawings": [{"label": "a", "image": "?!"}]}, 400),
        ({"drawings": [{"label": "a", "image": base64.b64encode(b"text").decode()}]}, 415),
    ],
)
def test_what_is_no_drawing_or_no_class_is_refused(server: Server, body: object, status: int) -> None:
    assert problem_of(server.post("/uploads/drawn", json=body))["status"] == status


def test_one_bad_drawing_among_several_is_named_and_the_others_are_kept(server: Server) -> None:
    body = drawings(*["não", "na\u0303o", "sim"] * 2)
    body["drawings"][3]["image"] = base64.b64encode(b"text").decode()  # type: ignore[index]
    found = looked_through(server, server.post("/uploads/drawn", json=body).json()["id"])
    assert [(one["name"], one["train"]) for one in found["inspection"]["classes"]] == [("não", 3), ("sim", 2)]
    (bad,) = found["inspection"]["train"]["bad_rows"]
    assert bad["name"] == "não/00004.png"


def test_the_page_asks_whether_names_that_are_alike_are_the_same(server: Server) -> None:
    assert "Ja, ja; are they the same?" in server.get("/train/draw?classes=Ja+ja+nein", headers=PAGE).text
    assert "are they the same?" not in server.get("/train/draw?classes=A+a+b", headers=PAGE).text


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", 0), ("?classes=a", 0), ("?classes=a+b&each=", 2), ("?classes=a,b+a", 2), ("?classes=%3F+!+*", 3)],
)
def test_the_page_shows_a_pad_once_it_knows_the_classes(server: Server, query: str, shown: int) -> None:
    page = server.get(f"/train/draw{query}", headers=PAGE).text
    assert page.count('class="drawn-class"') == shown
    assert ("<draw-examples" in page) == bool(shown)


def test_another_language_keeps_what_is_drawn(server: Server) -> None:
    page = server.get("/train/draw?classes=ja+nein&each=5", headers=PAGE).text
    assert 'href="?classes=ja+nein&amp;each=5&amp;lang=fr"' in page


@pytest.mark.parametrize(("rows", "steps"), [(16, 180), (100, 300), (300, 300), (1000, 300), (3000, 300)])
def test_few_images_are_trained_on_for_enough_steps(rows: int, steps: int) -> None:
    given = {name: int(text) for name, text in suited(rows).items()}
    assert given["epochs"] * (0.8 * rows / given["batch_size"]) >= steps
    assert given["epochs"] <= 60


def test_many_images_are_trained_on_as_usual() -> None:
    usual = get_architecture(DEFAULTS["grey"]).configuration
    assert suited(60_000) == {"batch_size": str(usual.batch_size), "epochs": str(usual.epochs)}
    assert suited(0) == {}


def test_a_quick_try_on_few_images_takes_the_steps_that_it_needs() -> None:
    form = TrainingForm.sent({"preset": "seconds"})
    assert form.request({"upload": "uploads/x"}, "mine", 16).epochs == 60
    assert form.request({"upload": "uploads/x"}, "mine", 5000).epochs is None
