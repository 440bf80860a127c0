"""What the process of a run does: ``python -m rabisco.runs.worker <id>``. It may be killed at any moment."""

import logging
import sys

from rabisco.errors import N_, RabiscoError, Sentence, TrainingCancelledError
from rabisco.recipes import run
from rabisco.runs.places import checkpoints_of, folder_of
from rabisco.runs.process import give_way
from rabisco.runs.session import take_up
from rabisco.runs.tasks import task_of
from rabisco.settings import get_settings
from rabisco.training import Checkpoints

OUT_OF_MEMORY = N_("the training needs more memory than there is; train on fewer images at a time")
UNFORESEEN = N_("the training met an error that nobody foresaw; the log in the run's folder has it")
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
        session.end("cancelled", message=error.sentence)
    except RabiscoError as error:
        LOGGER.exception("failed")
        session.end("failed", message=error.sentence)
    except MemoryError:
        LOGGER.exception("failed")
        session.end("failed", message=Sentence(OUT_OF_MEMORY))
    except Exception:
        LOGGER.exception("failed")
        session.end("failed", message=Sentence(UNFORESEEN))


if __name__ == "__main__":
    main(sys.argv[1])
