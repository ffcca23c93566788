"""What changed between two versions is told by kind and name, and kept beside the journal."""

import pytest

from azml.rollout.report.changes import Version, as_text, changes, from_text, packages_in
from azml.rollout.report.records import Change

OLD = Version({"code/score.py": "1"}, {"numpy": "1.26", "pip": "any"}, {"instance_count": "1"})
NEW = Version({"code/score.py": "2", "code/new.py": "3"}, {"numpy": "2.0", "pip": "any"}, {})


def test_only_what_differs_is_a_change() -> None:
    found = changes(OLD, NEW)
    assert found == (
        Change("file", "code/new.py", None, "3"),
        Change("file", "code/score.py", "1", "2"),
        Change("package", "numpy", "1.26", "2.0"),
        Change("setting", "instance_count", "1", None),
    )
    assert changes(OLD, OLD) == ()
    assert from_text(as_text(found)) == found


@pytest.mark.parametrize(
    "text", ["", "{}", '[["what", "a", null, null]]', "[[1]]", '[["file", 1, null, null]]']
)
def test_what_is_no_list_of_changes(text: str) -> None:
    with pytest.raises(ValueError):
        from_text(text)


def test_packages_are_read_from_a_conda_file() -> None:
    document = {
        "dependencies": ["python=3.11", "pip", {"pip": ["Scikit_Learn==1.5", "uvicorn[standard]>=0.3"]}]
    }
    assert packages_in(document) == {
        "python": "3.11",
        "pip": "any",
        "scikit-learn": "1.5",
        "uvicorn": "[standard]>=0.3",
    }
    for other in (None, {}, {"dependencies": None}, {"dependencies": [{"npm": 1}]}):
        assert packages_in(other) == {}
