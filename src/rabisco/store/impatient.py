"""Connections to PostgreSQL that do not wait for ever: a server that is frozen sends no error, nor that it is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


class ImpatientConnection(psycopg.Connection[Any]):
    """A connection that is given up when an answer takes too long.

    Attributes:
        patience: Seconds for one answer.
    """

    patience = 10.0

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Return what the server answers.

        Raises:
            OperationalError: It did not answer in time; the connection is closed.
        """
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError("no answer in time") from error

    @contextmanager
    def take_time(self) -> Iterator[None]:
        """Be patient in this block, as for a migration."""
        self.patience = 600.0
        yield
        self.patience = ImpatientConnection.patience
