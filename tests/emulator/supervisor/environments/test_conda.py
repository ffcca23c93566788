"""Conda files as conda reads them, and what Python's packages can stand for of them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from azml.bundling.conda import check_conda
from azml.bundling.image import image_notes
from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.supervisor.environments import channels
from azml.emulator.supervisor.environments.conda import (
    CondaFile,
    channels_of,
    distribution,
    for_solver,
    mapped,
    read_conda,
    read_requirements,
)
from azml.emulator.supervisor.environments.conda_names import python_package
from azml.emulator.supervisor.environments.images import contents_of
from azml.emulator.supervisor.environments.pip_lines import for_uv, with_files
from azml.emulator.supervisor.environments.requirements import (
    SERVER,
    SERVER_FLOOR,
    Requirements,
    attempts,
    of_conda,
    requirements_of,
)
from azml.findings import Finding
from azml.specs import parse
from scripts.conda_names import TABLE, lines, table
from tests.emulator.supervisor.environments.test_environments import deployment_of


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("scikit-learn=1.2.2", "scikit-learn==1.2.2.*"),
        ("scikit-learn=1.2", "scikit-learn==1.2.*"),
        ("scikit-learn=1.2.*", "scikit-learn==1.2.*"),
        ("scikit-learn==1.2.2", "scikit-learn==1.2.2"),
        ("scikit-learn=1.2.2=py310h1", "scikit-learn==1.2.2"),
        ("scikit-learn 1.2.2 py310h1", "scikit-learn==1.2.2"),
        ("scikit-learn >=1.2, <2", "scikit-learn<2,>=1.2"),
        ("scikit-learn >=1.2,<2.0a0", "scikit-learn<2.0,>=1.2"),
        ("scikit-learn>=1.2.*", "scikit-learn>=1.2"),
        ("conda-forge::scikit-learn[version='>=1.26,<3']", "scikit-learn<3,>=1.26"),
        ("scikit-learn>=1.1|<1.0", "scikit-learn>=1.1"),
        ("scikit-learn=1.26|1.27", "scikit-learn==1.27"),
        ("conda-forge::scikit-learn", "scikit-learn"),
        ("pytorch=2.1", "torch==2.1.*"),
        ("py-xgboost", "xgboost"),
        ("typing_extensions", "typing-extensions"),
        ("python-tzdata=2024b", "tzdata"),
        ("NumPy", "numpy"),
    ],
)
def test_a_conda_spec_as_pip_writes_it(entry: str, line: str) -> None:
    (found,) = mapped((entry,)).lines
    assert Requirement(found) == Requirement(line)


@given(st.lists(st.integers(0, 99), min_size=1, max_size=3))
def test_every_pin_becomes_a_requirement_that_allows_that_version(parts: list[int]) -> None:
    version = ".".join(map(str, parts))
    (line,) = mapped((f"numpy={version}",)).lines
    assert Requirement(line).specifier.contains(version)


@pytest.mark.parametrize("name", ["ffmpeg", "openssl", "libblas", "_libgcc_mutex", "mkl", "tk", "a-stranger"])
def test_a_name_in_no_table_is_never_asked_of_the_python_package_index(name: str) -> None:
    asked = of_conda(read_conda(f"dependencies: [{name}, numpy]"))
    assert asked.dropped == (name,)
    assert asked.mapped == ("numpy",)
    assert not any(name in line for attempt in attempts(asked) for line in attempt.lines)


def test_nothing_is_dropped_for_how_its_name_begins() -> None:
    assert mapped(("libcst", "libtmux", "gitpython")).dropped == ()


def test_python_is_the_one_asked_for() -> None:
    assert mapped(("python=3.11.10=hc5c86c4_3_cpython", "pip=23")).python == "3.11"
    assert mapped(("python>=3.9,<3.12",)).python == ">=3.9,<3.12"
    assert mapped(("python 3.9|3.10.*",)).python == "3.10"
    assert mapped(("numpy",)).python is None


def test_the_pip_section_wins_over_conda_s_packages() -> None:
    asked = of_conda(read_conda("dependencies: [numpy=1.26, pandas, {pip: ['NumPy==2.1.3']}]"))
    assert asked.lines == ("NumPy==2.1.3",)
    assert asked.mapped == ("pandas",)


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "[]",
        "name: x",
        "dependencies: [{pip: a}]",
        "dependencies: ['numpy = = 1']",
        "dependencies: ['*']",
    ],
)
def test_what_is_not_a_conda_file_says_so(text: str) -> None:
    with pytest.raises(EnvironmentFailure, match="conda file"):
        read_conda(text)


def test_a_file_without_name_or_channels_and_one_with_a_prefix_are_read() -> None:
    assert read_conda("dependencies: [{pip: [a]}]\nprefix: /home/me\n") == CondaFile(pip=("a",))


def asked_for(*lines: str) -> list[tuple[str, ...]]:
    return [attempt.lines for attempt in attempts(Requirements(lines))]


def test_the_server_is_the_newest_that_the_pins_leave() -> None:
    """At least 1.5.1 first; an old one gets the pkg_resources it imports."""
    best, older, last = attempts(Requirements(("typing-extensions==4.5",)))
    assert best.lines == ("typing-extensions==4.5", SERVER_FLOOR)
    assert older.lines == ("typing-extensions==4.5", SERVER, "setuptools")
    assert older.constraints == ("setuptools<81",)
    assert "newest that does" in older.note
    assert last.constraints == ()
    assert asked_for("azureml_inference_server_http")[0] == (SERVER_FLOOR,)


def test_a_server_that_the_file_pins_stands() -> None:
    assert asked_for(f"{SERVER}>=1.5.1") == [(f"{SERVER}>=1.5.1",)]
    assert asked_for(f"{SERVER}==1.4.0") == 2 * [(f"{SERVER}==1.4.0", "setuptools")]
    assert asked_for("azureml-defaults")[1:] == 2 * [("azureml-defaults", "setuptools")]


LINES = [
    ("-e git+https://example.org/own.git#egg=own", ["git+https://example.org/own.git#egg=own"], []),
    ("--editable=git+https://example.org/own.git", ["git+https://example.org/own.git"], []),
    ("--pre", [], ["--prerelease", "allow"]),
    ("--trusted-host x.org", [], ["--allow-insecure-host", "x.org"]),
    ("--require-hashes", [], ["--require-hashes"]),
    ("--prefer-binary", [], []),
    ("own --config-settings=a=b", ["own"], []),
    ("--no-binary :all:", ["--no-binary :all:"], []),
    ("-r https://example.org/r.txt", ["-r https://example.org/r.txt"], []),
    (
        "--extra-index-url https://example.org/simple",
        ["--extra-index-url https://example.org/simple"],
        ["--index-strategy", "unsafe-best-match"],
    ),
    ("own @ https://example.org/own.whl", ["own @ https://example.org/own.whl"], []),
    ("numpy<2 ; python_version < '3.12'", ["numpy<2 ; python_version < '3.12'"], []),
]


@pytest.mark.parametrize(("line", "kept", "options"), LINES)
def test_a_line_of_pip_s_as_uv_takes_it_and_as_the_check_does(
    line: str, kept: list[str], options: list[str]
) -> None:
    found = for_uv((line,))
    assert (list(found.lines), list(found.options)) == (kept, options)
    findings: list[Finding] = []
    root = parse(f'dependencies:\n- python=3.11\n- pip:\n  - "{line}"\n', Path("conda.yml"), findings)
    assert root is not None
    check_conda(root, findings)
    assert findings == []


def test_variables_of_this_machine_are_not_put_into_lines() -> None:
    with pytest.raises(EnvironmentFailure, match="uses a variable"):
        for_uv(("--index-url https://${PAT}@example.org/simple",))


def test_files_that_a_model_s_requirements_name_lie_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("b\n-c limits.txt\n")
    (tmp_path / "limits.txt").write_text("a<2\n")
    found = with_files(("a", "-r more.txt"), tmp_path, lambda path: read_requirements(path.read_text()))
    assert found == ("a", "b", f"-c {tmp_path / 'limits.txt'}")
    with pytest.raises(EnvironmentFailure, match="outside the model's folder"):
        with_files(("-r ../../etc/passwd",), tmp_path, lambda _: ())


def test_an_mlflow_model_without_code_has_what_its_conda_file_says(tmp_path: Path) -> None:
    """Requirements count only where there is no conda.yaml; our script's own imports are always there."""
    (tmp_path / "MLmodel").touch()
    (tmp_path / "requirements.txt").write_text("mlflow-skinny==3.1\n")
    model = deployment_of(model_folder=tmp_path, mlflow=True)
    assert requirements_of(model).lines == ("mlflow-skinny==3.1", "numpy", "pandas")
    (tmp_path / "conda.yaml").write_text("dependencies: [shapely, pandas, {pip: [cloudpickle]}]\n")
    asked = requirements_of(model)
    assert (asked.lines, asked.mapped) == (("cloudpickle", "mlflow", "numpy"), ("shapely", "pandas"))


