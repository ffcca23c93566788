"""Deployments with users, deployments without, and deployments that fail."""

from typing import Any

import pytest

from tests.fixtures.scoring_folder import BROKEN
from tests.stack.conftest import SCORE, Stack

BOTH: dict[str, Any] = {"blue": {}, "green": {}}


@pytest.mark.timeout(900)
def test_two_slots_with_and_without_users(stack: Stack) -> None:
    """One endpoint's journey: first all that is refused, so that nothing is written; then what may change."""
    stack.begin(BOTH, {"blue": 100})
    start = stack.mark()
    another_instance_type_for_a_live_slot_is_refused(stack)
    a_live_slot_is_not_changed_under_its_users(stack)
    the_guard_holds_for_a_target(stack)
    what_azure_fixes_of_an_endpoint_is_refused_at_preview(stack)
    assert stack.writes(start) == []
    assert stack.predict() == ["blue"]

    leave_is_given_for_one_run_and_leaves_no_trace(stack)
    leave_is_given_by_a_setting(stack)
    preview_names_the_files_that_change_an_idle_slot(stack)
    going_back_to_old_content(stack)
    another_instance_type_makes_an_idle_slot_anew(stack)
    more_instances_for_a_live_slot_are_allowed(stack)


def another_instance_type_for_a_live_slot_is_refused(stack: Stack) -> None:
    stack.serve({"blue": {"instance_type": "Standard_D4as_v4"}, "green": {}}, {"blue": 100})
    assert stack.run("up", "--yes", "--skip-preview").code != 0
    stack.serve(BOTH, {"blue": 100})


def a_live_slot_is_not_changed_under_its_users(stack: Stack) -> None:
    """At preview, and with the preview skipped before any write; the file that changed is named."""
    script, endpoint = stack.scoring / "src-blue" / "score.py", stack.scoring / "endpoint.yml"
    plain = endpoint.read_text()
    script.write_text(f"{SCORE}\n# changed\n")
    preview = stack.run("preview")
    assert preview.code != 0
    assert "score.py changed" in preview.text
    assert "idle slot 'green'" in preview.text
    endpoint.write_text(f"{plain}tags: {{owner: team-a}}\n")
    start = stack.mark()
    assert stack.run("up", "--yes", "--skip-preview").code != 0
    # Nothing at all: no new version, no upload, and not the endpoint's new tag.
    assert [entry["path"] for entry in stack.azure.journal()[start:] if entry["method"] != "POST"] == []
    endpoint.write_text(plain)
    script.write_text(SCORE)


def the_guard_holds_for_a_target(stack: Stack) -> None:
    """The engine checks only targets, so the program asks."""
    stack.serve({"blue": {"instance_type": "Standard_D4as_v4"}, "green": {}}, {"blue": 100})
    target = "**OnlineDeployment::" + f"{stack.name}-blue"
    refused = stack.run("up", "--yes", "--skip-preview", "--target", target)
    assert refused.code != 0
    assert "instance_type: Standard_D2as_v4 -> Standard_D4as_v4" in refused.text
    assert f"azml up --allow-live-change {stack.name}" in refused.text

    unknown = stack.run("preview", AZML_ALLOW_LIVE_CHANGE="ecko")
    assert unknown.code != 0
    assert "does not name an endpoint of this stack: 'ecko'; did you mean 'echo'?" in unknown.text
    stack.serve(BOTH, {"blue": 100})


def what_azure_fixes_of_an_endpoint_is_refused_at_preview(stack: Stack) -> None:
    """All of it at once, with the file's lines; also when the preview is skipped, before any write."""
    file = stack.scoring / "endpoint.yml"
    plain = file.read_text()
    file.write_text("name: any\nauth_mode: aml_token\ndescription: new words\nidentity:\n  type: none\n")
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        refused = stack.run(*command)
        assert refused.code != 0
        assert "Traceback" not in refused.text
        for line, key in ((2, "auth_mode"), (3, "description"), (5, "identity.type")):
            assert f"{file}:{line}: {key}: is " in refused.text
        assert f"the endpoint {stack.name} was made with key" in refused.text
    file.write_text(plain)


