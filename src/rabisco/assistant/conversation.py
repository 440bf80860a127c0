"""What a visitor asked and what was answered, kept until the visitor clears it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select

from rabisco import store

MOST_SHOWN = 200


@dataclass(frozen=True)
class Message:
    """One question or answer; its fields are those of ``store.AssistantMessage``."""

    role: str
    text: str
    source: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    tokens: int = 0


def add(visitor: str, *messages: Message) -> None:
    """Keep messages, in order, as the newest of a visitor's conversation.

    Raises:
        StorageError: The database cannot be written to.
    """
    with store.writing() as session:
        for message in messages:
            values = {**vars(message), "text": message.text.replace("\0", "")}
            session.add(store.AssistantMessage(visitor=visitor, **values))
            session.flush()


def latest(visitor: str, most: int = MOST_SHOWN) -> list[Message]:
    """Return the newest messages of a visitor's conversation, oldest first; none without a visitor."""
    if not visitor:
        return []
    with store.reading() as session:
        row = store.AssistantMessage
        rows = list(session.scalars(select(row).where(row.visitor == visitor).order_by(row.id.desc()).limit(most)))
    return [Message(row.role, row.text, row.source, row.details, row.tokens) for row in reversed(rows)]


def clear(visitor: str) -> None:
    """Delete a visitor's conversation for good; what it cost today still counts.

    Raises:
        StorageError: The database cannot be written to.
    """
    with store.writing() as session:
        row = store.AssistantMessage
        spent = session.scalar(select(func.sum(row.tokens)).where(row.visitor == visitor, row.created >= _today()))
        session.execute(delete(row).where(row.visitor == visitor))
        if spent:
            session.add(row(visitor="", role="cleared", text="", source="", details={}, tokens=spent))


def tokens_today() -> int:
    """Return the tokens that answers have cost since midnight UTC, all visitors together."""
    with store.reading() as session:
        row = store.AssistantMessage
        return session.scalar(select(func.sum(row.tokens)).where(row.created >= _today())) or 0


def _today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