def test_a_prebuilt_image_has_what_it_is_known_to_have() -> None:
    known = requirements_of(deployment_of(image="mcr.microsoft.com/azureml/minimal-py312-inference:latest"))
    assert (known.lines, known.python) == ((SERVER, "numpy"), "3.12")
    unknown = requirements_of(deployment_of(image="mcr.microsoft.com/azureml/sklearn-1.5-inference"))
    assert unknown.lines == ()
    assert "are not known here" in unknown.notes[0]


@pytest.mark.parametrize(
    "name",
    [
        "minimal-py312-inference",
        "minimal-py312-cuda12.4-inference:2",
        "minimal-py311-inference@sha256:ab",
        "minimal-py310-inference",
        "curated/minimal-ubuntu22.04-py39-cuda11.8-gpu-inference:latest",
        "minimal-ubuntu22.04-py39-cpu-inference",
        "minimal-ubuntu20.04-py311-cpu-inference",
        "minimal-ubuntu20.04-py37-cpu-inference",
        "mlflow-py312-inference",
        "mlflow-ubuntu20.04-py38-cpu-inference",
        "sklearn-1.5-ubuntu22.04-py310-cpu-inference:latest",
        "openmpi4.1.0-ubuntu22.04",
    ],
)
def test_a_preview_and_the_local_azure_know_the_same_images(name: str) -> None:
    image = f"mcr.microsoft.com/azureml/{name}"
    assert (contents_of(image) is None) == bool(image_notes(image))


