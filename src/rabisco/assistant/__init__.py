"""A question about a drawing, a model or a training, and its answer.

``model`` asks a server that speaks the OpenAI API, which may call the read-only ``tools``; ``knowledge`` answers from
the documentation where there is no such server; ``conversation`` keeps what was said. Nothing here knows Flask.
"""

from rabisco.assistant.conversation import Message, add, clear, latest, tokens_today
from rabisco.assistant.knowledge import LANGUAGES, HelpSection, questions, search
from rabisco.assistant.markdown import to_html
from rabisco.assistant.model import Facts, Failure, ModelServerError, Text, ToolUse, ask, is_configured

__all__ = [
    "LANGUAGES",
    "Facts",
    "Failure",
    "HelpSection",
    "Message",
    "ModelServerError",
    "Text",
    "ToolUse",
    "add",
    "ask",
    "clear",
    "is_configured",
    "latest",
    "questions",
    "search",
    "to_html",
    "tokens_today",
]
