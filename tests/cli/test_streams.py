"""What a shell closed before a command began."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&-"])
def test_a_closed_stream_is_no_fault_of_the_command(tmp_path: Path, closed: str) -> None:
    """Before, `isatty` of nothing was reported as a bug in azml."""
    line = f'exec "$0" -c "from azml.cli.app import main; main()" cache list {closed}'
    result = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable],
        env={**os.environ, "AZML_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert bool(result.stdout) == (">&-" not in closed)
