"""Successive halving: all combinations are trained a little, the best third three times as long, and so on.

Each is a run that pauses at the end of some epochs. Once none of a sweep waits or runs, the best third of those that
pause goes on, each from its checkpoint, with the weights and the learning-rate schedule of one that was never paused.
Whoever supervises decides, by the rows alone. This is ASHA with rungs that wait for all of their trainings. Nothing is
judged on the test split here but what is trained in full.

Source: Li et al., A System for Massively Parallel Hyperparameter Tuning, https://arxiv.org/abs/1810.05934.
"""

from math import inf

from sqlalchemy import select
from sqlalchemy.orm import Session

from rabisco import store
from rabisco.errors import N_, InvalidConfigurationError, Sentence
from rabisco.runs.queue import goes_on_by_itself, requeued, resume
from rabisco.runs.request import RunRequest
from rabisco.runs.resolving import check
from rabisco.runs.states import ACTIVE, change_state
from rabisco.training.config import GRADIENT_SOLVERS

FACTOR = 3
SWEEP = store.RunRow.request["sweep"].as_string()  # the name of a row's sweep


def rungs(epochs: int) -> tuple[int, ...]:
    """Return after how many epochs trainings of so many are compared: 1, 3, 9 and so on."""
    steps = [1]
    while steps[-1] * FACTOR < epochs:
        steps.append(steps[-1] * FACTOR)
    return tuple(step for step in steps if step < epochs)


def in_rungs(request: RunRequest) -> RunRequest:
    """Return a request with the epochs at whose ends it pauses.

    Raises:
        InvalidConfigurationError: It cannot be trained, or cannot pause.
    """
    configuration = check(request).configuration
    if configuration.solver not in GRADIENT_SOLVERS:
        raise InvalidConfigurationError(
            N_("asha pauses between epochs: expected solver = 'adamw' or 'sgd'. Received: %(solver)s"),
            solver=repr(configuration.solver),
        )
    if request.minutes is not None or request.preset:
        raise InvalidConfigurationError(N_("asha counts epochs: leave minutes and preset out"))
    return request.model_copy(update={"pauses": rungs(configuration.epochs)})


def promote_best() -> None:
    """Let the best third of those that pause go on in every sweep of which none waits or runs."""
    with store.reading() as session:
        undecided = set(session.scalars(select(SWEEP).where(store.RunRow.state == "paused").distinct()))
        if not undecided:
            return
        is_open = store.RunRow.state.in_(("queued", *ACTIVE)), SWEEP.in_(undecided)
        undecided -= set(session.scalars(select(SWEEP).where(*is_open).distinct()))
        died = store.RunRow.state == "interrupted", SWEEP.in_(undecided)
        interrupted = session.execute(select(store.RunRow.id, SWEEP).where(*died)).all() if undecided else []
    for run_id, name in interrupted:
        if goes_on_by_itself(run_id):
            resume(run_id)
            undecided.discard(name)
    for name in undecided:
        with store.writing() as session:
            _decide(session, name)


def _decide(session: Session, name: str) -> None:
    paused = store.RunRow.state == "paused", name == SWEEP
    ids = list(session.scalars(select(store.RunRow.id).where(*paused).order_by(store.RunRow.created)))
    of_epochs = store.RunEventRow.run_id.in_(ids), store.RunEventRow.kind == "epoch"
    standing, epoch = dict.fromkeys(ids, (-1.0, -inf)), 0
    for run_id, told in session.execute(select(store.RunEventRow.run_id, store.RunEventRow.payload).where(*of_epochs)):
        accuracy, loss = told.get("validation_accuracy"), told.get("validation_loss")
        figures = -1.0 if accuracy is None else accuracy, -inf if loss is None else -loss
        standing[run_id], epoch = max(standing[run_id], figures), max(epoch, told["epoch"])
    ranked = sorted(ids, key=standing.__getitem__, reverse=True)
    kept = max(1, len(ranked) // FACTOR)
    for run_id in ranked[:kept]:
        change_state(session, run_id, ("paused",), "queued", **requeued())
    reason = Sentence(N_("After epoch %(epoch)s, others of its sweep were better."), {"epoch": epoch})
    for run_id in ranked[kept:]:
        change_state(session, run_id, ("paused",), "outdone", message=reason)
