"""A picture passes few of the project's own modules and functions between its bytes and the answer."""

from benchmarks import hops


def test_one_picture_passes_few_modules_and_functions_of_the_core() -> None:
    core = hops.run()["application"]["core"]
    assert core["modules"] <= 8
    assert core["functions"] <= 45
