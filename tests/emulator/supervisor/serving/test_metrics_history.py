"""Minutes are kept over restarts, added up when they are told in parts, and dropped when they are old."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from azml.emulator.contract.aggregates import sample
from azml.emulator.contract.answer_counts import Counted, Tally
from azml.emulator.supervisor.serving.metrics_history import MetricsHistory
from azml.emulator.supervisor.serving.usage import Gauge, Usage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.db"


@pytest.fixture
def history(path: Path) -> Iterator[MetricsHistory]:
    with closing(MetricsHistory(path)) as history:
        yield history


def answers(minute: int, deployment: str, *latencies: float) -> Counted:
    tally = Tally()
    for latency in latencies:
        tally.record(200, 200, latency)
    return Counted(minute, "/e", deployment, tally)


def test_a_minute_told_in_parts_is_one(history: MetricsHistory, path: Path) -> None:
    """The second part comes after a restart, from a router that knows nothing of the first."""
    history.add_answers([answers(60, "blue", 10, 20)])
    with closing(MetricsHistory(path)) as after:
        after.add_answers([answers(60, "blue", 30)])
        (answer,) = after.answers(0)
    assert answer["requests"] == [[200, 200, 3]]
    assert (answer["latency"]["total"], answer["latency"]["least"], answer["latency"]["most"]) == (60, 10, 30)


def test_only_what_is_asked_for_is_told(history: MetricsHistory) -> None:
    history.add_answers([answers(minute, name, 1) for minute in (60, 120) for name in ("blue", "green")])
    assert [(one["minute"], one["deployment"]) for one in history.answers(100)] == [
        (120, "blue"),
        (120, "green"),
    ]
    assert history.answers(0, "/other") == []
    history.forget(120)
    assert {one["minute"] for one in history.answers(0)} == {120}
    assert history.usage(0) == []


def test_slow_answers_are_counted_by_minute_and_deployment(history: MetricsHistory) -> None:
    history.add_answers([answers(60, "blue", 100, 245, 256, 3_000), answers(120, "green", 10)])
    found = history.slow(0, "/e", 250)
    assert [(one["minute"], one["deployment"]) for one in found] == [(60, "blue"), (120, "green")]
    assert [(one["requests"], one["slow"]) for one in found] == [(4, 2), (1, 0)]
    assert history.slow(120, "/e", 5)[0]["slow"] == 1
    assert history.slow(0, "/other", 250) == []


def test_samples_of_a_minute_add_up(history: MetricsHistory) -> None:
    for share in (10.0, 30.0):
        history.add_usage(60, "/e", "blue", Usage(cpu={"1": sample(share)}))
    (given,) = history.usage(0, "/e")
    assert given["cpu"] == {"1": {"count": 2, "total": 40.0, "least": 10.0, "most": 30.0}}


def test_a_full_disk_loses_a_minute_and_nothing_else(history: MetricsHistory) -> None:
    history._connection.execute("PRAGMA max_page_count = 3")
    for minute in range(0, 12_000, 60):
        history.add_answers([answers(minute, "blue", *range(1, 50))])
    assert len(history.answers(0)) < 200
    history.forget(1e9)
    history.add_answers([answers(60, "blue", 1)])
    assert len(history.answers(0)) == 1


@pytest.mark.process
def test_the_gauge_tells_a_busy_process_from_an_idle_one() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    idle = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    gauge = Gauge()
    try:
        gauge.look()
        usage = gauge.measure({"busy": busy.pid, "idle": idle.pid}, 2, waiting=1)
        assert usage.cpu == {}, "one look tells no rate"
        assert usage.capacity["Ready"].total == 2
        assert usage.capacity["NotReady"].total == 1
        deadline = time.monotonic() + 0.3
        while time.monotonic() < deadline:
            gauge.look()  # the system counts time in hundredths of a second: let some go by
        usage = gauge.measure({"busy": busy.pid, "idle": idle.pid}, 2, 0)
    finally:
        for process in (busy, idle):
            process.kill()
            process.communicate()
    cores = os.cpu_count() or 1
    assert usage.cpu["busy"].total <= 130 / cores
    assert usage.cpu["busy"].total > usage.cpu["idle"].total
    assert 0 < usage.memory["busy"].least < 100
