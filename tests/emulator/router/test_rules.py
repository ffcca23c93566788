from random import Random

from hypothesis import given
from hypothesis import strategies as st

from azml.emulator.base.identity import sign
from azml.emulator.router import rules
from azml.emulator.router.rules import Refusal

NAMES = st.sampled_from(["blue", "green", "red", "white"])
SHARES = st.dictionaries(NAMES, st.integers(0, 100))
KNOWN = st.sets(NAMES)
SEEDS = st.integers(0, 2**32)


@given(SHARES, KNOWN, SEEDS)
def test_a_request_goes_only_where_there_is_a_share(
    shares: dict[str, int], known: set[str], seed: int
) -> None:
    chosen = rules.choose(shares, known, None, Random(seed))
    eligible = {name for name, share in shares.items() if share > 0 and name in known}
    if eligible:
        assert chosen in eligible
    else:
        assert chosen == (rules.NOT_READY if any(shares.values()) else rules.NO_TRAFFIC)


@given(SHARES, KNOWN, NAMES, SEEDS)
def test_the_header_wins_over_every_share(
    shares: dict[str, int], known: set[str], wanted: str, seed: int
) -> None:
    chosen = rules.choose(shares, known, wanted, Random(seed))
    if wanted in known:
        assert chosen == wanted
    else:
        assert isinstance(chosen, Refusal)
        assert chosen.status == 404


@given(st.integers(1, 99), SEEDS)
def test_the_split_is_as_exact_as_chance_allows(share: int, seed: int) -> None:
    """Five standard deviations of 4,000 draws."""
    random, draws = Random(seed), 4_000
    counted = sum(
        rules.choose({"blue": share, "green": 100 - share}, {"blue", "green"}, None, random) == "blue"
        for _ in range(draws)
    )
    expected = draws * share / 100
    assert abs(counted - expected) <= 5 * (expected * (100 - share) / 100) ** 0.5 + 1


def test_the_same_seed_draws_the_same_split() -> None:
    def draw() -> list[str | Refusal]:
        random = Random(7)
        return [rules.choose({"a": 50, "b": 50}, {"a", "b"}, None, random) for _ in range(50)]

    assert draw() == draw()
    assert len(set(map(str, draw()))) == 2


@given(st.integers(0, 50), SEEDS)
def test_mirroring_copies_its_share(share: int, seed: int) -> None:
    random, draws = Random(seed), 4_000
    counted = sum(bool(rules.mirrors({"green": share}, {"green"}, random)) for _ in range(draws))
    expected = draws * share / 100
    assert abs(counted - expected) <= 5 * (expected * (100 - share) / 100) ** 0.5 + 1


def test_nothing_is_mirrored_to_a_deployment_that_is_not_there() -> None:
    assert rules.mirrors({"green": 100}, {"blue"}, Random(1)) == []


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(0, 6)), st.integers(1, 5), SEEDS)
def test_the_least_busy_instance_takes_the_request(
    loads: dict[str, int], concurrency: int, seed: int
) -> None:
    chosen = rules.least_busy(loads, concurrency, Random(seed))
    free = [load for load in loads.values() if load < concurrency]
    if chosen is None:
        assert not free
    else:
        assert loads[chosen] == min(free)


def test_equals_share_the_load() -> None:
    random = Random(3)
    assert {rules.least_busy({"a": 0, "b": 0}, 1, random) for _ in range(50)} == {"a", "b"}


@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_only_one_of_the_keys_opens(text: str, keys: list[str]) -> None:
    expected = text.strip() in keys and bool(text.strip())
    if expected or text.strip() == text:
        assert rules.authorized(f"Bearer {text}", keys, None) is expected
    assert not rules.authorized(text, keys, None) or text.lower().startswith("bearer ")
    assert not rules.authorized(None, keys, None)


def test_a_token_opens_while_it_is_signed_and_valid() -> None:
    good = sign({"exp": 4_000_000_000}, "secret")
    assert rules.authorized(f"bearer {good}", (), "secret")
    assert not rules.authorized(f"Bearer {good}", (), "other")
    assert not rules.authorized(f"Bearer {good}", (), None)
    assert not rules.authorized(f"Bearer {sign({'exp': 1}, 'secret')}", (), "secret")
    assert not rules.authorized(f"Bearer {sign({}, 'secret')}", (), "secret")
    for broken in ("a.b.c", "..", "é", good[:-2]):
        assert not rules.authorized(f"Bearer {broken}", (), "secret")


def test_only_loopback_names_are_hosts() -> None:
    for good in ("127.0.0.1", "127.0.0.1:18444", "localhost:1", "LOCALHOST", "[::1]:18444", "[::1]"):
        assert rules.host_allowed(good), good
    for bad in ("", "evil.example", "evil.example:18444", "127.0.0.1.evil.example", "localhost:x", "::1"):
        assert not rules.host_allowed(bad), bad


def test_the_queue_takes_twice_what_the_instances_take() -> None:
    assert rules.queue_limit(concurrency=3, instances=2) == 12
