"""The tables, as SQLAlchemy declares them; a change here needs a migration, and a test compares the two."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Dialect, ForeignKey, LargeBinary, MetaData, String, Text
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from rabisco.errors import Sentence

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, UTC; SQLite would forget the zone."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class SentenceText(TypeDecorator[Sentence]):
    """A sentence, as JSON; earlier releases wrote it as English text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sentence | None, dialect: Dialect) -> str:  # noqa: ARG002
        return json.dumps(value.to_dict(), ensure_ascii=False, default=str) if value else ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> Sentence:  # noqa: ARG002
        return (
            Sentence.from_dict(json.loads(value))
            if value and value.startswith('{"message"')
            else Sentence(value or "")
        )


def now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime, Sentence: SentenceText, dict[str, Any]: JSON}  # noqa: RUF012 - the form SQLAlchemy asks for


class OfProcess:
    """The columns by which a row's process is found, and known to live; ``rabisco.runs`` alone writes them.

    Attributes:
        id: Also the name of the row's folder.
        state: Where the work stands; each table names its states.
        queued: Since when it waits, or waited last.
        host: Machine that it runs on.
        pid: Process that works on it; none while none does.
        process_started: When that process started, as its system says it, so that another with that number is told
            apart.
        heartbeat: When the process last said that it lives.
        launches: Processes started for it that ended before they took it up.
    """

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="queued", index=True)
    queued: Mapped[datetime] = mapped_column(default=now)
    host: Mapped[str] = mapped_column(String(120), default="")
    pid: Mapped[int | None]
    process_started: Mapped[str] = mapped_column(String(80), default="")
    heartbeat: Mapped[datetime | None]
    launches: Mapped[int] = mapped_column(default=0)


class RunRow(OfProcess, Base):
    """One training: what was asked for, where it stands, what it came to. ``rabisco.runs`` alone writes it.

    Attributes:
        name: For people; may be changed.
        notes: For people.
        state: See ``rabisco.runs.State``.
        wanted: What a running training was asked to do: nothing, ``stop`` or ``cancel``.
        request: The whole request, as JSON; ``data``, ``architecture`` and ``configuration`` are parts of it.
        data: Where the images come from.
        architecture: Name in the registry.
        configuration: The training configuration, whole.
        seed: Of everything random.
        artifact: Name of the model that it makes.
        artifact_version: Version of it that was saved; none before.
        accuracy: On the test split, read once at the end, in [0, 1].
        metrics: All figures of the card, once there is one.
        progress: The last progress, for lists.
        message: Why it failed, for its reader.
        last_event: Sequence number of its last event.
        owner: Token of who started it, if the pages know one.
        retry_of: The run that this one repeats.
    """

    __tablename__ = "runs"

    name: Mapped[str] = mapped_column(String(120))
    notes: Mapped[str] = mapped_column(Text, default="")
    wanted: Mapped[str] = mapped_column(String(8), default="")
    request: Mapped[dict[str, Any]]
    data: Mapped[dict[str, Any]]
    architecture: Mapped[str] = mapped_column(String(60))
    configuration: Mapped[dict[str, Any]]
    seed: Mapped[int]
    artifact: Mapped[str] = mapped_column(String(60))
    artifact_version: Mapped[int | None]
    accuracy: Mapped[float | None]
    metrics: Mapped[dict[str, Any] | None]
    progress: Mapped[dict[str, Any] | None]
    message: Mapped[Sentence] = mapped_column(default=Sentence(""))
    created: Mapped[datetime] = mapped_column(default=now, index=True)
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    last_event: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str] = mapped_column(String(64), default="")
    retry_of: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))


class RunEventRow(Base):
    """Something that happened in a run, for those who watch it, now or later.

    Attributes:
        run_id: The run.
        number: From 1, without gaps, in the order they became visible.
        kind: ``state``, ``phase``, ``progress``, ``epoch`` or ``report``; see ``docs/runs.md``.
        payload: What there is to say, as JSON.
        created: When.
    """

    __tablename__ = "run_events"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    payload: Mapped[dict[str, Any]]
    created: Mapped[datetime] = mapped_column(default=now)


