"""A version goes out and comes back, by the commands, on the real engine."""

import json

import pytest

from tests.fixtures.clones import TestClone


@pytest.mark.timeout(900)
def test_a_release_goes_out_and_comes_back_and_outlives_down(echo: TestClone) -> None:
    """One clone's journey: each step begins where the one before has left it."""
    a_release_fills_the_idle_slot_and_a_rollback_takes_the_traffic_back(echo)
    what_a_release_holds_outlives_down_and_is_missed_before_anything_is_touched(echo)


def a_release_fills_the_idle_slot_and_a_rollback_takes_the_traffic_back(echo: TestClone) -> None:
    assert echo.run("up").returncode == 0
    folder, before = echo.root / "scoring" / "echo", echo.stack_file.read_text()

    refused = echo.run("release", "echo")
    assert refused.returncode == 1
    assert "blue already serves what" in refused.stderr

    (folder / "model" / "answer.txt").write_text("two\n")
    touched = folder.stat().st_mtime_ns
    printed = echo.run("release", "echo", "--print")
    assert printed.returncode == 0, printed.stderr
    assert folder.stat().st_mtime_ns == touched, "nothing is written, not even for a moment"
    assert echo.stack_file.read_text() == before
    assert not (folder / "releases").exists()

    (echo.root / "release.patch").write_text(printed.stdout)
    taken = echo.shell("git init -q . && git apply --check release.patch")
    assert taken.returncode == 0, taken.stderr

    assert echo.run("release", "echo").returncode == 0
    (frozen,) = (folder / "releases").iterdir()
    text = echo.stack_file.read_text()
    assert f"blue: {{file: releases/{frozen.name}}} # the first" in text
    assert "green: {file: deployment.yml}" in text
    assert "traffic: {blue: 100} # all of it" in text
    assert "# Says what its model says." in text
    assert frozen.name in printed.stdout
    assert "+++ b/local/Pulumi.local.yaml" in printed.stdout

    again = echo.run("release", "echo")
    assert "says so already" in again.stderr
    assert echo.stack_file.read_text() == text

    up = echo.run("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert 'blue   100 %  "one"' in up.stdout
    assert 'green    0 %  "two"' in up.stdout

    early = echo.run("rollback", "echo")
    assert early.returncode == 1
    assert "on record" in early.stderr
    unknown = echo.run("rollback", "echo", "--to", "gren")
    assert unknown.returncode == 3
    assert "did you mean 'green'?" in unknown.stderr
    assert echo.stack_file.read_text() == text

    printed = echo.run("traffic", "echo", "blue=0", "green=100", "--print")
    assert printed.returncode == 0, printed.stderr
    assert "+      traffic: {green: 100} # all of it" in printed.stdout
    assert (_traffic(echo), echo.stack_file.read_text()) == ({"blue": 100}, text)
    refused = echo.run("traffic", "echo", "blue=50", "gren=50")
    assert refused.returncode == 2
    assert "did you mean 'green'?" in refused.stderr
    moved = echo.run("traffic", "echo", "green=100")
    assert moved.returncode == 0, moved.stderr
    assert "done and verified; it was blue 100 %" in moved.stderr
    assert _traffic(echo) == {"green": 100}
    assert echo.stack_file.read_text() == text.replace("traffic: {blue: 100}", "traffic: {green: 100}")
    assert echo.run("rollback", "echo").returncode == 0
    assert (_traffic(echo), echo.stack_file.read_text()) == ({"blue": 100}, text)
    assert echo.run("traffic", "echo", "green=100").returncode == 0
    assert echo.run("up").returncode == 0

    policy = {"path_pattern": "/onlineEndpoints/[^/]+$", "method": "PUT"}
    echo.own("POST", "policy", {**policy, "tokens": "down"})
    stuck = echo.run("rollback", "echo")
    assert stuck.returncode == 1
    assert "the traffic of echo has not moved (green 100 %)" in stuck.stderr
    assert "`az policy exemption create`" in stuck.stderr
    assert _traffic(echo) == {"green": 100}
    assert echo.stack_file.read_text() != text
    echo.own("POST", "policy", policy)

    back = echo.run("rollback", "echo")
    assert back.returncode == 0, back.stderr
    assert _traffic(echo) == {"blue": 100}
    assert echo.stack_file.read_text() == text
    twice = echo.run("rollback", "echo")
    assert twice.returncode == 0
    assert "it already has it" in twice.stderr
    assert "nothing changed" in echo.run("up").stderr
    echo.own("DELETE", "policy")


def what_a_release_holds_outlives_down_and_is_missed_before_anything_is_touched(echo: TestClone) -> None:
    (frozen,) = (echo.root / "scoring" / "echo" / "releases").iterdir()

    down = echo.run("down")
    assert down.returncode == 0
    assert f"stays, with the versions that scoring/echo/releases/{frozen.name} names" in down.stderr
    up = echo.run("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert 'blue   100 %  "one"' in up.stdout
    assert 'green    0 %  "two"' in up.stdout

    everything = echo.run("down", "--all")
    assert everything.returncode == 0, everything.stderr
    assert "deleted" in everything.stderr
    lost = echo.run("up")
    assert lost.returncode == 2
    assert f"scoring/echo/releases/{frozen.name}: holds blue to model echo-blue:" in lost.stderr
    assert "in local/Pulumi.local.yaml: blue: {file: deployment.yml}" in lost.stderr
    assert json.loads(echo.run("status", "--json").stdout) == []

    text = echo.stack_file.read_text()
    echo.stack_file.write_text(text.replace(f"releases/{frozen.name}", "deployment.yml"))
    anew = echo.run("up")
    assert anew.returncode == 0, anew.stdout + anew.stderr
    assert 'blue   100 %  "two"' in anew.stdout


def _traffic(clone: TestClone) -> dict[str, int]:
    (endpoint,) = json.loads(clone.run("status", "--json").stdout)
    traffic: dict[str, int] = endpoint["traffic"]
    return traffic
