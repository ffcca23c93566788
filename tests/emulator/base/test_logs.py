from pathlib import Path

from azml.emulator.base.logs import Log, excerpt


def test_a_log_turns_over_and_its_tail_spans_both_files(tmp_path: Path) -> None:
    log = Log(tmp_path / "deep" / "server.log", limit=1_000)
    for number in range(300):
        log.say(f"line {number:03}")
    files = sorted((tmp_path / "deep").iterdir())
    assert [file.name for file in files] == ["server.log", "server.log.1"]
    assert sum(file.stat().st_size for file in files) < 2_100
    assert log.tail(30).splitlines() == [f"line {number:03}" for number in range(270, 300)]
    assert log.tail(0) == ""
    log.remove()
    assert log.tail(5) == ""


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    Log(tmp_path / "taken" / "server.log").say("lost")


def test_the_excerpt_is_the_last_traceback_with_its_causes() -> None:
    text = """starting
Traceback (most recent call last):
  old
ValueError: an older one, unrelated
serving again
init failed
Traceback (most recent call last):
  File "score.py", line 3
KeyError: 'model'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "server.py"
UserScriptException: failed
2026 I [1] azmlinfsrv - Model Directory Contents:
many
files
"""
    message = excerpt(text)
    assert message.startswith("init failed\nTraceback")
    assert "KeyError: 'model'" in message
    assert message.endswith("UserScriptException: failed")
    assert "older" not in message


def test_without_a_traceback_the_excerpt_is_the_end() -> None:
    assert excerpt("\n".join(map(str, range(500)))).splitlines() == [
        str(number) for number in range(440, 500)
    ]
