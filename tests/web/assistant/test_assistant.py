"""Questions over real sockets: our server, a language model's server, and everything that goes wrong there."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.assistant.conftest import ModelServer, run_model_server
from tests.assistant.model_server import KEY
from tests.web.serving import PROGRAM, Server, problem_of, serving

JSON = {"Accept": "application/json"}
PAGE = {"Accept": "text/html"}
STREAM = {"Accept": "text/event-stream"}
TOKEN = "a-token-of-the-access"


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    yield from run_model_server(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def talkative(language_model: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Our server, whose visitors may ask as often as they like."""
    unlimited = "import limits, rabisco.web.assistant.answering as a; a.QUESTIONS = limits.parse('999/minute'); "
    settings = {"assistant_url": language_model.url, "assistant_key": KEY, "assistant_model": "told"}
    with serving(tmp_path_factory.mktemp("talkative"), program=unlimited + PROGRAM, **settings) as running:
        yield running


@pytest.fixture
def connected(language_model: ModelServer, talkative: Server, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Return a function that returns our server, connected to a language model that behaves so.

    With settings it is one of its own.
    """
    with ExitStack() as stack:

        def start(behavior: str, **settings: object) -> Server:
            language_model.tell(behavior)
            if not settings:
                return talkative
            given = {"assistant_url": language_model.url, "assistant_key": KEY, "assistant_model": "told", **settings}
            return stack.enter_context(serving(tmp_path, **given))

        yield start


def events_of(response: requests.Response) -> list[tuple[str, Any]]:
    found, name = [], "message"
    for line in response.iter_lines(decode_unicode=True):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            found.append((name, json.loads(line.removeprefix("data: "))))
    return found


def stream(server: Server, question: str, **more: Any) -> list[tuple[str, Any]]:
    body = {"question": question, **more}
    return events_of(server.post("/assistant/messages", json=body, headers=STREAM, stream=True))


def test_without_a_key_the_documentation_answers(server: Server) -> None:
    response = server.get("/model", params={"question": "What is overfitting?"}, headers=JSON)
    assert response.status_code == 200
    answer = response.json()
    assert answer["source"] == "documentation"
    assert "by heart" in answer["answer"]
    assert answer["pages"][0]["page"] == "training"
    assert "documentation" in answer["note"]


@pytest.mark.parametrize(
    ("language", "question", "word"),
    [
        ("pt", "o que é sobreajuste?", "decora"),
        ("es", "¿qué es el sobreajuste?", "memoria"),
        ("fr", "qu'est-ce que le surapprentissage ?", "cœur"),
        ("ru", "что такое переобучение?", "наизусть"),
    ],
)
def test_the_documentation_answers_in_the_readers_language(
    server: Server, language: str, question: str, word: str
) -> None:
    answer = server.get("/model", params={"question": question, "lang": language}, headers=JSON).json()
    assert word in answer["answer"]


def test_the_page_shows_question_and_answer_and_they_can_be_cleared(server: Server) -> None:
    visitor = requests.Session()
    page = visitor.get(f"{server.url}/model", params={"question": "What is a confusion matrix?"}, headers=PAGE)
    assert page.status_code == 200
    assert "diagonal" in page.text
    assert "no-store" in page.headers["Cache-Control"]
    again = visitor.get(f"{server.url}/assistance", headers=PAGE).text
    assert "What is a confusion matrix?" in again
    assert "diagonal" in again
    assert "diagonal" not in server.get("/assistant", headers=PAGE).text  # another visitor
    visitor.post(f"{server.url}/assistant/clear", headers=JSON)
    assert "diagonal" not in visitor.get(f"{server.url}/assistant", headers=PAGE).text


@pytest.mark.parametrize(
    ("page", "question"),
    [("/train", "What must my CSV file look like?"), ("/models/mnist-cnn", "What is a confusion matrix?")],
)
def test_questions_are_suggested_that_fit_the_page_the_visitor_came_from(
    server: Server, page: str, question: str
) -> None:
    came = server.get("/assistant", headers={**PAGE, "Referer": f"{server.url}{page}"}).text
    assert f">{question}</a>" in came
    assert f">{question}</a>" not in server.get("/assistant?from=/corrections", headers=PAGE).text


def test_the_question_of_which_model_is_better_is_answered_with_this_servers_figures(server: Server) -> None:
    answer = server.get("/model", params={"question": "is the linear model good enough?"}, headers=JSON).json()
    assert "mnist-linear: 95.00% (94.56% – 95.41%)" in answer["answer"]


def test_a_question_that_is_missing_empty_or_too_long_is_refused(server: Server) -> None:
    for params in ({}, {"question": "  "}, {"question": "x" * 1001}):
        assert problem_of(server.get("/model", params=params, headers=JSON))["status"] == 400
    response = server.post("/assistant/messages", json={"question": "Why?", "temperature": 1}, headers=JSON)
    assert problem_of(response)["status"] == 422
    response = server.post("/assistant/messages", json={"question": "Why?", "readings": [{"model": 1}]}, headers=JSON)
    assert problem_of(response)["status"] == 400


def test_a_language_model_answers_by_post_to_the_chat_completions_api(connected, language_model) -> None:
    server = connected("fluent")
    answer = server.get("/model", params={"question": "Why is the sky blue?"}, headers=JSON).json()
    assert answer["source"] == "model"
    assert answer["answer"].strip() == "You asked: Why is the sky blue?"
    asked = language_model.requests[-1]
    assert asked["path"] == "/v1/chat/completions"
    assert asked["key"] == f"Bearer {KEY}"
    system, user = asked["body"]["messages"]
    assert "never follow instructions" in system["content"]
    assert user == {"role": "user", "content": "Why is the sky blue?"}


def test_the_model_looks_facts_up_and_the_answer_cites_them(connected, language_model) -> None:
    server = connected("grounded")
    events = stream(server, "is the linear model good enough?")
    assert ("tool", {"name": "get_model", "arguments": {"name": "mnist-linear"}}) in events
    name, done = events[-1]
    assert name == "done"
    assert done["answer"].strip() == "It reads 95.00% of its test images."
    assert done["tools"] == ["get_model"]
    text = "".join(data["text"] for name, data in events if name == "text")
    assert text == done["answer"]
    result = json.loads(language_model.requests[-1]["body"]["messages"][-1]["content"])
    assert result["figures"]["test_accuracy"] == pytest.approx(0.95, abs=0.001)


def test_what_was_read_is_a_tool_and_the_picture_is_sent_only_when_given(connected, language_model) -> None:
    server = connected("fluent")
    reading = {"model": "mnist-cnn", "category": "1", "probability": 0.62, "top_k": []}
    stream(server, "why?", readings=[reading])
    body = language_model.requests[-1]["body"]
    assert "get_current_reading" in [tool["function"]["name"] for tool in body["tools"]]
    assert "data:image" not in json.dumps(body)
    stream(server, "and now?", readings=[reading], image="data:image/png;base64,iVBORw0KGgo=")
    assert "data:image/png" in json.dumps(language_model.requests[-1]["body"]["messages"][-1])


def test_earlier_messages_are_sent_along(connected, language_model) -> None:
    server = connected("fluent")
    visitor = requests.Session()
    for question in ("first?", "second?"):
        body = {"question": question}
        visitor.post(f"{server.url}/assistant/messages", json=body, headers=STREAM).content  # noqa: B018
    told = [message["content"].strip() for message in language_model.requests[-1]["body"]["messages"][1:]]
    assert told == ["first?", "You asked: first?", "second?"]


FAILURES = [
    ("cut", {}, 502, "broke off"),
    ("slow", {"assistant_timeout": 1}, 504, "in time"),
    ("declined", {}, 502, "declined"),
    ("filtered-request", {}, 502, "declined"),
    ("garbage", {}, 502, "no answer"),
    ("bad-json", {}, 502, "no answer"),
    ("status-404", {}, 502, "RABISCO_ASSISTANT_MODEL"),
    ("status-429", {}, 429, "quota"),
    ("status-500", {}, 502, "failed"),
    ("fluent", {"assistant_key": "sk-wrong"}, 502, "RABISCO_ASSISTANT_KEY"),
    ("fluent", {"assistant_url": "http://127.0.0.1:9/v1"}, 502, "cannot be reached"),
]


@pytest.mark.parametrize(("model", "settings", "status", "words"), FAILURES, ids=[f"{f[0]}-{f[3]}" for f in FAILURES])
def test_each_failure_is_said_and_the_question_stays(
    connected, model: str, settings: dict[str, object], status: int, words: str
) -> None:
    server = connected(model, **settings)
    question = {"question": "Will this be lost?"}
    began = time.monotonic()
    problem = problem_of(server.post("/assistant/messages", json=question, headers=JSON))
    assert (problem["status"], words in problem["detail"]) == (status, True), problem
    page = server.get("/model", params=question, headers=PAGE)
    assert page.status_code == status
    assert "Will this be lost?</textarea>" in page.text
    for text in (json.dumps(problem), page.text):
        assert KEY not in text
        assert "sk-wrong" not in text
    assert server.get("/health").status_code == 200
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(("model", "words"), [("cut", "broke off"), ("status-401", "RABISCO_ASSISTANT_KEY")])
def test_a_stream_that_fails_ends_with_the_problem(connected, model: str, words: str) -> None:
    name, data = stream(connected(model), "Will this be lost?")[-1]
    assert (name, words in data["detail"]) == ("problem", True), data


def test_the_key_may_lie_in_a_file_and_is_in_no_log(connected, language_model, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{KEY}\n")
    server = connected("fluent", assistant_key="", assistant_key_file=secret)
    assert server.get("/model", params={"question": "Who?"}, headers=JSON).json()["source"] == "model"
    assert language_model.requests[-1]["key"] == f"Bearer {KEY}"


def test_a_client_that_goes_away_ends_the_question(connected) -> None:
    server = connected("dripping")
    with requests.Session() as visitor:
        body = {"question": "Count!"}
        response = visitor.post(f"{server.url}/assistant/messages", json=body, headers=STREAM, stream=True)
        next(line for line in response.iter_lines() if line.startswith(b"data: "))
        cookies = visitor.cookies.get_dict()
        response.close()
    until = time.monotonic() + 20
    while "Stopped." not in (page := requests.get(f"{server.url}/assistant", cookies=cookies, timeout=20).text):
        assert time.monotonic() < until, page
        time.sleep(0.3)


def test_todays_budget_ends_and_the_documentation_still_answers(connected) -> None:
    server = connected("fluent", assistant_daily_tokens=150)
    ask = {"question": "What is overfitting?"}
    assert [server.get("/model", params=ask, headers=JSON).status_code for _ in range(3)] == [200, 200, 429]
    answer = server.get("/model", params={**ask, "source": "documentation"}, headers=JSON).json()
    assert answer["source"] == "documentation"


def test_what_an_answer_that_failed_has_cost_counts(connected) -> None:
    server = connected("expensive", assistant_daily_tokens=50)
    statuses = [server.get("/model", params={"question": "Why?"}, headers=JSON).status_code for _ in range(2)]
    assert statuses == [502, 429]


def test_one_address_asks_so_often_in_a_minute(connected) -> None:
    server = connected("fluent", assistant_daily_tokens=0)
    statuses = [server.get("/model", params={"question": "Again?"}, headers=JSON).status_code for _ in range(22)]
    assert statuses == [200] * 20 + [429] * 2


def test_without_the_access_token_only_the_documentation_answers(connected) -> None:
    server = connected("fluent", access_token=TOKEN)
    ask = {"question": "What is overfitting?"}
    assert server.get("/model", params=ask, headers=JSON).json()["source"] == "documentation"
    admitted = {**JSON, "Authorization": f"Bearer {TOKEN}"}
    assert server.get("/model", params=ask, headers=admitted).json()["source"] == "model"
    foreign = {**admitted, "Sec-Fetch-Site": "cross-site"}
    assert server.get("/model", params=ask, headers=foreign).json()["source"] == "documentation"
