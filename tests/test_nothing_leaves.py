"""Nothing leaves this machine and nothing is written outside the settings' folders, whatever the libraries would."""

from pathlib import Path

import pytest
from tests.conftest import shared
from tests.watched import Seen, look

pytestmark = [pytest.mark.server, pytest.mark.training]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    found = look(tmp_path_factory.mktemp("watched"), shared(tmp_path_factory, "drawn"))
    assert found.status == 0, found.output[-3000:]
    return found


def test_server_command_training_and_studio_run_without_a_network(seen: Seen) -> None:
    if not seen.apart:
        pytest.skip("this system gives no network of one's own")
    assert "seven.png: 7" in seen.output


def test_nobody_is_looked_up_and_no_other_machine_is_connected_to(seen: Seen) -> None:
    assert seen.contacts == []


def test_no_file_is_written_outside_the_folders_of_the_settings(seen: Seen) -> None:
    assert seen.written == []


def test_the_home_folder_and_the_one_for_temporary_files_are_left_empty(seen: Seen) -> None:
    assert seen.left == []


def test_a_trace_sees_what_an_audit_hook_cannot(seen: Seen, tmp_path: Path) -> None:
    if not seen.traced:
        pytest.skip("strace is not installed or may not trace")
    assert seen.contacts == seen.written == []