class UploadRow(OfProcess, Base):
    """Files that were uploaded to be trained on, and what was found in them.

    Attributes:
        name: The file's name, for people.
        folder: Where it lies, relative to the settings' ``home``.
        state: See ``rabisco.uploads.State``.
        choices: What the user decided, as ``rabisco.intake.Choices.to_dict`` gives it.
        progress: How far the looking is: ``rows``, ``share``.
        inspection: What was found, as JSON; none before it was looked at.
        owner: Token of who uploaded it, if the pages know one.
    """

    __tablename__ = "uploads"

    created: Mapped[datetime] = mapped_column(default=now, index=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    folder: Mapped[str] = mapped_column(String(255))
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    progress: Mapped[dict[str, Any] | None]
    inspection: Mapped[dict[str, Any] | None]
    owner: Mapped[str] = mapped_column(String(64), default="", index=True)


class Picture(Base):
    """A picture that a reader said something of; stored with consent, exported and deleted on demand.

    Attributes:
        image: PNG.
        key: Names the image: the same picture of the same person is stored once.
        true_label: The class it is; none: it is not a character at all.
        person: Token of who said so.
        consent: Whether it may be trained on.
        corrections: What was said of each reading of it.
    """

    __tablename__ = "pictures"

    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(default=now, index=True)
    image: Mapped[bytes] = mapped_column(LargeBinary)
    key: Mapped[str] = mapped_column(String(32))
    true_label: Mapped[str | None] = mapped_column(String(80))
    person: Mapped[str] = mapped_column(String(64), index=True)
    consent: Mapped[bool]
    corrections: Mapped[list["Correction"]] = relationship(
        back_populates="picture", cascade="all", order_by="Correction.id", passive_deletes=True
    )


class Correction(Base):
    """What one model read in a picture that a reader said something of.

    Attributes:
        model: Name of the artifact that answered.
        artifact_version: Version of it.
        predicted: The class it named.
        probability: Of that class, in [0, 1].
        used_in_run: The run that last trained on it.
        picture: The picture, and what it really is.
    """

    __tablename__ = "corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("pictures.id", ondelete="CASCADE"), index=True)
    model: Mapped[str] = mapped_column(String(60))
    artifact_version: Mapped[int]
    predicted: Mapped[str] = mapped_column(String(80))
    probability: Mapped[float]
    used_in_run: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    picture: Mapped[Picture] = relationship(back_populates="corrections", lazy="joined", innerjoin=True)

    @property
    def true_label(self) -> str | None:
        """The class that the picture shows; none: it shows no character at all."""
        return self.picture.true_label

    @property
    def is_right(self) -> bool:
        """Whether the model read correctly."""
        return self.true_label == self.predicted


class AssistantMessage(Base):
    """A question to the assistant or its answer, kept until the visitor clears the conversation.

    Attributes:
        visitor: Token of whose conversation it is.
        role: ``user`` or ``assistant``; ``cleared`` for what a deleted conversation cost.
        text: Plain text of a question, Markdown of an answer.
        source: Of an answer: ``model`` or ``documentation``.
        details: Of an answer: tools that were called, pages it came from.
        tokens: What the answer cost.
    """

    __tablename__ = "assistant_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(default=now, index=True)
    visitor: Mapped[str] = mapped_column(String(64), index=True)
    role: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(16), default="")
    details: Mapped[dict[str, Any]]
    tokens: Mapped[int] = mapped_column(default=0)


class Rate(Base):
    """Requests counted across all servers in the current window.

    Attributes:
        key: Client, endpoint and limit.
        count: Requests so far.
        expires: When the window ends.
    """

    __tablename__ = "rates"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    count: Mapped[int]
    expires: Mapped[datetime] = mapped_column(index=True)
