"""Both of the sample's models where `azml up` has them serve, each in the environment its files ask for."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scoring.server import SAMPLE, Server

SAMPLE_REQUEST = json.loads((SAMPLE / "requests" / "sample.json").read_text())
COLUMNS: list[str] = SAMPLE_REQUEST["input_data"]["columns"]
ROWS: list[list[float]] = SAMPLE_REQUEST["input_data"]["data"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
tables = st.fixed_dictionaries(
    {"columns": st.just(COLUMNS) | json_values},
    optional={"index": json_values, "data": st.lists(st.lists(json_values, max_size=11), max_size=3)},
)


def request(columns: object = COLUMNS, data: object = ROWS) -> bytes:
    return json.dumps({"input_data": {"columns": columns, "data": data}}).encode()


@pytest.mark.parametrize("file", sorted((SAMPLE / "requests").glob("*.json")), ids=lambda file: file.stem)
def test_each_sample_request_gets_a_zero_or_a_one_for_each_row(either: Server, file: Any) -> None:
    body = json.loads(file.read_text())
    answer = either.predict(body)
    assert isinstance(answer, list)
    assert len(answer) == len(body["input_data"]["data"])
    assert all(type(value) is int and value in (0, 1) for value in answer)


def test_the_sample_request_tells_the_two_models_apart(blue: Server, green: Server) -> None:
    assert blue.predict(SAMPLE_REQUEST) != green.predict(SAMPLE_REQUEST)


@given(order=st.permutations(range(len(COLUMNS))))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_columns_does_not_matter(blue: Server, green: Server, order: list[int]) -> None:
    columns = [COLUMNS[place] for place in order]
    rows = [[row[place] for place in order] for row in ROWS]
    shuffled = {"input_data": {"columns": columns, "data": rows}}
    for server in (blue, green):
        assert server.predict(shuffled) == server.predict(SAMPLE_REQUEST)


def test_whole_numbers_are_taken_for_measurements(either: Server) -> None:
    rows = [[int(value) for value in row] for row in ROWS]
    floats = [[float(value) for value in row] for row in rows]
    wanted = either.predict({"input_data": {"columns": COLUMNS, "data": floats}})
    assert either.predict({"input_data": {"columns": COLUMNS, "data": rows}}) == wanted


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1, 2]", "the request must be"),
        (b'{"input_data": 3}', "the request must be"),
        (request(columns=COLUMNS[1:]), "columns must name each of age"),
        (request(columns=[*COLUMNS, "height"]), "columns must name each of age"),
        (request(data=[]), "one row or more"),
        (request(data=[ROWS[0], ROWS[1][:-1]]), "row 1 must be a list of 10 numbers"),
        (request(data=[[*ROWS[0][:-1], "87"]]), "row 0 holds a value that is no finite number"),
        (request(data=[[*ROWS[0][:-1], True]]), "row 0 holds a value that is no finite number"),
        (request(data=[[*ROWS[0][:-1], float("nan")]]), "row 0 holds a value that is no finite number"),
        (request(data=[[*ROWS[0][:-1], 10**400]]), "row 0 holds a value that is no finite number"),
    ],
)
def test_the_script_says_what_is_wrong_with_a_request(green: Server, body: bytes, told: str) -> None:
    status, text = green.answer(body)
    assert status == 400
    assert told in json.loads(text)["message"]


@given(body=st.binary(max_size=40) | tables.map(lambda table: json.dumps({"input_data": table}).encode()))
@settings(max_examples=120, deadline=None)
def test_no_request_makes_the_script_fail(green: Server, body: bytes) -> None:
    status, text = green.answer(body)
    assert status in (200, 400), text
