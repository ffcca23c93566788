"""Which tests are quick, and which wait for what; in which order they start, and which share a worker.

A test's tier is the most expensive thing its fixtures start. A test that starts a process by itself has a
marker; one of the tier `quick` that starts a process fails (see `Watch`).
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

SECONDS = {"engine": 12.0, "serving": 4.0, "browser": 2.0, "process": 0.7, "thorough": 3.0, "quick": 0.05}
"""The tiers, the one that holds first, and roughly what a test takes on a core: it is for the order alone."""

JOURNEYS = {
    "tests/cli/recovery/test_full_disk.py": 45.0,
    "tests/cli/recovery/test_killed.py": 105.0,
    "tests/cli/commands/test_release_and_rollback.py": 95.0,
    "tests/cli/rollouts/test_journey.py": 115.0,
    "tests/cli/test_neighbours.py": 25.0,
    "tests/providers/test_stack_of_plugins.py": 45.0,
    "tests/providers/test_stack_traffic.py": 35.0,
    "tests/stack/test_cases.py": 20.0,
    "tests/stack/test_example_programs.py": 20.0,
    "tests/stack/test_journey.py": 60.0,
    "tests/stack/test_production.py": 60.0,
    "tests/stack/test_slots.py": 65.0,
    "tests/stack/test_traffic.py": 45.0,
    "tests/stack/test_truth.py": 45.0,
    "tests/stack/test_uploads.py": 45.0,
    "tests/stack/test_versions.py": 25.0,
}
"""Files with few tests, each of many commands, and the seconds they took on two quiet cores: one that started
last would leave the other workers without work."""

STARTED = {
    ("tests", "pulumi_cli"): "engine",
    ("tests", "sample"): "engine",
    ("tests/cli", "echo"): "engine",
    ("tests/journeys", "journey_azure"): "engine",
    ("tests/sdk", "shell"): "engine",
    ("tests/stack", "stack_azure"): "engine",
    ("tests/emulator", "serving"): "serving",
    ("tests/emulator", "environments"): "serving",
    ("tests/scoring", "training_python"): "serving",
    ("tests/studio", "studio_azure"): "serving",
    ("tests/studio", "browser"): "browser",
    ("tests/emulator", "control_plane"): "process",
    ("tests/emulator", "either"): "process",
}
"""What a fixture starts: the folder it is for, and its name."""

SHARED = {
    ("tests", "azure_ai_ml"),
    ("tests", "sample"),
    ("tests/emulator", "cache"),
    ("tests/emulator", "serving"),
    ("tests/journeys", "journey_azure"),
    ("tests/sdk", "shell"),
    ("tests/stack", "stack_azure"),
    ("tests/studio", "studio_azure"),
}
"""Fixtures that are expensive to make and cheap to share: whoever asks for one of them runs in one worker."""

Fixture = tuple[str, str]


def arrange(items: list[pytest.Item]) -> None:
    """Mark each test with its tier and its group, and put the groups that take longest first.

    So the workers end together. The order within a group, and of groups as long as each other, is left alone.
    """
    groups: dict[str, list[pytest.Item]] = {}
    cost: dict[str, dict[str, float]] = {}
    for item in items:
        fixtures = set(_fixtures(item))
        own = {mark.name for mark in item.iter_markers()}
        tier = _most_expensive([*(STARTED[each] for each in fixtures & STARTED.keys()), *own])
        if tier not in own:
            item.add_marker(tier)
        group = _group(item, fixtures)
        item.add_marker(pytest.mark.xdist_group(group))
        groups.setdefault(group, []).append(item)
        file = item.nodeid.partition("::")[0]
        files = cost.setdefault(group, {})
        files[file] = JOURNEYS.get(file, files.get(file, 0.0) + SECONDS[tier])
    # Whole seconds, so that what is about as long stays in the order of the day.
    items[:] = [
        each
        for group in sorted(groups, key=lambda name: -round(sum(cost[name].values())))
        for each in groups[group]
    ]


def _most_expensive(tiers: Iterable[str]) -> str:
    found = set(tiers)
    return next((tier for tier in SECONDS if tier in found), "quick")


def _fixtures(item: pytest.Item) -> Iterable[Fixture]:
    """The fixtures a test uses, directly or not."""
    known: dict[str, Sequence[Any]] = (
        item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    )
    return [(each.baseid, name) for name, definitions in known.items() for each in definitions[-1:]]


def _group(item: pytest.Item, fixtures: set[Fixture]) -> str:
    shared = sorted(fixtures & SHARED)
    return "/".join(shared[0]) if shared else item.nodeid.partition("::")[0]


class Watch:
    """Fails a test of the tier `quick` at the first process it starts."""

    def __init__(self) -> None:
        self.watched: str | None = None
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.watched and event in ("subprocess.Popen", "os.posix_spawn"):
            raise AssertionError(
                f"{self.watched} is in the tier `quick` and starts a process ({arguments[0]!r}): give it "
                f"a marker ({', '.join(list(SECONDS)[:-1])}), or its fixture a line in tests/tiers.py"
            )
