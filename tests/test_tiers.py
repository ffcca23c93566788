"""The tiers of the tests, and the order they start in."""

import subprocess
from itertools import groupby
from pathlib import Path

import pytest

from tests.tiers import JOURNEYS, SECONDS, SHARED, STARTED

ROOT = Path(__file__).parents[1]


def test_a_quick_test_that_starts_a_process_fails_and_is_told_what_to_do() -> None:
    with pytest.raises(AssertionError, match="is in the tier `quick` and starts a process"):
        subprocess.run(["true"], check=True)


@pytest.mark.process
def test_one_with_a_marker_may() -> None:
    subprocess.run(["true"], check=True)


@pytest.mark.parametrize(("folder", "fixture"), sorted({*STARTED, *SHARED}))
def test_each_fixture_that_is_named_is_there(folder: str, fixture: str) -> None:
    assert any(f"def {fixture}(" in file.read_text() for file in (ROOT / folder).glob("*.py"))


def test_each_journey_that_is_named_is_there_and_is_longer_than_a_test_of_its_tier() -> None:
    assert [name for name in JOURNEYS if not (ROOT / name).is_file()] == []
    assert all(seconds > SECONDS["engine"] for seconds in JOURNEYS.values())


def test_each_test_is_in_a_tier_and_groups_stay_together(request: pytest.FixtureRequest) -> None:
    items = request.session.items
    assert [item.nodeid for item in items if not any(map(item.get_closest_marker, SECONDS))] == []
    groups = [mark.args[0] for item in items if (mark := item.get_closest_marker("xdist_group"))]
    assert len(groups) == len(items)
    runs = [name for name, _ in groupby(groups)]
    assert len(runs) == len(set(runs))
