"""A picture, and a batch of a training, pass few of the project's own modules and functions on their way."""

import pytest
from benchmarks import hops


def test_one_picture_passes_few_modules_and_functions_of_the_core() -> None:
    for functions in hops.predict().values():
        ways = hops.figures(functions)
        assert ways["core"]["modules"] <= 8
        assert ways["core"]["functions"] <= 45
        assert ways["all"]["modules"] <= 16
        assert ways["all"]["functions"] <= 60


@pytest.mark.training
def test_one_batch_passes_few_functions() -> None:
    whole, batch = (hops.figures(functions)["all"] for functions in hops.train())
    assert batch["modules"] <= 9
    assert batch["functions"] <= 20
    assert whole["functions"] <= 400
