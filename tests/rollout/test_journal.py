"""A journal's lines are its entries, and nothing else is taken for one."""

import pytest

from azml.rollout.journals.journal import (
    Advanced,
    Asked,
    BrokenJournal,
    Changed,
    Confirmed,
    Entered,
    Entry,
    Extended,
    Intended,
    Looked,
    Noted,
    Paused,
    Shares,
    Started,
    Stuck,
    Told,
    Withdrawn,
    Written,
    from_line,
    to_line,
)
from azml.rollout.judging.looks import Answer, Counted, Matches, Measured, Mismatch, Missing, Replayed, Smoked
from azml.rollout.statistics.comparison import Seen

LOOKED = Looked(
    5.5,
    {
        "errors": Counted(Seen(20, 1), Seen(380, 2)),
        "kind": Measured((0.1, 0.25)),
        "agreement": Replayed(
            {"$[*]": Matches(500, 499, 1)},
            {"north": {"$[*]": Matches(2, 1)}},
            (Mismatch(7, "north", "$[*]", '["a"]', '["ä"]'),),
        ),
        "smoke": Smoked(2, (Answer(200, 0.1), Answer(None, 1.0))),
        "gone": Missing('no "answer"\n'),
    },
)


def test_shares_in_words_say_what_is_mirrored() -> None:
    assert Shares(100, 0, 20).said == "stable 100 %, candidate 0 %, 20 % mirrored"
    assert Shares(95, 5).said == "stable 95 %, candidate 5 %"


@pytest.mark.parametrize("at", [5, 1e22, float("inf")])
def test_any_number_is_read_again(at: float) -> None:
    assert from_line(to_line(Confirmed(at))) == Confirmed(at)


def test_a_line_is_json_without_spaces() -> None:
    """As other versions of this tool write and read it."""
    line = to_line(Intended(1.5, Shares(95, 5)))
    assert line == (
        '{"kind":"Intended","at":1.5,"shares":{"kind":"Shares","stable":95,"candidate":5,"mirror":0}}'
    )


@pytest.mark.parametrize(
    "entry",
    [
        Started(0.0, Shares(100, 0)),
        Intended(1.0, Shares(100, 0, 20)),
        Confirmed(2.0),
        Entered(3.0, 1),
        LOOKED,
        Advanced(6.0, "passed"),
        Extended(7.0, "few"),
        Paused(8.0, "ä"),
        Withdrawn(9.0, "bad"),
        Stuck(10.0, "late"),
        Asked(11.0, "approve", "somebody"),
        Written(12.0),
        Noted(13.0, "so"),
        Changed(14.0, "abc"),
        Told(15.0, "paused", "chat", "503"),
    ],
)
def test_a_line_is_the_entry_it_was_made_of(entry: Entry) -> None:
    assert from_line(to_line(entry)) == entry
    assert "\n" not in to_line(entry)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "3",
        "{}",
        '{"kind":"Confirmed"}',
        '{"kind":"Rebooted","at":1}',
        '{"kind":"Shares","stable":1,"candidate":2}',
        '{"kind":"Confirmed","at":1',
        '{"kind":"Confirmed","at":"1"}',
        '{"kind":"Confirmed","at":true}',
        '{"kind":"Confirmed","at":1,"more":2}',
        '{"kind":"Intended","at":1,"shares":{"kind":"Seen","requests":1,"events":2}}',
        '{"kind":"Intended","at":1,"shares":{"kind":"Shares","stable":"100","candidate":0}}',
    ],
)
def test_another_line_is_refused(line: str) -> None:
    with pytest.raises(BrokenJournal):
        from_line(line)
