"""What an update came to, by the engine's event log."""

import json
from pathlib import Path
from typing import Any

from azml.cli.local.outcome import Changes, of, read


def step(kind: str, op: str, of_type: str = "azure-native:storage:Blob", **old: Any) -> dict[str, Any]:
    return {kind: {"metadata": {"op": op, "type": of_type, "urn": "urn", "old": old or None}}}


def summary(**counts: int) -> dict[str, Any]:
    return {"summaryEvent": {"resourceChanges": counts}}


def test_what_azure_keeps_is_not_counted_as_deleted() -> None:
    kept = [step("resOutputsEvent", "delete", retainOnDelete=True)] * 11
    deleted = [step("resOutputsEvent", "delete")] * 2
    text = str(of([*kept, *deleted, summary(delete=13, create=1)]).changes)
    assert text == "1 created, 2 deleted, 11 kept in Azure"
    assert str(of([*kept, summary(delete=11)]).changes) == "11 kept in Azure"
    group = step("resOutputsEvent", "delete", "azure-native:resources:ResourceGroup")
    assert str(of([*kept, group, summary(delete=12)]).changes) == "12 deleted", "they go with the workspace"
    assert str(Changes({"same": 29})) == "nothing changed, 29 resources are as declared"
    assert str(Changes({"same": 3, "update": 1})) == "1 updated, 3 unchanged"


def test_a_program_that_fails_at_once_has_reached_no_resource() -> None:
    begun = [step("resourcePreEvent", "refresh"), step("resourcePreEvent", "same", "pulumi:pulumi:Stack")]
    assert not of(begun).reached_resources
    assert of([*begun, step("resourcePreEvent", "create")]).reached_resources


def test_a_log_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_text(json.dumps(summary(same=2)) + '\n{"summaryEv')
    assert read(log).changes == Changes({"same": 2})
    assert read(tmp_path / "none").changes == Changes({})
