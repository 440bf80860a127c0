"""What must outlive a process, such as runs and corrections. SQLite by default, PostgreSQL by URL.

``tables`` says what is kept, ``database`` opens it and hands out transactions, ``schema`` brings it up to date by the
``migrations``. A transaction is had by ``reading``, ``writing`` or ``alone``; nothing else touches the database::

    with store.writing() as session:
        session.add(store.UploadRow(...))
"""

from rabisco.store.database import alone, close, reading, writing
from rabisco.store.tables import (
    AssistantMessage,
    Base,
    Correction,
    OfProcess,
    Picture,
    RunEventRow,
    RunRow,
    UploadRow,
    now,
)

__all__ = [
    "AssistantMessage",
    "Base",
    "Correction",
    "OfProcess",
    "Picture",
    "RunEventRow",
    "RunRow",
    "UploadRow",
    "alone",
    "close",
    "now",
    "reading",
    "writing",
]
