"""What the process of a run does: ``python -m rabisco.runs.worker <id>``. It may be killed at any moment."""

import logging
import sys

from rabisco.errors import RabiscoError, TrainingCancelledError
from rabisco.recipes import run
from rabisco.runs.places import checkpoints_of, folder_of
from rabisco.runs.process import give_way
from rabisco.runs.session import take_up
from rabisco.runs.tasks import task_of
from rabisco.settings import get_settings
from rabisco.training import Checkpoints

LOGGER = logging.getLogger("rabisco.runs")


def main(run_id: str) -> None:
    """Take a run up and carry it through, unless another process has."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    give_way(get_settings().training_niceness)
    session = take_up(run_id)
    if session is None:
        return
    session.listen()
    try:
        session.phase("starting")
        task = task_of(session.asked, run_id, folder_of(run_id), session.row.created)
        run(task, session, Checkpoints(checkpoints_of(run_id)))
    except TrainingCancelledError as error:
        session.end("cancelled", message=str(error))
    except RabiscoError as error:
        LOGGER.exception("failed")
        session.end("failed", message=str(error))
    except MemoryError:
        LOGGER.exception("failed")
        session.end("failed", message="the training needs more memory than there is; train on fewer images at a time")
    except Exception:
        LOGGER.exception("failed")
        session.end(
            "failed", message="the training met an error that nobody foresaw; the log in the run's folder has it"
        )


if __name__ == "__main__":
    main(sys.argv[1])
