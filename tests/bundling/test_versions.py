"""Versions are numbers, and say the same as the hexadecimal ones before them."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from azml.bundling.records import BundledEnvironment
from azml.bundling.versions import before_numbers, digest_of, version_of
from azml.served import same_in_any_form

DIGESTS = st.integers(0, 16**16 - 1).map(lambda value: f"{value:016x}")


@given(DIGESTS)
def test_a_number_and_its_digest_name_the_same(digest: str) -> None:
    version = version_of(digest)
    assert int(version) >= 0
    assert len(version) == 21
    assert same_in_any_form(version) == same_in_any_form(digest) == digest


@given(st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._-]{0,18}", fullmatch=True))
def test_versions_of_others_stay_as_they_are(version: str) -> None:
    assert same_in_any_form(version) == version


def test_a_version_that_a_file_gives_never_had_another_form() -> None:
    digest = digest_of("environment", "image")
    own = BundledEnvironment("e", version_of(digest), digest, "image")
    before = before_numbers(own)
    assert before is not None
    assert before.version == digest
    assert before_numbers(replace(own, version="7")) is None
