"""New keys for an endpoint that serves, by the commands, on the local Azure."""

import re

from tests.fixtures.clones import TestClone

KEEPER = """\
#!/bin/sh
test -n "$(cat)" && echo "$1 $2" >> "$(dirname "$0")/handed-over"
"""


def test_both_keys_are_new_and_the_old_ones_are_refused(sample: TestClone, first_up: str) -> None:
    """By hand first, then with a program that gives the keys to the clients."""
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

    keeper = sample.root / "keeper"
    keeper.write_text(KEEPER)
    keeper.chmod(0o755)
    unattended = sample.run("keys", "rotate", "diabetes", "--hand-over", str(keeper))
    assert unattended.returncode == 0, unattended.stderr
    told = (sample.root / "handed-over").read_text()
    assert told.splitlines() == ["diabetes secondary", "diabetes primary"]
    assert [_status(sample, line, each) for each in (second, new)] == [401, 401]
    said = "".join(run.stdout + run.stderr for run in (begun, ended, unattended))
    kept = (sample.root / ".azml" / "rotations.json").read_text()
    assert not [each for each in (old, second, new) if each.rpartition(" ")[2] in said + kept]


def _header(clone: TestClone, *options: str) -> str:
    return clone.run("keys", "header", "diabetes", *options).stdout.strip()


def _status(clone: TestClone, line: str, header: str) -> int:
    """What the endpoint answers to the sample request, with this header in the line that `up` printed."""
    with_header = re.sub(r'"\$\([^)]*keys header[^)]*\)"', f"'{header}'", line)
    assert with_header != line
    return int(clone.shell(f"{with_header} -s -o /dev/null -w '%{{http_code}}'").stdout)
