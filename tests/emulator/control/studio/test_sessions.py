"""Codes and sessions by themselves."""

from azml.emulator.base.identity import Identity
from azml.emulator.control.studio.sessions import CODE_LIMIT, CODE_SECONDS, SESSION_SECONDS, Session, Sessions

IDENTITY = Identity("secret", "token", "signing")


class Clock:
    now = 2e9  # later than any clock this runs on: is_valid() reads the machine's

    def __call__(self) -> float:
        return self.now


def opened(sessions: Sessions) -> Session:
    session = sessions.redeem(sessions.issue_code())
    assert session is not None
    return session


def test_a_code_opens_one_session_and_no_second() -> None:
    sessions = Sessions(IDENTITY)
    code = sessions.issue_code()
    assert sessions.redeem(code) is not None
    assert sessions.redeem(code) is None


def test_no_code_opens_a_session_that_was_never_issued() -> None:
    sessions = Sessions(IDENTITY)
    sessions.issue_code()
    assert sessions.redeem("") is None
    assert sessions.redeem("guess") is None


def test_a_code_ends_after_half_an_hour() -> None:
    clock = Clock()
    sessions = Sessions(IDENTITY, clock)
    in_time, late = sessions.issue_code(), sessions.issue_code()
    clock.now += CODE_SECONDS - 1
    assert sessions.redeem(in_time) is not None
    clock.now += 1
    assert sessions.redeem(late) is None


def test_of_too_many_open_codes_the_oldest_goes() -> None:
    sessions = Sessions(IDENTITY)
    codes = [sessions.issue_code() for _ in range(CODE_LIMIT + 1)]
    assert sessions.redeem(codes[0]) is None
    assert all(sessions.redeem(code) for code in codes[1:])


def test_a_session_needs_its_cookie_and_its_own_page_token() -> None:
    sessions = Sessions(IDENTITY)
    one, other = opened(sessions), opened(sessions)
    assert sessions.admits(one.cookie, one.page_token)
    assert not sessions.admits(one.cookie, other.page_token)
    assert not sessions.admits(one.cookie, "")
    assert not sessions.admits("", one.page_token)
    assert not sessions.admits("", "")
    assert not sessions.admits(one.cookie, "näh")


def test_a_session_ends_and_outlives_a_restart() -> None:
    clock = Clock()
    session = opened(Sessions(IDENTITY, clock))
    assert Sessions(IDENTITY).admits(session.cookie, session.page_token)
    clock.now = -SESSION_SECONDS
    past = Sessions(IDENTITY, clock)
    old = Session("", "")
    code = past.issue_code()
    clock.now -= 1
    old = past.redeem(code) or old
    assert not Sessions(IDENTITY).admits(old.cookie, old.page_token)


def test_another_folders_session_is_nothing_here() -> None:
    session = opened(Sessions(Identity("secret", "token", "another")))
    assert not Sessions(IDENTITY).admits(session.cookie, session.page_token)
