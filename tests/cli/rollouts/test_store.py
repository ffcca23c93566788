"""A journal in a blob: two who write at once, times that are the store's, and what a person has to mend."""

import pytest

from azml.azure.http import Response
from azml.azure.rollouts import CONTAINER, blob_name
from azml.cli.failure import CommandError
from azml.cli.rollouts.store import BlobJournal
from azml.rollout.driving.ports import Conflict, Unavailable
from tests.cli.rollouts.azure import HERE, Blobs, Wire, connection

LATEST, KEPT = blob_name("ws", "echo"), blob_name("ws", "echo", "000001")
PATH = f"/{CONTAINER}"


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def blobs(wire: Wire) -> Blobs:
    made = Blobs(wire, PATH)
    made.serve(LATEST)
    made.serve(KEPT)
    return made


@pytest.fixture
def journal(wire: Wire, blobs: Blobs) -> BlobJournal:
    return BlobJournal(connection(wire), f"{HERE}/{CONTAINER}", "echo")


def test_a_journal_is_written_by_who_has_read_it_last(journal: BlobJournal, blobs: Blobs) -> None:
    assert journal.read() is None
    first = journal.write("one", None)
    assert (first.text, first.now) == ("one", blobs.clock)
    with pytest.raises(Conflict):
        journal.write("another", None)
    second = journal.write("two", first.etag)
    with pytest.raises(Conflict):
        journal.write("late", first.etag)
    blobs.clock += 60
    assert journal.read() == second._replace(now=blobs.clock)


def test_an_earlier_journal_is_kept_once(journal: BlobJournal, blobs: Blobs) -> None:
    journal.keep("000001", "old")
    journal.keep("000001", "other")
    assert blobs.held[KEPT][0] == b"old"
    assert journal.kept("000001") == "old"
    blobs.held.clear()
    assert journal.kept("000001") is None


@pytest.mark.parametrize(
    ("status", "code", "raised", "words"),
    [
        (404, "ContainerNotFound", CommandError, "update the stack"),
        (403, "AuthorizationPermissionMismatch", CommandError, "Storage Blob Data Contributor"),
        (503, "ServerBusy", Unavailable, "ServerBusy"),
    ],
)
def test_what_mends_itself_is_told_from_what_a_person_mends(
    wire: Wire, journal: BlobJournal, status: int, code: str, raised: type[Exception], words: str
) -> None:
    wire.answers[f"PUT {PATH}/{LATEST}"] = lambda url, headers, body: Response(
        status, {"x-ms-error-code": code}
    )
    with pytest.raises(raised, match=words):
        journal.write("one", None)


def test_without_a_container_no_rollout_has_begun(wire: Wire, journal: BlobJournal) -> None:
    missing = Response(404, {"x-ms-error-code": "ContainerNotFound"})
    wire.answers[f"GET {PATH}/{LATEST}"] = lambda url, headers, body: missing
    assert journal.read() is None


def test_a_write_whose_answer_is_lost_is_not_sent_twice(wire: Wire, journal: BlobJournal) -> None:
    wire.answers[f"PUT {PATH}/{LATEST}"] = lambda url, headers, body: Response(500, {})
    with pytest.raises(Unavailable):
        journal.write("one", None)
    assert len(wire.seen) == 1
