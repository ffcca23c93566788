"""Deployments with users, deployments without, and deployments that fail."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fixtures.scoring_folder import BROKEN
from tests.stack.conftest import SCORE, Stack, scoring_folder

BOTH: dict[str, Any] = {"blue": {}, "green": {}}


class Other:
    """A second endpoint of the stack, with a scoring folder of its own: one command proves for both."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.as_stack = replace(stack, name=f"other-{stack.name}")
        self.scoring = stack.folder / "other"
        scoring_folder(self.scoring)

    def serve(self, deployments: dict[str, Any], traffic: dict[str, int], **more: Any) -> None:
        """Write the stack's config: these slots with these shares, and nothing else of it changes."""
        own = {"path": str(self.scoring), "name": self.as_stack.name, "deployments": deployments}
        self.stack.settings["azml:endpoints"]["other"] = {**own, "traffic": traffic, **more}
        self.stack.write()


@pytest.mark.timeout(900)
def test_slots_with_and_without_users(stack: Stack) -> None:
    """Two endpoints' journey: first all that is refused, so that nothing is written; then what may change."""
    stack.serve(BOTH, {"blue": 100})
    other = Other(stack)
    other.serve({"blue": {}}, {"blue": 100})
    stack.up()
    start = stack.mark()
    live_slots_are_not_changed_under_their_users(stack, other)
    the_guard_holds_for_a_target(stack)
    what_azure_fixes_of_an_endpoint_is_refused(stack)
    assert stack.writes(start) == other.as_stack.writes(start) == []
    assert stack.predict() == ["blue"]

    a_deployment_that_fails_ends_the_update_and_the_endpoint_goes_on(stack, other)
    it_is_mended_and_an_idle_slot_changes_and_a_live_one_by_a_setting(stack, other)
    old_content_another_instance_type_more_instances_and_leave_for_one_run(stack, other)
    an_endpoint_of_others_is_named_as_such(stack, other)


def live_slots_are_not_changed_under_their_users(stack: Stack, other: Other) -> None:
    """Every endpoint that is refused is told in one run, with the files that changed, before any write."""
    endpoint = stack.scoring / "endpoint.yml"
    plain = endpoint.read_text()
    for folder in (stack.scoring, other.scoring):
        (folder / "src-blue" / "score.py").write_text(f"{SCORE}\n# changed\n")
    endpoint.write_text(f"{plain}tags: {{owner: team-a}}\n")
    start = stack.mark()
    refused = stack.run("up", "--yes", "--skip-preview")
    assert refused.code != 0
    assert "idle slot 'green'" in refused.text
    for name in (stack.name, other.as_stack.name):
        assert f"blue answers 100 % of the requests of {name} and would change" in refused.text
    assert refused.text.count("warning: blue: score.py changed") >= 2
    # Nothing at all: no new version, no upload, and not the endpoint's new tag.
    assert [entry["path"] for entry in stack.azure.journal()[start:] if entry["method"] != "POST"] == []
    endpoint.write_text(plain)
    for folder in (stack.scoring, other.scoring):
        (folder / "src-blue" / "score.py").write_text(SCORE)


def the_guard_holds_for_a_target(stack: Stack) -> None:
    """The engine checks only targets, so the program asks. Another instance type is a change, too."""
    own = stack.settings["azml:endpoints"]["echo"]
    own["deployments"] = {"blue": {"instance_type": "Standard_D4as_v4"}, "green": {}}
    stack.write()
    target = "**OnlineDeployment::" + f"{stack.name}-blue"
    refused = stack.run("up", "--yes", "--skip-preview", "--target", target)
    assert refused.code != 0
    assert "instance_type: Standard_D2as_v4 -> Standard_D4as_v4" in refused.text
    assert f"azml up --allow-live-change {stack.name}" in refused.text
    own["deployments"] = BOTH
    stack.write()


def what_azure_fixes_of_an_endpoint_is_refused(stack: Stack) -> None:
    """All of it at once, with the file's lines, before any write."""
    file = stack.scoring / "endpoint.yml"
    plain = file.read_text()
    file.write_text("name: any\nauth_mode: aml_token\ndescription: new words\nidentity:\n  type: none\n")
    refused = stack.run("up", "--yes", "--skip-preview")
    assert refused.code != 0
    assert "Traceback" not in refused.text
    for line, key in ((2, "auth_mode"), (3, "description"), (5, "identity.type")):
        assert f"{file}:{line}: {key}: is " in refused.text
    assert f"the endpoint {stack.name} was made with key" in refused.text
    file.write_text(plain)


