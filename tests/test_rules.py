"""Rules over every share and every name."""

import string

from hypothesis import given
from hypothesis import strategies as st

from azml import rules

SLOTS = {"blue": None, "green": None, "red": None}
SHARES = st.dictionaries(st.sampled_from([*SLOTS, "gone"]), st.integers(-20, 120), max_size=3)


@given(SHARES, SHARES, st.sampled_from(["managed", "kubernetes"]))
def test_what_passes_is_what_azure_takes(traffic: dict[str, int], mirror: dict[str, int], kind: str) -> None:
    live = {name for name, share in traffic.items() if share}
    mirrored = {name for name, share in mirror.items() if share}
    taken = (
        {*traffic, *mirror} <= SLOTS.keys()
        and all(0 <= share <= 100 for share in traffic.values())
        and sum(traffic.values()) in (0, 100)
        and len(mirrored) <= 1
        and all(0 <= share <= 50 for share in mirror.values())
        and not live & mirrored
        and not (mirrored and kind == "kubernetes")
    )
    assert taken == (not list(rules.share_problems(traffic, mirror, SLOTS, kind)))


@given(st.text(string.ascii_lowercase + "B" + string.digits + "-_.", max_size=40))
def test_endpoint_names(name: str) -> None:
    taken = (
        3 <= len(name) <= 32
        and name[0] in string.ascii_lowercase
        and name[-1] in string.ascii_lowercase + string.digits
        and set(name) <= set(string.ascii_lowercase + string.digits + "-")
        and "--" not in name
    )
    assert rules.ENDPOINT.accepts(name) == taken