def leave_is_given_for_one_run_and_leaves_no_trace(stack: Stack) -> None:
    stack.serve({"blue": {"environment_variables": {"TRY": "2"}}, "green": {}}, {"blue": 100})
    start = stack.mark()
    done = stack.run("up", "--yes", "--skip-preview", AZML_ALLOW_LIVE_CHANGE="echo")
    assert done.code == 0, done.text
    assert stack.writes(start) == ["PUT blue"]
    assert "unchanged" in stack.preview("--expect-no-changes")


def leave_is_given_by_a_setting(stack: Stack) -> None:
    (stack.scoring / "src-blue" / "score.py").write_text(f"{SCORE}\n# changed\n")
    stack.serve(BOTH, {"blue": 100}, allow_live_change=True)
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT blue"]
    stack.serve(BOTH, {"blue": 100})


def preview_names_the_files_that_change_an_idle_slot(stack: Stack) -> None:
    (stack.scoring / "src-green" / "score.py").write_text(f"{SCORE}\n# changed\n")
    (stack.scoring / "models" / "green.txt").write_text("greener\n")
    done = stack.run("preview")
    assert done.code == 0, done.text
    assert "green: score.py, green.txt changed" in done.text
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT green"]
    assert stack.predict("green") == ["greener"]
    assert stack.shares() == {"blue": 100}


def going_back_to_old_content(stack: Stack) -> None:
    """Its versions were kept, and Azure would refuse to make them a second time."""
    (stack.scoring / "models" / "green.txt").write_text("green\n")
    stack.up()
    assert stack.predict("green") == ["green"]
    assert "unchanged" in stack.preview("--expect-no-changes")


def another_instance_type_makes_an_idle_slot_anew(stack: Stack) -> None:
    stack.serve({"blue": {}, "green": {"instance_type": "Standard_D4as_v4"}}, {"blue": 100})
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["DELETE green", "PUT green"]
    assert stack.shares() == {"blue": 100}


def more_instances_for_a_live_slot_are_allowed(stack: Stack) -> None:
    stack.serve({"blue": {"instance_count": 2}}, {"blue": 100})
    stack.up()
    assert stack.azure.arm("GET", f"{stack.endpoint}/deployments/blue")["sku"]["capacity"] == 2


def test_every_endpoint_that_is_refused_is_told_in_one_run_and_one_of_others_is_named_as_such(
    stack: Stack,
) -> None:
    stack.begin({"blue": {}}, {"blue": 100})
    first = stack.settings["azml:endpoints"]["echo"]
    second = {**first, "name": f"{stack.name}-2"}
    stack.settings["azml:endpoints"] = {"echo": first, "second": second}
    stack.write()
    stack.up()
    (stack.scoring / "src-blue" / "score.py").write_text(f"{SCORE}\n# changed\n")
    refused = stack.run("preview")
    assert refused.code != 0
    for name in (stack.name, f"{stack.name}-2"):
        assert f"blue answers 100 % of the requests of {name} and would change" in refused.text
    assert refused.text.count("warning: blue: score.py changed") >= 2

    guard = f"azml-local::azml:components:Endpoint$azml:index:LiveSlots::{stack.name}-2"
    forgotten = stack.run(
        "state", "delete", f"urn:pulumi:local::{guard}", "--target-dependents", "--force", "--yes"
    )
    assert forgotten.code == 0, forgotten.text
    found = stack.run("preview")
    assert found.code != 0
    assert f"onlineEndpoints/{stack.name}-2 exists in Azure and is not in this stack's state" in found.text
    assert f"azml release {stack.name}-2" not in found.text
    stack.azure.arm("DELETE", f"{stack.endpoint}-2")


def test_a_failed_deployment_is_mended_by_the_next_up(stack: Stack) -> None:
    """The first update ends with the scoring script's own words, and the endpoint goes on serving."""
    stack.begin({"blue": {}}, {"blue": 100})
    (stack.scoring / "src-green" / "score.py").write_text(BROKEN)
    stack.serve(BOTH, {"blue": 50, "green": 50})
    failed = stack.run("up", "--yes", "--skip-preview")
    assert failed.code != 0
    assert "the model is not there" in failed.text
    assert stack.shares() == {"blue": 100}
    assert stack.predict() == ["blue"]

    (stack.scoring / "src-green" / "score.py").write_text(SCORE)
    stack.up()
    assert stack.shares() == {"blue": 50, "green": 50}
    assert stack.predict("green") == ["green"]
