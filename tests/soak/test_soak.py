"""The short form of `make soak`, and its table."""

import pytest

from tests.soak.attacks import ATTACKS
from tests.soak.figures import MUST_BE_ZERO, Figures
from tests.soak.soak import soak


def test_every_attack_once_leaves_zeros_where_they_belong() -> None:
    figures = soak(9, 0, 3, once=list(ATTACKS))
    assert not figures.failed, figures.table()
    for name, zero in MUST_BE_ZERO.items():
        assert zero or figures.counts[name] or "cut" in name, f"nothing was counted: {name}"


def test_the_table_names_its_seed_and_what_must_be_zero() -> None:
    figures = Figures(41)
    figures.count("requests answered")
    figures.count("processes and folders left behind", "none", 0)
    assert figures.failed == []
    assert "41" in figures.table().splitlines()[0]
    figures.count("404 for what exists", "blue: 404")
    assert figures.failed == ["404 for what exists"]
    assert "must be 0" in figures.table()
    assert "blue: 404" in figures.table()
    with pytest.raises(KeyError):
        figures.count("what nobody counts")
