"""What the tests' own local Azures leave on the machine: nothing."""

from pathlib import Path

import pytest

from tests.emulator.in_process import InProcessAzure
from tests.emulator.local_azure import LocalAzure


@pytest.mark.parametrize("kind", [LocalAzure, InProcessAzure])
def test_the_folder_of_its_socket_goes_with_it(
    kind: type[LocalAzure] | type[InProcessAzure], tmp_path: Path
) -> None:
    azure = kind(tmp_path / "emulator")
    azure.start()
    assert azure.dataplane.folder.is_dir()
    azure.stop()
    assert not azure.dataplane.folder.exists()
