import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from azml.emulator.dataplane.conda import (
    SERVER_FLOOR,
    Requirements,
    distribution,
    read_conda,
    read_requirements,
    with_server,
)
from azml.emulator.dataplane.failures import EnvironmentFailure


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("scikit-learn=1.2.2", "scikit-learn==1.2.2.*"),
        ("scikit-learn=1.2", "scikit-learn==1.2.*"),
        ("scikit-learn=1.2.*", "scikit-learn==1.2.*"),
        ("scikit-learn==1.2.2", "scikit-learn==1.2.2"),
        ("scikit-learn=1.2.2=py310h1", "scikit-learn==1.2.2.*"),
        ("scikit-learn 1.2.2 py310h1", "scikit-learn==1.2.2"),
        ("scikit-learn >=1.2, <2", "scikit-learn>=1.2,<2"),
        ("scikit-learn>=1.2.*", "scikit-learn>=1.2"),
        ("conda-forge::scikit-learn", "scikit-learn"),
        ("pytorch=2.1", "torch==2.1.*"),
        ("numpy", "numpy"),
    ],
)
def test_a_conda_spec_as_pip_writes_it(entry: str, line: str) -> None:
    assert read_conda(f"dependencies: ['{entry}']").lines == (line,)


@given(
    st.from_regex(r"[a-z][a-z0-9]{1,8}", fullmatch=True), st.lists(st.integers(0, 99), min_size=1, max_size=3)
)
def test_every_pin_becomes_a_requirement_that_allows_that_version(name: str, parts: list[int]) -> None:
    version = ".".join(map(str, parts))
    lines = read_conda(f"dependencies: ['x{name}={version}']").lines
    assert Requirement(lines[0]).specifier.contains(version)


def test_python_pip_and_system_packages_are_no_requirements() -> None:
    text = "dependencies: [python=3.10.13, pip=23, libgcc-ng, cudatoolkit=11.8, {pip: ['a==1', '--pre']}]"
    assert read_conda(text) == Requirements(("a==1", "--pre"), "3.10", ("libgcc-ng", "cudatoolkit"))
    assert read_conda("dependencies: ['python>=3.9,<3.12']").python == ">=3.9,<3.12"


@pytest.mark.parametrize(
    "text", ["a: [", "[]", "name: x", "dependencies: [{pip: a}]", "dependencies: [{pip: ['-r r.txt']}]"]
)
def test_what_is_no_conda_file_says_so(text: str) -> None:
    with pytest.raises(EnvironmentFailure, match="conda file"):
        read_conda(text)


def test_the_server_is_added_or_held_above_its_floor_unless_pinned() -> None:
    assert with_server(Requirements(("numpy",))).lines == ("numpy", SERVER_FLOOR)
    assert with_server(Requirements(("azureml_inference_server_http",))).lines == (SERVER_FLOOR,)
    for line in ("azureml-inference-server-http==1.4.0", "azureml-defaults"):
        assert with_server(Requirements((line,))).lines == (line,)


def test_comments_of_a_requirements_file_are_left_out() -> None:
    text = "# head\nmlflow==3.1  # why\n\ngit+https://host/x.git#egg=x\n"
    assert read_requirements(text).lines == ("mlflow==3.1", "git+https://host/x.git#egg=x")


def test_a_distribution_has_one_name() -> None:
    assert distribution("Scikit_Learn[extra]>=1") == "scikit-learn"
    assert distribution("--pre") == ""
