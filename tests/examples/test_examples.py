"""The examples do what their README says, in a shell that `azml emulator env` points at the local Azure."""

import re
from dataclasses import replace

import pytest

from tests.fixtures.clones import TestClone, after_the_line

SAMPLE = "scoring/diabetes/requests/sample.json"


@pytest.fixture(scope="module")
def clone(sample: TestClone, first_up: str) -> TestClone:
    """A clone in which `azml up` has run, as the examples expect it, and a shell that points at its Azure."""
    return replace(sample, environment=after_the_line(sample, sample.environment))


@pytest.mark.parametrize(("slot", "answer"), [("blue", "[1, 0, 1, 0]"), ("green", "[1, 0, 1, 1]")])
def test_curl_asks_one_deployment(clone: TestClone, slot: str, answer: str) -> None:
    done = clone.shell(f"examples/invoke_with_curl.sh diabetes {SAMPLE} {slot}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{answer}\nanswered by {slot} with status 200 in ")


def test_curl_asks_through_the_split(clone: TestClone) -> None:
    done = clone.shell(f"examples/invoke_with_curl.sh diabetes {SAMPLE}")
    assert re.search(r"answered by (blue|green) with status 200", done.stdout), done.stderr


def test_curl_fails_where_the_endpoint_does(clone: TestClone) -> None:
    done = clone.shell("echo '{}' > bad.json && examples/invoke_with_curl.sh diabetes bad.json green")
    assert done.returncode != 0
    assert "the request must be" in done.stdout


def test_curl_names_the_endpoints_there_are(clone: TestClone) -> None:
    done = clone.shell(f"examples/invoke_with_curl.sh diabetis {SAMPLE}")
    assert done.returncode != 0
    assert "no endpoint diabetis; there are: diabetes" in done.stderr


def test_azures_own_sdk_counts_the_split(clone: TestClone) -> None:
    done = clone.shell(f".venv/bin/python examples/invoke_from_python.py diabetes {SAMPLE} --requests 60")
    assert done.returncode == 0, done.stderr
    assert "blue: 90 % on 1 x Standard_D4as_v4" in done.stdout
    assert "green: 10 % on 1 x Standard_D2as_v4" in done.stdout
    counted = re.findall(r"(\d+) x (\[.*\]) from (\w+)", done.stdout)
    assert sum(int(count) for count, _, _ in counted) == 60
    assert {(slot, answer) for _, answer, slot in counted} <= {
        ("blue", "[1, 0, 1, 0]"),
        ("green", "[1, 0, 1, 1]"),
    }
    assert max(counted, key=lambda one: int(one[0]))[2] == "blue"