def test_channels_that_packages_name_are_conda_s_defaults_or_any_too() -> None:
    named = ("defaults::pandas", "*::numpy", "conda-forge::scipy=1.11", "https://example.org/own::tool")
    assert channels.addresses(channels_of(named)) == (
        *channels.addresses(["defaults"]),
        "https://conda.anaconda.org/conda-forge",
        "https://example.org/own",
    )
    assert [for_solver(one) for one in named] == ["pandas", "numpy", *named[2:]]


def test_comments_of_a_requirements_file_are_left_out_and_lines_that_go_on_are_joined() -> None:
    text = "# head\nmlflow==3.1  # why\n\na==1 \\\n  --hash=sha256:aa\ngit+https://host/x.git#egg=x\n"
    assert read_requirements(text) == (
        "mlflow==3.1",
        "a==1    --hash=sha256:aa",
        "git+https://host/x.git#egg=x",
    )


def test_a_distribution_has_one_name() -> None:
    assert distribution("Scikit_Learn[extra]>=1") == "scikit-learn"
    assert distribution("--pre") == ""


def test_the_table_is_sorted_without_doubles_and_says_where_it_is_from() -> None:
    text = TABLE.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    names = [row.partition("=")[0] for row in rows]
    assert names == sorted(set(names))
    assert len(names) > 12_000
    assert "MIT licence" in text
    assert python_package("Pandas") == "pandas"


def test_of_several_names_the_one_that_agrees_counts() -> None:
    """And names that are hashes are none."""
    source = {
        "a": {"pypi_name": "ipopt", "conda_name": "cyipopt", "mapping_source": "static"},
        "b": {"pypi_name": "cyipopt", "conda_name": "cyipopt", "mapping_source": "regro-bot"},
        "c": {"pypi_name": 60 * "0", "conda_name": "odd", "mapping_source": "regro-bot"},
    }
    made = table(source)
    assert made["cyipopt"] == "cyipopt"
    assert "odd" not in made
    assert {"cyipopt", "matplotlib-base=matplotlib"} <= set(lines(made))
