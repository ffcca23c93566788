"""Byte code that the workers share: with assertions as pytest writes them, and of the text there is."""

import importlib.util
import marshal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import hypothesis.core
import pytest
from _pytest.assertion import rewrite

from tests import byte_code

pytestmark = pytest.mark.process


@pytest.fixture
def make(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Makes byte code of a test and of a module beside it, where Python may write none."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.setattr("sys.pycache_prefix", None)
    test, helper = tmp_path / "test_one.py", tmp_path / "helper.py"

    def made(text: str) -> Path:
        test.write_text(text)
        helper.write_text("numbers = [1]\n")
        byte_code.make(request.config, [test, helper])
        return test

    return made


@pytest.fixture
def imported(request: pytest.FixtureRequest) -> Callable[[Path], ModuleType]:
    """A module as pytest imports it."""

    def module(file: Path) -> ModuleType:
        loader = rewrite.AssertionRewritingHook(request.config)
        spec = importlib.util.spec_from_file_location(file.stem, file, loader=loader)
        assert spec is not None
        made = importlib.util.module_from_spec(spec)
        loader.exec_module(made)
        return made

    return module


def test_pytest_writes_no_assertion_a_second_time(
    make: Callable[[str], Path], imported: Callable[[Path], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    test = make("def test(numbers): assert numbers == [2]\n")
    monkeypatch.delattr(rewrite, "_rewrite_test")
    with pytest.raises(AssertionError, match=r"assert \[1\] == \[2\]"):
        imported(test).test([1])


def test_another_text_has_other_byte_code_and_the_same_text_keeps_it(make: Callable[[str], Path]) -> None:
    first = byte_code.cached(make("assert 1 == 2\n")).stat().st_ino
    second = byte_code.cached(make("assert 1 == 3\n")).stat().st_ino
    assert second != first
    assert byte_code.cached(make("assert 1 == 3\n")).stat().st_ino == second


def test_what_is_no_test_has_byte_code_too(
    make: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(byte_code, "TESTS", tmp_path)
    (made,) = make("").parent.glob("__pycache__/helper.*.pyc")
    assert marshal.loads(made.read_bytes()[16:]).co_names == ("numbers",)


def test_it_is_that_of_all_tests_and_of_the_packages_whose_assertions_pytest_rewrites() -> None:
    assert {Path(hypothesis.core.__file__), Path(__file__)} <= set(byte_code.modules())