def a_deployment_that_fails_ends_the_update_and_the_endpoint_goes_on(stack: Stack, other: Other) -> None:
    """The update ends with the scoring script's own words."""
    (other.scoring / "src-green" / "score.py").write_text(BROKEN)
    other.serve(BOTH, {"blue": 50, "green": 50})
    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.code != 0
    assert "the model is not there" in failed.text
    assert other.as_stack.shares() == {"blue": 100}
    assert other.as_stack.predict() == ["blue"]


def it_is_mended_and_an_idle_slot_changes_and_a_live_one_by_a_setting(stack: Stack, other: Other) -> None:
    """All by the next update, which names the files."""
    (other.scoring / "src-green" / "score.py").write_text(SCORE)
    (other.scoring / "src-blue" / "score.py").write_text(f"{SCORE}\n# changed\n")
    other.serve(BOTH, {"blue": 50, "green": 50}, allow_live_change=True)
    (stack.scoring / "src-green" / "score.py").write_text(f"{SCORE}\n# changed\n")
    (stack.scoring / "models" / "green.txt").write_text("greener\n")
    start = stack.mark()
    assert "green: score.py, green.txt changed" in stack.up()
    assert stack.writes(start) == ["PUT green"]
    assert stack.predict("green") == ["greener"]
    assert stack.shares() == {"blue": 100}
    assert sorted(other.as_stack.writes(start)[:2]) == ["PUT blue", "PUT green"]
    assert other.as_stack.shares() == {"blue": 50, "green": 50}
    assert other.as_stack.predict("green") == ["green"]


def old_content_another_instance_type_more_instances_and_leave_for_one_run(
    stack: Stack, other: Other
) -> None:
    """Old versions were kept: Azure would refuse to make them a second time. The leave leaves no trace.

    The other endpoint's shares were moved meanwhile, and are declared where they are.
    """
    found = stack.azure.arm("GET", other.as_stack.endpoint)
    found["properties"]["traffic"] = {"blue": 100}
    stack.azure.arm("PUT", other.as_stack.endpoint, found)
    other.as_stack.settled()
    (stack.scoring / "models" / "green.txt").write_text("green\n")
    own = stack.settings["azml:endpoints"]["echo"]
    own["deployments"] = {"blue": {"environment_variables": {"TRY": "2"}}, "green": {}}
    other.serve(
        {"blue": {"instance_count": 2}, "green": {"instance_type": "Standard_D4as_v4"}}, {"blue": 100}
    )
    start = stack.mark()
    done = stack.run("up", "--yes", "--skip-preview", AZML_ALLOW_LIVE_CHANGE="echo")
    assert done.code == 0, done.text
    assert sorted(stack.writes(start)) == ["PUT blue", "PUT green"]
    assert stack.predict("green") == ["green"]
    # A live slot may have more instances, without leave.
    assert sorted(other.as_stack.writes(start)) == ["DELETE green", "PUT blue", "PUT green"]
    assert other.as_stack.shares() == {"blue": 100}
    blue = stack.azure.arm("GET", f"{other.as_stack.endpoint}/deployments/blue")
    assert blue["sku"]["capacity"] == 2
    assert "unchanged" in stack.preview("--expect-no-changes")


def an_endpoint_of_others_is_named_as_such(stack: Stack, other: Other) -> None:
    (other.scoring / "src-blue" / "score.py").write_text(SCORE)
    name = other.as_stack.name
    guard = f"azml-local::azml:components:Endpoint$azml:index:LiveSlots::{name}"
    forgotten = stack.run(
        "state", "delete", f"urn:pulumi:local::{guard}", "--target-dependents", "--force", "--yes"
    )
    assert forgotten.code == 0, forgotten.text
    found = stack.run("preview")
    assert found.code != 0
    assert f"onlineEndpoints/{name} exists in Azure and is not in this stack's state" in found.text
    assert f"azml release {name}" not in found.text
    stack.azure.arm("DELETE", other.as_stack.endpoint)
