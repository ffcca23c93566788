"""Collected data as lines, and their way between the planes."""

import io
import json
import threading
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.emulator.contract import spool as spool_module
from azml.emulator.contract.frames import Frame, read_frames, to_bytes
from azml.emulator.contract.routing_table import RoutedDeployment
from azml.emulator.contract.spool import Spool, take_up_parts
from azml.emulator.control.machinelearning.collected_records import INLINE_LIMIT, folder_of, line_of
from azml.emulator.router.message import Request
from azml.emulator.router.payloads import PayloadCollector
from tests.fixtures.waiting import eventually

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def frame(body: bytes, content_type: str = "application/json", **attributes: str) -> Frame:
    return Frame("/e/blue", "request", "an-id", 1_000_000_000.0, content_type, body, attributes)


def frames_of(path: Path) -> list[Frame]:
    with path.open("rb") as file:
        return list(read_frames(file))


@pytest.mark.thorough
@given(JSON, st.integers(0, 4))
def test_json_is_a_part_of_its_line_whatever_it_is(data: object, indent: int) -> None:
    body = json.dumps(data, indent=indent).encode()
    line = line_of(frame(body, xrequestid="x"), "/the/deployment", "https://raw")
    assert line.text.count(b"\n") == 1, "a line is a line"
    record = json.loads(line.text)
    assert record["data"] == data
    assert record["type"] == "azureml.inference.request"
    assert (record["source"], record["time"]) == ("/the/deployment", "2001-09-09T01:46:40Z")
    assert record["contentrange"] == f"bytes 0-{len(body) - 1}/{len(body)}"
    assert record["xrequestid"] == "x"
    assert line.raw is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\x00", "application/octet-stream"),
        (b"plain", "text/plain"),
        (b"{not json", "application/json"),
        (b"NaN", "application/json"),
        (b"1e999", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'"' + b"x" * INLINE_LIMIT + b'"', "application/json"),
        (b"", "application/json"),
    ],
)
def test_what_is_no_json_or_too_large_is_kept_beside_its_line(body: bytes, kind: str) -> None:
    line = line_of(frame(body, kind), "/d", "https://raw")
    assert line.raw == body
    record = json.loads(line.text)
    assert (record["data"], record["datainblob"]) == ("https://raw", "true")


@pytest.mark.parametrize(
    ("rate", "folder"),
    [
        (None, "2001/09/09/01"),
        ("Year", "2001"),
        ("Month", "2001/09"),
        ("Day", "2001/09/09"),
        ("Hour", "2001/09/09/01"),
        ("Minute", "2001/09/09/01/46"),
    ],
)
def test_folders_roll_as_asked(rate: str | None, folder: str) -> None:
    assert folder_of(rate, 1_000_000_000) == folder


@given(st.lists(st.binary(max_size=200), max_size=5), st.integers(0, 400))
def test_a_writer_that_was_killed_loses_its_last_frame_at_most(bodies: list[bytes], cut: int) -> None:
    frames = [frame(body) for body in bodies]
    whole = [to_bytes(one) for one in frames]
    text = b"".join(whole)
    text = text[: max(len(text) - cut, 0)]
    read = list(read_frames(io.BytesIO(text)))
    assert read == frames[: len(read)]
    assert len(b"".join(whole[: len(read) + 1])) > len(text) or read == frames


def test_a_spool_writes_in_order_and_close_waits_for_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    sent = [frame(b"%d" % number) for number in range(100)]
    for one in sent:
        spool.put(one)
    spool.close()
    assert [one for path in sorted(tmp_path.iterdir()) for one in frames_of(path)] == sent
    assert {path.suffix for path in tmp_path.iterdir()} == {".ready"}


def test_nobody_waits_for_a_spool_and_what_is_too_much_is_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    large = frame(bytes(10 << 20))
    began = time.monotonic()
    for _ in range(20):
        spool.put(large)
    assert time.monotonic() - began < 0.5
    spool.close()
    assert spool.dropped >= 10
    kept = sum(1 for path in tmp_path.iterdir() for _ in frames_of(path))
    assert kept + spool.dropped == 20


