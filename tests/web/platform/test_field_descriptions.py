"""Every field of every answer is explained on the API page."""

from rabisco.web import create_app
from rabisco.web.platform.application import ROUTES
from rabisco.web.platform.field_descriptions import DESCRIPTIONS, descriptions_of


def test_every_field_of_every_answer_is_described_and_no_description_is_left_over() -> None:
    with create_app().test_request_context():
        answers = [descriptions_of(route.answer) for route in ROUTES.values() if route.answer]
        assert all(all(answer.values()) for answer in answers)
        names = {place.split(".")[-1].removesuffix("[]") for answer in answers for place in answer}
        assert {key.split(".")[-1] for key in DESCRIPTIONS} == names


def test_fields_of_what_an_answer_holds_are_named_by_their_place() -> None:
    with create_app().test_request_context():
        places = [*descriptions_of(ROUTES["POST", "/predict"].answer)]
    assert places[0] == "predictions[]"
    assert {"predictions[].top_k[].category", "predictions[].characters[].box.left"} <= set(places)


def test_the_page_shows_them_and_folds_other_names() -> None:
    text = create_app().test_client().get("/docs", headers={"Accept": "text/html", "Accept-Language": "fr"}).text
    assert "predictions[].top_k[].probability" in text
    assert "la classe la plus probable" in text
    names = text.rindex("Autres noms des mêmes routes")
    assert text.index('id="train_page"') < names < text.index('id="train_page_in_french"')
