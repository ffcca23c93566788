"""Plain `pulumi` in a fresh shell."""

import os
import subprocess
import sys

import pytest

from azml.toolchain.pulumi import find_or_install

pytestmark = pytest.mark.process


def test_the_line_puts_the_cli_on_path_once_and_changes_nothing_else() -> None:
    azml = f"'{sys.executable}' -c 'from azml.cli.app import main; main()' tools"
    line = f'eval "$({azml})"; command -v pulumi; echo "$PATH"; {azml} | wc -c'
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=120)
    pulumi, path, again = done.stdout.splitlines()
    found = find_or_install(print)
    assert pulumi == str(found)
    before = os.environ["PATH"]
    assert path in (before, f"{found.parent}:{before}")
    assert again.strip() == "0", "a shell that finds it is told nothing"
