"""What the process of a run does: ``python -m rabisco.runs.worker <id>``. It may be killed at any moment."""

import logging
import math
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from rabisco import artifacts, corrections, recipes, retraining
from rabisco.artifacts import Card
from rabisco.data.dataset import Dataset
from rabisco.errors import RabiscoError, TrainingCancelledError
from rabisco.recipes import Recipe
from rabisco.retraining import Lesson, Relearning, Retraining
from rabisco.runs.line import Line, take_up
from rabisco.runs.places import checkpoints_of, folder_of
from rabisco.runs.process import give_way
from rabisco.runs.request import RunRequest, check, minutes_of
from rabisco.runs.truth import result_of
from rabisco.settings import get_settings
from rabisco.training import TrainingResult

if TYPE_CHECKING:
    import keras

LOGGER = logging.getLogger("rabisco.runs")


def main(run_id: str) -> None:
    """Take a run up and carry it through, unless another process has."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    give_way(get_settings().training_niceness)
    line = take_up(run_id)
    if line is None:
        return
    line.listen()
    try:
        _carry_through(line)
    except TrainingCancelledError as error:
        line.end("cancelled", message=str(error))
    except RabiscoError as error:
        LOGGER.exception("failed")
        line.end("failed", message=str(error))
    except MemoryError:
        LOGGER.exception("failed")
        line.end("failed", message="the training needs more memory than there is; train on fewer images at a time")
    except Exception:
        LOGGER.exception("failed")
        line.end("failed", message="the training met an error that nobody foresaw; the log in the run's folder has it")


def _carry_through(line: Line) -> None:
    line.say("phase", {"phase": "starting"})
    request = RunRequest.parse(line.row.request)
    recipe = check(request)
    from rabisco.models.backend import device, start_keras

    start_keras()
    from rabisco.runs import sources
    from rabisco.training import Checkpoints, Progress, Request, train

    line.say("phase", {"phase": "loading", "device": device()})
    recipe, dataset = sources.load(request, recipe, folder_of(line.row.id))
    lesson = retraining.gather(request.artifact, request.version, line.row.created) if request.corrections else None
    if lesson is not None and not lesson.changes_weights:
        _refuse_more(line, lesson, dataset)
        return
    model, trained_on, finish = _task(line, request, recipe, dataset, lesson)
    checkpoints = Checkpoints(checkpoints_of(line.row.id))
    if line.wanted == "stop" and not any(checkpoints.folder.glob("*")):
        raise TrainingCancelledError("the run was stopped before its first step; there was nothing to keep")
    budget = (minutes_of(request) or math.inf) * 60
    spent = [0.0]

    def on_progress(progress: Progress) -> None:
        spent[0] = progress.seconds
        payload = _plain(asdict(progress), device=device(), budget_seconds=budget)
        if progress.validation_accuracy is None:
            line.report(payload)
        else:
            line.say("epoch", payload, progress=payload)

    def asked() -> Request:
        return "stop" if line.wanted == "stop" or spent[0] > budget else "continue"

    splits = {"train": trained_on.train, "validation": trained_on.validation, "test": trained_on.test}
    counts = {name: len(split) for name, split in splits.items()}
    line.say("phase", {"phase": "training", "device": device(), "classes": dataset.num_classes, **counts})
    result = train(model, trained_on, recipe.configuration, on_progress, asked, checkpoints=checkpoints)
    line.say("phase", {"phase": "judging"})
    card = finish(result)
    with line.saving:
        line.say("phase", {"phase": "saving"})
        artifact = artifacts.save_artifact(model, card, use=request.use)
        stopped = line.wanted == "stop" and result.ended == "stopped"
        line.end("stopped" if stopped else "succeeded", **result_of(artifact.version, artifact.card))
    if not stopped:
        checkpoints.clear()


def _task(
    line: Line, request: RunRequest, recipe: Recipe, dataset: Dataset, lesson: Lesson | None
) -> "tuple[keras.Model, Dataset, Callable[[TrainingResult], Card]]":
    """Return the model to train, what on, and what makes its card once that is done."""
    from rabisco.runs import sources

    if lesson is not None:
        task = retraining.Relearning(lesson, dataset, recipe.configuration)
        return task.model, task.mixed, lambda result: _tell(line, task, result)
    model = recipes.new_model(recipe, dataset)
    if request.base is not None:
        sources.begin_with(model, request.base, dataset.class_names)
    return model, dataset, lambda result: recipes.judge(recipe, dataset, model, result, line.row.id)


def _tell(line: Line, task: Relearning, result: TrainingResult) -> Card:
    """Return the card of what learned from corrections, having told what became better and worse."""
    card, report = task.finish(result, line.row.id, on_share=partial(_tell_share, line))
    _report(line, task.lesson, report)
    return card


def _refuse_more(line: Line, lesson: Lesson, dataset: Dataset) -> None:
    """Carry through a run in which only what the model refuses changes, for no correction names a class."""
    card, report = retraining.refuse_more(lesson, dataset, line.row.id, partial(_tell_share, line))
    _report(line, lesson, report)
    with line.saving:
        line.say("phase", {"phase": "saving"})
        artifact = artifacts.save_again(lesson.artifact, card, use=False)
        line.end("succeeded", **result_of(artifact.version, artifact.card))


def _tell_share(line: Line, share: float) -> None:
    line.say("phase", {"phase": "refusing", "share": round(share, 2)} if share < 1 else {"phase": "judging"})


def _report(line: Line, lesson: Lesson, report: Retraining) -> None:
    line.say("report", report.to_dict())
    learned = report.rule is not None and report.rule.kept
    corrections.mark_used((one for one in lesson.given if learned or one.true_label is not None), line.row.id)


def _plain(values: dict[str, Any], device: str, budget_seconds: float) -> dict[str, Any]:
    """Return progress as JSON holds it: the time left within the budget, no value that is not a number."""
    if values["eta_seconds"] is not None:
        values["eta_seconds"] = min(values["eta_seconds"], max(0.0, budget_seconds - values["seconds"]))
    values["device"] = device
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in values.items()
    }


if __name__ == "__main__":
    main(sys.argv[1])
