"""Rollouts from the command to the users, on one local Azure with a plan of seconds."""

from pathlib import Path

import pytest

from tests.cli.rollouts import evidence, journey, outages
from tests.cli.rollouts.stage import Load, Stage

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def test_each_candidate_gets_what_it_deserves_and_no_user_notices(tmp_path: Path) -> None:
    """Flipped answers are found; a killed engine ends the same, and its slots are held meanwhile.

    So does one whose Azure is killed: it waits, says so, and goes on. Users lose what was cut by that alone.
    """
    stage = Stage(tmp_path / "clone", patience="40s")
    try:
        assert "its rollout owns the shares" in stage.up()
        load = stage.load()
        hour = evidence.rehearsed(stage)
        assert (hour["phase"], hour["requests"], hour["ended"] >= 3600) == ("succeeded", 60, True)
        _withdrawn_early(stage, load)
        flips = journey.flips(stage, load)
        assert flips.code == 4, flips
        assert "of 150 agree" in flips.said
        report = evidence.reported(stage)
        assert {"model/flips.txt", "model/stable.txt"} <= {one["name"] for one in report["changes"]}
        assert report["steps"][1]["gates"][0]["mismatches"][0]["stable"] in ('"low"', '"high"')
        assert report["sentence"] in (stage.clone.root / "report.html").read_text()
        assert evidence.in_retrospect(stage) == 4
        assert stage.shares() == {"blue": 100}
        again = stage.clone.run("rollout", "run", "labels", "--slot", "flips", *journey.PER_MINUTE)
        assert again.returncode == 1
        assert "of 150 agree" in again.stderr
        killed = journey.killed(stage, load, lambda: _held(stage), lambda stage: outages.resumed(stage, load))
        assert killed.code == 0, killed
        assert "cannot be reached" in killed.log
        assert stage.shares() == {"good": 100}
        back = stage.clone.run("rollback", "labels")
        assert back.returncode == 0, back.stderr
        assert stage.shares() == {"blue": 100}
        result = stage.clone.run("rollout", "status", "labels")
        assert result.returncode == 0 and "moved since then: stable 100 %, candidate 0 %" in result.stdout
        assert load.answers.total() > 100
        assert load.lost == [], load.answers
    finally:
        stage.clone.run("emulator", "stop")


def _withdrawn_early(stage: Stage, load: Load) -> None:
    """Nobody moves anything without users; what throws, and what is slow, reaches none of them."""
    nobody = journey.nobody(stage, load, "good")
    assert (nobody.code, stage.shares()) == (5, {"blue": 50, "good": 50}), nobody
    assert "no requests yet" in nobody.said
    throws = journey.throws(stage, load, "--supersede")
    assert (throws.code, stage.shares()) == (4, {"blue": 100}), throws
    assert "supersede was requested" in throws.log and "120 of 150 agree" in throws.said
    slow = journey.slow(stage, load)
    assert (slow.code, stage.shares()) == (4, {"blue": 100}), slow
    assert "more than 2 s" in slow.said


def _held(stage: Stage) -> None:
    """While a rollout is not finished, nobody changes its slots or moves its traffic."""
    changed = stage.changed("blue")
    assert changed.returncode == 1
    assert "blue is part of a rollout that is not finished" in changed.stdout + changed.stderr
    moved = stage.clone.run("traffic", "labels", "good=100")
    assert moved.returncode == 1 and "azml rollout abort labels" in moved.stderr
    assert stage.shares() == {"blue": 50, "good": 50}
