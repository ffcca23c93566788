"""An endpoint's own function is loaded from its folder, and proved to tell answers apart."""

from pathlib import Path

import pytest

from azml.cli.rollouts.sources.functions import altered, function_of, proved
from azml.findings import InvalidInput
from azml.rollout.driving.ports import Unavailable
from azml.rollout.plan import Plan
from tests.rollout.plans import read

LAYOUT = {"requests.jsonl": '{"id": 1}\n' * 500, "answer.json": '{"scores": [{"id": 7}]}'}


def planned(folder: Path, body: str, more: str = "") -> Plan:
    for name, text in LAYOUT.items():
        (folder / name).write_text(text)
    (folder / "check.py").write_text(f"def same(request, stable, candidate):\n    {body}\n")
    gate = f"{{compare: 'check.py:same', requests: requests.jsonl, at_least: 0.9{more}}}"
    plan, findings = read(f"gates: {{it: {gate}}}\nsteps: [{{traffic: 100, for: 1m, gates: [it]}}]", folder)
    assert plan, findings
    return plan


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("return stable == candidate", ""),
        ("print('x'); return stable[0] == candidate[0]", ""),
        ("return stable['scores'][0]['id'] == candidate['scores'][0]['id']", ", example: answer.json"),
    ],
)
def test_a_function_that_tells_them_apart_is_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str, more: str
) -> None:
    assert proved(planned(tmp_path, body, more), tmp_path) == [
        "it: check.py:same tells equal answers and others apart"
    ]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return True", "it could never fail"),
        ("return False", "it could never pass"),
        ("return stable['scores'] == candidate['scores']", "takes none of the made-up answers"),
        ("raise ValueError(stable)", "takes none of the made-up answers"),
    ],
)
def test_one_that_cannot_is_a_finding(tmp_path: Path, body: str, says: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        proved(planned(tmp_path, body), tmp_path)
    assert says in str(raised.value.findings[0])


def test_a_file_that_cannot_be_loaded_is_a_finding(tmp_path: Path) -> None:
    plan = planned(tmp_path, "return True\nimport nothing_of_this_name")
    with pytest.raises(InvalidInput) as raised:
        proved(plan, tmp_path)
    assert "cannot be loaded" in str(raised.value.findings[0])
    with pytest.raises(Unavailable, match="not a Python file"):
        function_of("requests.jsonl:same", tmp_path)


def test_an_altered_answer_differs_everywhere() -> None:
    answer = {"a": [1, 0.5, True, None], "b": "x"}
    assert altered(answer) == {"a": [1002, 1001.0, False, "something"], "b": "x, or not"}
