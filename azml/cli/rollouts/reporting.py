"""The evidence report of a rollout of the stack's endpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azml.atomic_write import write_atomically
from azml.cli.failure import CommandError, InputError, NotThereError
from azml.cli.rollouts import versions
from azml.cli.rollouts.session import Session
from azml.rollout.driving.ports import Unavailable
from azml.rollout.journals.document import Document, parse
from azml.rollout.journals.journal import BrokenJournal
from azml.rollout.report.build import report
from azml.rollout.report.records import Report


def journal_of(session: Session, number: int | None) -> Document:
    """The journal of the latest rollout, or of the one with this number. Raises CommandError."""
    latest = session.required().document
    with _reading():
        return latest if number in (None, latest.head.number) else _earlier(session, number)


def report_of(session: Session, document: Document) -> Report:
    """The report of a journal. Raises CommandError."""
    with _reading():
        return report(document, versions.noted(session, document))


def write(file: Path, text: str) -> None:
    """Write a text. Raises InputError where the file cannot be written."""
    try:
        write_atomically(file, text.encode())
    except OSError as failed:
        raise InputError(f"{file} cannot be written: {failed.strerror}", "name another file") from failed


@contextmanager
def _reading() -> Iterator[None]:
    """What is read of a rollout, or why it is not."""
    try:
        yield
    except BrokenJournal as broken:
        raise CommandError(f"the journal of that rollout cannot be read: {broken}") from broken
    except Unavailable as failed:
        raise CommandError(str(failed), "run it again") from failed


def _earlier(session: Session, number: int | None) -> Document:
    text = session.store.kept(f"{number:06d}")
    if text is None:
        raise NotThereError(
            f"{session.name} has had no rollout {number}", "azml rollout status has the latest"
        )
    return parse(text)
