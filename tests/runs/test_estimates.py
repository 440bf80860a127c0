"""What earlier trainings tell of how long the next takes; and what a time budget counts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rabisco import runs, store
from rabisco.runs import estimates, scheduling
from rabisco.runs.process import host
from rabisco.runs.session import RunSession
from rabisco.settings import get_settings
from rabisco.training import Progress


def submitted(**asked: Any) -> runs.Run:
    return runs.submit(runs.RunRequest.parse({"data": {"catalog": "digits"}, "artifact": "mine", **asked}))


def test_the_time_budget_counts_from_the_first_batch_and_leaves_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    run = submitted(minutes=0.5)
    with store.reading() as session:
        session_of_run = RunSession(session.get(store.RunRow, run.id))
    monkeypatch.setattr(session_of_run, "say", lambda *_, **__: None)

    def after(epoch: int, step: int, seconds: float) -> str:
        session_of_run.progress(
            Progress(
                epoch=epoch,
                epochs=9,
                step=step,
                steps=50,
                loss=1.0,
                accuracy=0.5,
                learning_rate=0.1,
                examples_per_second=None,
                eta_seconds=None,
                seconds=seconds,
                validation_loss=None,
                validation_accuracy=None,
            )
        )
        return session_of_run.request()

    assert after(1, 1, 40.0) == "continue"  # Keras took 40 seconds to build
    assert after(1, 50, 80.0) == "continue"  # the budget is used up, the first epoch is not over
    assert after(2, 1, 69.0) == "continue"
    assert after(2, 2, 71.0) == "stop"


def test_to_train_longer_is_three_times_the_epochs_and_the_time() -> None:
    longer = runs.train_longer(submitted(preset="seconds").id)
    assert longer.configuration["epochs"] == 3 * submitted(preset="seconds").configuration["epochs"]
    assert longer.request["minutes"] == 3.0
    assert longer.retry_of


def test_the_last_training_tells_how_long_a_preset_and_each_phase_take() -> None:
    assert estimates.seconds_of_preset("seconds") is None
    earlier, waiting = submitted(preset="seconds"), submitted(preset="seconds")
    began = store.now()
    with store.writing() as session:
        row = session.get(store.RunRow, earlier.id)
        row.state, row.host, row.started, row.ended = "succeeded", host(), began, began + timedelta(seconds=41)
        for number, (phase, after) in enumerate({"loading": 0, "training": 4, "judging": 34}.items(), 2):
            moment = began + timedelta(seconds=after)
            session.add(
                store.RunEventRow(run_id=row.id, number=number, kind="phase", payload={"phase": phase}, created=moment)
            )
    assert estimates.seconds_of_preset("seconds") == 41
    assert estimates.seconds_of_phases(waiting) == {"loading": 4, "training": 30, "judging": 7}
    assert scheduling.place_in_queue(runs.get(waiting.id)) == 1


def test_how_long_fast_takes_grows_with_its_images_and_a_slower_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "is_anything_kept", lambda: True)  # other tests draw meanwhile
    few, many = estimates.seconds_of_fast(1_000), estimates.seconds_of_fast(54_000)
    assert 0 < few < many < estimates.seconds_of_fast(200_000)
    measured = estimates._seconds_of_reading()
    monkeypatch.setattr(estimates, "_seconds_of_reading", lambda: 3 * measured)
    assert estimates.seconds_of_fast(54_000) == pytest.approx(3 * many)


def test_the_first_training_of_a_machine_draws_and_takes_longer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RABISCO_CACHE_DIR", str(tmp_path))
    get_settings.cache_clear()
    sizes = 1_294, 54_000
    first = [estimates.seconds_of_fast(images) for images in sizes]
    (tmp_path / "rejection").mkdir()
    (tmp_path / "rejection" / ".half-written.npz").touch()
    assert [estimates.seconds_of_fast(images) for images in sizes] == first
    (tmp_path / "rejection" / "drawn.npz").touch()
    few, many = (before - estimates.seconds_of_fast(images) for before, images in zip(first, sizes, strict=True))
    assert 0 < few < many / 4
