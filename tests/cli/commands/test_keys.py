"""New keys for an endpoint that serves, by the commands, on the local Azure."""

import re
from pathlib import Path

import pytest

from azml.cli.commands.keys import giver
from azml.cli.endpoints.keys import Which
from azml.cli.failure import CommandError, InputError
from tests.fixtures.clones import TestClone

KEEPER = """\
#!/bin/sh
key=$(cat)
test -n "$key" || exit 3
echo "$1 $2 $key" >> "$(dirname "$0")/handed-over"
"""


def test_both_keys_are_new_and_the_old_ones_are_refused(sample: TestClone, first_up: str) -> None:
    (line,) = re.findall(r"^ *(curl --cacert .*)$", first_up, re.MULTILINE)
    old = _header(sample)
    begun = sample.run("keys", "rotate", "diabetes")
    assert begun.returncode == 0, begun.stderr
    assert "azml keys rotate diabetes --finish" in begun.stderr
    second = _header(sample, "--secondary")
    assert [_status(sample, line, each) for each in (old, second)] == [200, 200]

    ended = sample.run("keys", "rotate", "diabetes", "--finish")
    assert ended.returncode == 0, ended.stderr
    new = _header(sample)
    assert [_status(sample, line, each) for each in (old, second, new)] == [401, 200, 200]

    said = "".join(run.stdout + run.stderr for run in (begun, ended))
    kept = (sample.root / ".azml" / "rotations.json").read_text()
    assert not [each for each in (old, second, new) if each.rpartition(" ")[2] in said + kept]


@pytest.mark.process
def test_a_program_reads_the_key_and_its_failure_stops_the_rotation(tmp_path: Path) -> None:
    program = tmp_path / "keeper"
    program.write_text(KEEPER)
    with pytest.raises(InputError, match="keeper cannot be executed"):
        giver(program, "diabetes")
    program.chmod(0o755)
    giver(program, "diabetes")(Which.SECONDARY, "the key")
    assert (tmp_path / "handed-over").read_text() == "diabetes secondary the key\n"
    with pytest.raises(CommandError, match="ended with exit code 3 when it was given the primary key"):
        giver(program, "diabetes")(Which.PRIMARY, "")


def _header(clone: TestClone, *options: str) -> str:
    return clone.run("keys", "header", "diabetes", *options).stdout.strip()


def _status(clone: TestClone, line: str, header: str) -> int:
    """What the endpoint answers to the sample request, with this header in the line that `up` printed."""
    with_header = re.sub(r'"\$\([^)]*keys header[^)]*\)"', f"'{header}'", line)
    assert with_header != line
    return int(clone.shell(f"{with_header} -s -o /dev/null -w '%{{http_code}}'").stdout)
