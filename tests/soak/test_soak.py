"""The short form of `make soak`, and its table."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from azml.emulator.control.http.exchanges import VARIABLE
from tests.soak.figures import MUST_BE_ZERO, Figures

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]


def test_every_attack_once_leaves_zeros_where_they_belong() -> None:
    command = [sys.executable, "-m", "tests.soak", "--once", "--clients", "1", "--seed", "9"]
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, zero in MUST_BE_ZERO.items():
        (number,) = re.findall(rf"^{name} +(\d+)", done.stdout, re.MULTILINE)
        assert (int(number) == 0) is zero or "cut" in name, done.stdout


def test_the_table_names_its_seed_and_what_must_be_zero() -> None:
    figures = Figures(41)
    figures.count("requests answered")
    figures.count("processes and folders left behind", "none", 0)
    assert figures.failed == []
    assert "41" in figures.table().splitlines()[0]
    figures.count("404 for what exists", "blue: 404")
    assert figures.failed == ["404 for what exists"]
    assert "must be 0" in figures.table()
    assert "blue: 404" in figures.table()
    with pytest.raises(KeyError):
        figures.count("what nobody counts")