def test_a_folder_that_cannot_be_written_keeps_no_spool_from_closing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for number in range(3):
        spool.put(frame(b"%d" % number))
    closing = threading.Thread(target=spool.close, daemon=True)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()
    assert spool.dropped == 3


def test_of_a_file_the_disk_has_no_room_for_the_frames_that_are_whole_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(one: Frame) -> bytes:
        if one.body == b"2":
            raise OSError("no space")
        return to_bytes(one)

    monkeypatch.setattr(spool_module, "to_bytes", full)
    monkeypatch.setattr(spool_module, "_PAUSE_SECONDS", 0.5)  # all of them are there by then
    spool = Spool(tmp_path)
    for number in range(5):
        spool.put(frame(b"%d" % number))
    spool.close()
    (path,) = tmp_path.iterdir()
    assert path.suffix == ".ready"
    assert [one.body for one in frames_of(path)] == [b"0", b"1"]


class Slow(bytes):
    """Bytes that take their time to be counted, so that another thread comes between."""

    def __len__(self) -> int:
        time.sleep(0.001)
        return super().__len__()


def test_a_spool_that_is_read_while_it_is_written_counts_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count that drifted would in the end let nothing in."""
    monkeypatch.setattr(spool_module, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(spool_module, "_QUEUE_LIMIT", 2_000)
    monkeypatch.setattr(spool_module, "_FILES_LIMIT", 1_000)
    spool = Spool(tmp_path)
    for _ in range(200):
        spool.put(frame(Slow(b"x" * 5)))
    eventually(lambda: sum(1 for path in tmp_path.glob("*.ready") for _ in frames_of(path)) == 200)
    spool.put(frame(b"x" * 2_000))
    spool.close()
    assert spool.dropped == 0


def test_what_a_killed_writer_left_is_taken_up(tmp_path: Path) -> None:
    (tmp_path / "1.part").write_bytes(to_bytes(frame(b"1")) + b"half")
    take_up_parts(tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.suffix == ".ready"
    assert [one.body for one in frames_of(path)] == [b"1"]


def deployment(**collect: float) -> RoutedDeployment:
    return RoutedDeployment("/e/blue", "blue", 5_000, 1, (), collect, ("X-Said", "Authorization"))


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_sampling_keeps_its_part_and_a_response_with_its_request(tmp_path: Path, rate: float) -> None:
    collecting = PayloadCollector(Spool(tmp_path), Random(7))
    one = deployment(request=rate, response=1.0)
    drawn = [collecting.draw(one) for _ in range(4_000)]
    assert all(sampled and "response" in sampled.payloads for sampled in drawn)
    requests = sum("request" in sampled.payloads for sampled in drawn if sampled)
    assert abs(requests - rate * 4_000) < 120
    assert collecting.draw(deployment()) is None


def test_a_request_is_kept_with_the_headers_asked_for_and_never_a_key(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    collecting = PayloadCollector(spool, Random(7))
    one = deployment(request=1.0)
    request = Request(method="POST", body=bytearray(b"{}"), id="the-id")
    for name, value in ((b"X-Said", b"hello"), (b"Authorization", b"Bearer key"), (b"Content-Type", b"a/b")):
        request.add(name, value)
    sampled = collecting.draw(one)
    assert sampled is not None
    collecting.keep(sampled, one, request, b"/score?a=1", [])
    spool.close()
    (path,) = tmp_path.iterdir()
    (kept,) = frames_of(path)
    assert kept.attributes == {
        "path": "/score?a=1",
        "method": "POST",
        "correlationid": "the-id",
        "xrequestid": "the-id",
        "x-said": "hello",
    }
    assert (kept.content_type, kept.body) == ("a/b", b"{}")
