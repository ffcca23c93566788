"""Shares under failures, drift and changes around them."""

import json
from typing import Any

import pytest

from tests.stack.conftest import Stack

BOTH: dict[str, Any] = {"blue": {}, "green": {}}


def refuse(stack: Stack, times: int = 1) -> None:
    """Make Azure refuse the next writes of the endpoint itself."""
    fault = {
        "method": "PUT",
        "path_pattern": f"/onlineEndpoints/{stack.name}$",
        "status": 400,
        "code": "BadTraffic",
        "message": "not today",
        "times": times,
    }
    stack.azure.own("POST", "faults", fault)


@pytest.mark.timeout(900)
def test_shares_under_changes_around_them_failures_and_a_policy(stack: Stack) -> None:
    """One endpoint's journey: each step begins where the one before has left it."""
    requests_are_mirrored(stack)
    a_move_that_a_policy_wants_a_token_for_brings_one(stack)
    drift_is_shown_and_mended_and_a_change_of_the_endpoint_keeps_the_shares(stack)
    without_a_refresh_the_shares_are_set_again(stack)
    a_rollout_owns_the_shares(stack)
    a_rejected_move_leaves_the_old_deployment_alive(stack)


def requests_are_mirrored(stack: Stack) -> None:
    stack.serve(BOTH, {"blue": 100}, mirror_traffic={"green": 20})
    stack.up()
    assert stack.azure.arm("GET", stack.endpoint)["properties"]["mirrorTraffic"] == {"green": 20}


def a_move_that_a_policy_wants_a_token_for_brings_one(stack: Stack) -> None:
    """And while none is given it says so: what answered goes on answering. It ends the mirroring, too."""
    stack.serve(BOTH, {"blue": 90, "green": 10})
    policy = {"path_pattern": f"/onlineEndpoints/{stack.name}$", "method": "PUT"}
    stack.azure.own("POST", "policy", {**policy, "tokens": "denied"})
    try:
        refused = stack.run("up", "--yes", "--skip-preview")
        assert refused.code != 0
        assert "The external evaluation denied the operation." in refused.text
        assert stack.shares() == {"blue": 100}

        stack.azure.own("POST", "policy", policy)
        start = stack.mark()
        moved = stack.up()
        assert stack.writes(start) == [
            "PUT endpoint blue=90 green=10 -> 403",
            "PUT endpoint blue=90 green=10",
        ]
        assert "PoP " not in moved + json.dumps(stack.azure.journal()[start:])
    finally:
        stack.azure.own("DELETE", "policy")
    assert not stack.azure.arm("GET", stack.endpoint)["properties"].get("mirrorTraffic")


def drift_is_shown_and_mended_and_a_change_of_the_endpoint_keeps_the_shares(stack: Stack) -> None:
    """The change carries the shares it finds, and the declared ones are set once."""
    found = stack.azure.arm("GET", stack.endpoint)
    found["properties"]["traffic"] = {"blue": 20, "green": 80}
    stack.azure.arm("PUT", stack.endpoint, found)
    (stack.scoring / "endpoint.yml").write_text("name: any\nauth_mode: key\ntags: {owner: team-a}\n")
    start = stack.mark()
    shown = stack.up("--diff")
    assert "~ blue : 20 => 90" in shown
    assert "~ green: 80 => 10" in shown
    assert stack.azure.arm("GET", stack.endpoint)["tags"] == {"owner": "team-a"}
    assert stack.writes(start) == ["PUT endpoint blue=20 green=80", "PUT endpoint blue=90 green=10"]
    assert stack.shares() == {"blue": 90, "green": 10}


def without_a_refresh_the_shares_are_set_again(stack: Stack) -> None:
    """An endpoint written from a stale state loses its shares; the digest makes sure they come back."""
    (stack.scoring / "endpoint.yml").write_text("name: any\nauth_mode: key\ntags: {owner: team-b}\n")
    start = stack.mark()
    stack.up("--refresh=false")
    assert stack.writes(start)[-1] == "PUT endpoint blue=90 green=10"
    assert stack.shares() == {"blue": 90, "green": 10}


def a_rollout_owns_the_shares(stack: Stack) -> None:
    """An update of the endpoint leaves them where whoever carries the plan out has put them."""
    gates = {"errors": {"metric": "error_rate", "max": 0.01}}
    steps = [{"traffic": 100, "for": "5m", "gates": ["errors"]}]
    stack.serve(BOTH, {}, rollout={"gates": gates, "steps": steps})
    del stack.settings["azml:endpoints"]["echo"]["traffic"]
    stack.write()
    found = stack.azure.arm("GET", stack.endpoint)
    found["properties"]["traffic"] = {"blue": 60, "green": 40}
    stack.azure.arm("PUT", stack.endpoint, found)
    (stack.scoring / "endpoint.yml").write_text("name: any\nauth_mode: key\ntags: {owner: team-c}\n")
    assert "its rollout owns the shares" in stack.up()
    assert stack.azure.arm("GET", stack.endpoint)["tags"] == {"owner": "team-c"}
    assert stack.shares() == {"blue": 60, "green": 40}


def a_rejected_move_leaves_the_old_deployment_alive(stack: Stack) -> None:
    """The old deployment goes once the shares have moved, in the next update.

    The new one had been there, and was deleted behind the stack's back: it comes back.
    """
    found = stack.azure.arm("GET", stack.endpoint)
    found["properties"]["traffic"] = {"green": 100}
    stack.azure.arm("PUT", stack.endpoint, found)
    stack.settled()
    stack.azure.arm("DELETE", f"{stack.endpoint}/deployments/blue")
    stack.serve({"blue": {}}, {"blue": 100})
    refuse(stack)
    start = stack.mark()
    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.code != 0
    assert "not today" in failed.text
    assert stack.writes(start) == ["PUT blue", "PUT endpoint blue=100 -> 400"]
    assert stack.predict() == ["green"]
    assert stack.predict("blue") == ["blue"]
    assert stack.shares() == {"green": 100}

    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT endpoint blue=100", "DELETE green"]
    assert stack.predict() == ["blue"]
