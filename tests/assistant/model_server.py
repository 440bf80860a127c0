"""A server that speaks the OpenAI chat completions API over a real socket: ``python -m tests.assistant.model_server``.

It prints its port. The name of the model that is asked for says how it behaves; "told" behaves as what was last posted
to /told. Each request is appended, as JSON, to the file that its argument names.
"""

import json
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "sk-a-secret-that-must-not-leak"
HARMFUL = (
    "<script>document.title = 'owned'</script> <img src=x onerror=\"document.title='owned'\"> "
    "[click](javascript:document.title='owned') ![pixel](http://192.0.2.1/pixel.png) **bold** and \\(\\frac{a}{b}\\)"
)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    told = "fluent"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/told":
            Handler.told = body
            self._send(b"", "text/plain")
            return
        with Path(sys.argv[1]).open("a", encoding="utf-8") as log:
            log.write(json.dumps({"path": self.path, "key": self.headers.get("Authorization"), "body": body}) + "\n")
        model = Handler.told if body["model"] == "told" else body["model"]
        if self.headers.get("Authorization") not in (f"Bearer {KEY}", "Bearer none"):
            self._fail(401, f"Incorrect API key provided: {self.headers.get('Authorization')}")
        elif model.startswith("status-"):
            self._fail(int(model.removeprefix("status-")), "no luck today")
        elif model == "filtered-request":
            self._fail(400, "filtered", code="content_filter")
        elif model == "garbage":
            self._send(b"<html>I am no API</html>", "text/html")
        elif model == "bad-json":
            self._send(b'data: {"choices": [\n\n', "text/event-stream")
        else:
            self._stream(model, body)

    def _stream(self, model: str, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in BEHAVIORS[model](body):
            if chunk is None:  # the line is cut
                self.close_connection = True
                self.wfile.flush()
                self.connection.close()
                return
            self._chunk(f"data: {json.dumps(chunk)}\n\n".encode())
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _fail(self, status: int, message: str, code: str = "") -> None:
        body = json.dumps({"error": {"message": message, "type": "error", "code": code}}).encode()
        self._send(body, "application/json", status)

    def _send(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def piece(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}


def spent(tokens: int) -> dict[str, Any]:
    usage = {"prompt_tokens": tokens - 10, "completion_tokens": 10, "total_tokens": tokens}
    return {**piece({}), "choices": [], "usage": usage}


def said(text: str) -> Iterator[dict[str, Any]]:
    for word in text.split(" "):
        yield piece({"content": word + " "})
    yield piece({}, "stop")
    yield spent(100)


def fluent(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return said(f"You asked: {body['messages'][-1]['content']}")


def grounded(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Look a model's card up, in two pieces, and cite its accuracy."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        accuracy = json.loads(last["content"])["figures"]["test_accuracy"]
        yield from said(f"It reads {accuracy:.2%} of its test images.")
        return
    names = [tool["function"]["name"] for tool in body["tools"]]
    name = "get_current_reading" if "get_current_reading" in names and "drawing" in last["content"] else "get_model"
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": '{"na'}}
    yield piece({"tool_calls": [call]})
    yield piece({"tool_calls": [{"index": 0, "function": {"arguments": 'me": "mnist-linear"}'}}]})
    yield piece({}, "tool_calls")
    yield spent(50)


def slow(_: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield piece({"content": "Wait "})
    time.sleep(30)


def dripping(_: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number in range(300):
        yield piece({"content": f"{number} "})
        time.sleep(0.1)
    yield piece({}, "stop")


def cut(_: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
    yield piece({"content": "The answer is "})
    time.sleep(0.3)
    yield None


def declined(_: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield piece({"content": "I "})
    yield piece({}, "content_filter")


def expensive(_: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
    yield spent(100)
    yield None


def harmful(_: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return said(HARMFUL)


BEHAVIORS = {
    "fluent": fluent,
    "grounded": grounded,
    "slow": slow,
    "dripping": dripping,
    "cut": cut,
    "declined": declined,
    "expensive": expensive,
    "harmful": harmful,
}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
