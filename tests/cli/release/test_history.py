"""Who gets the traffic back: the rule, case by case."""

import json
from typing import Any

import pytest

from azml.cli.release.history import Asked, asked_in, before

BLUE, GREEN, SPLIT = {"blue": 100}, {"green": 100}, {"blue": 90, "green": 10}
SPLIT_LATE = {"blue": 20, "green": 80}
BOTH = ("blue", "green")


@pytest.mark.parametrize(
    ("past", "live", "declared", "expected"),
    [
        pytest.param([GREEN, BLUE], GREEN, GREEN, "blue", id="green took over from blue"),
        pytest.param([GREEN, SPLIT, BLUE], GREEN, GREEN, "blue", id="green took over in steps"),
        pytest.param([SPLIT, BLUE], SPLIT, SPLIT, "blue", id="in the middle of the steps"),
        pytest.param([SPLIT], SPLIT, SPLIT, "blue", id="a first split goes to the larger share"),
        pytest.param(
            [GREEN, BLUE], BLUE, BLUE, "blue", id="rolled back already, not undone by a second time"
        ),
        pytest.param([SPLIT, BLUE], BLUE, BLUE, "blue", id="rolled back from a split already"),
        pytest.param([BLUE], GREEN, BLUE, "blue", id="somebody else moved it to green"),
        pytest.param(
            [{"blue": 50, "green": 50}],
            {"blue": 50, "green": 50},
            None,
            None,
            id="an even split says nothing",
        ),
        pytest.param([GREEN, SPLIT], GREEN, GREEN, "blue", id="green took over from a first split"),
        pytest.param([SPLIT_LATE, SPLIT], SPLIT_LATE, SPLIT_LATE, "blue", id="late in the steps"),
        pytest.param([BLUE], BLUE, BLUE, None, id="nothing before"),
        pytest.param([], BLUE, BLUE, None, id="no record"),
        pytest.param([GREEN, {"red": 100}], GREEN, GREEN, None, id="the one before is gone"),
    ],
)
def test_the_slot_before(
    past: list[dict[str, int]], live: dict[str, int], declared: dict[str, int] | None, expected: str | None
) -> None:
    assert before([Asked(one) for one in past], live, declared, BOTH) == expected


def test_an_update_that_failed_before_it_moved_the_traffic_leaves_it_where_it_is() -> None:
    past = [Asked(GREEN, succeeded=False), Asked(BLUE), Asked(GREEN)]
    assert before(past, BLUE, GREEN, BOTH) == "blue"


def test_an_update_that_failed_after_it_moved_the_traffic_is_gone_back_from() -> None:
    past = [Asked(GREEN, succeeded=False), Asked(BLUE)]
    assert before(past, GREEN, GREEN, BOTH) == "blue"


def test_the_record_ends_where_the_stack_was_destroyed_and_skips_what_is_no_update() -> None:
    updates = [_update(GREEN, kind="refresh"), _update(BLUE), {"kind": "destroy"}, _update(GREEN)]
    assert list(asked_in(updates, "diabetes")) == [Asked(BLUE)]


def test_updates_that_ask_for_nothing_are_skipped() -> None:
    assert list(asked_in([{"kind": "update", "config": {}}, _update({})], "diabetes")) == []


def _update(traffic: dict[str, int], kind: str = "update") -> dict[str, Any]:
    value = json.dumps({"diabetes": {"traffic": traffic}})
    return {"kind": kind, "result": "succeeded", "config": {"azml:endpoints": {"value": value}}}


MALFORMED = [3, [], {"diabetes": 3}, {"diabetes": {"traffic": ["blue"]}}]


@pytest.mark.parametrize("value", ["words", "[secret]", *(json.dumps(one) for one in MALFORMED)])
def test_an_update_that_failed_for_a_malformed_setting_says_nothing(value: str) -> None:
    failed = {**_update(GREEN), "config": {"azml:endpoints": {"value": value}}}
    assert list(asked_in([failed, _update(BLUE)], "diabetes")) == [Asked(BLUE)]
