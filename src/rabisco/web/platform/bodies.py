"""How a request's body is taken in: by the event loop, in bounded memory, for a bounded time.

What is small stays in memory, the rest goes to a file without a name: whatever happens to the client or to this
process, the system removes it.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterable, Callable
from typing import IO, Any

from rabisco.settings import Settings

# A client that sends nothing more for so long, or less than a piece in that time, is turned away.
BODY_SECONDS = 60
# What is written to the file at a time; a body no larger than this never leaves the memory.
PIECE = 1024 * 1024


class IncompleteBodyError(Exception):
    """The client went away, or broke HTTP's rules, before its whole body was here."""


def temporary_file(settings: Settings) -> IO[bytes]:
    """Return an empty file without a name; beside the artifacts, because ``/tmp`` is often memory.

    Where that folder cannot be written to, as in a read-only container, it lies where the system keeps such files.
    """
    folder = settings.home / "uploads"
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return tempfile.TemporaryFile()
    return tempfile.TemporaryFile(dir=folder)


async def receive(parts: AsyncIterable[bytes], limit: int, file: IO[bytes], aside: Callable[..., Any]) -> None:
    """Write a body into a file and go back to its start; of one too large, only as much as shows that it is.

    Args:
        parts: Of the body; raises ``IncompleteBodyError`` where it breaks off.
        limit: The largest body, in bytes.
        file: An empty file, in memory or on disk.
        aside: Runs what may wait for a disk in a thread.

    Raises:
        IncompleteBodyError: It breaks off.
        TimeoutError: The client is too slow.
        OSError: The disk is full.
    """
    received, piece = 0, bytearray()
    async with asyncio.timeout(BODY_SECONDS) as patience:
        async for part in parts:
            received += len(part)
            piece += part
            if received > limit:
                break
            if len(piece) >= PIECE:
                await aside(file.write, bytes(piece))
                piece.clear()
                patience.reschedule(asyncio.get_running_loop().time() + BODY_SECONDS)
    if received > PIECE:
        await aside(file.write, bytes(piece))
        await aside(file.seek, 0)
    else:
        file.write(piece)
        file.seek(0)
