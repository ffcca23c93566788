"""Conda files: what cannot be right is found, the server is there or gets added."""

from pathlib import Path

import pytest
import yaml

from azml.bundling.conda import check_conda
from azml.bundling.server import SERVER, SERVER_REQUIREMENT, in_the_way, lacks_hash, with_server
from azml.findings import Finding
from azml.specs import parse

HEAD = "channels: [conda-forge]\ndependencies:\n- python=3.11\n"


def check(text: str) -> list[Finding]:
    findings: list[Finding] = []
    root = parse(text, Path("conda.yml"), findings)
    assert root is not None
    check_conda(root, findings)
    assert all(found.file == Path("conda.yml") and found.remedy for found in findings)
    return findings


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        "name: x\n"
        + HEAD
        + "- pip=24.0\n- pip:\n  - numpy==1.26.4\n  - mlflow[extras]>=2,<3; python_version > '3.8'\n",
        HEAD + "- numpy>=1.2,<2\n- conda-forge::xgboost\n- scikit-learn=1.5=py311h1\n",
        HEAD + "- 'scipy >=1.1'\n- scipy2 1.1.*\n- numpy 1.26.4 py311_0\n- libblas=*=*mkl\n",
        HEAD + "- https://conda.example.org/own::tool\n- 'numpy >=1.2, <2'\n",
        HEAD + f"- pip:\n  - 'numpy==1.26.4 --hash=sha256:{64 * 'a'} --hash=sha256:{64 * 'b'}'\n",
        HEAD + "- pip:\n  - 'pandas  # tables'\n  - numpy==1.26.4 ; python_version < '3.12'\n"
        "  - numpy==2.1.3 ; python_version >= '3.12'\n",
        HEAD
        + "- pip:\n  - numpy<2; sys_platform == 'win32'\n  - numpy>=2\n  - --pre\n  - -i https://x.org/s\n",
        HEAD + "- numpy=2.1.2=py311h71ddf71_0\n- _libgcc_mutex=0.1=conda_forge\nprefix: /home/me\n",
        HEAD + "- conda-forge::numpy[version='>=1.26,<3']\n- scipy >=1.1|1.0.*\n- 'a ~=1.2'\n",
        "dependencies:\n- pip:\n  - numpy\n",
        HEAD + "- pip:\n  - -r https://example.org/requirements.txt\n  - own --config-settings=a=b\n",
        HEAD + "- pip:\n  - -e git+https://example.org/own.git#egg=own\n  - '# nothing'\n",
        HEAD
        + "- pip:\n  - --extra-index-url https://example.org/simple\n  - torch @ https://example.org/t.whl\n",
        "channels: [defaults, pytorch, my-company, https://conda.example.org/x]\ndependencies: [python]\n",
        HEAD
        + "- pip:\n  - azureml-inference-server-http\n  # a comment\n  - inference-schema[numpy-support]\n",
        HEAD + "- sklearn-pandas\n",
        "channels: [pytorch-nightly, pytorch3d, nvidia/label/cuda-12.1.0, bioconductor, anaconda-fusion]\n"
        "dependencies: [python]\n",
        HEAD + f'- pip:\n  - "numpy==1.26.4 \\\\\\n  --hash=sha256:{64 * "a"}"\n',
        HEAD
        + "- pip:\n  - git+https://example.org/own.git@main#subdirectory=a/b\n  - a.zip @ https://x.org/a\n",
    ],
)
def test_sane_files_pass(text: str) -> None:
    assert check(text) == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("- a\n", 1, "is not a mapping"),
        ("channels: [conda-forge]\n", 1, "has no dependencies"),
        ("dependencies: python\n", 1, "is not a list"),
        ("dependencies: []\n", 1, "is empty"),
        (HEAD + "chanels: [x]\n", 4, "is not a known key"),
        ("channels: conda-forge\ndependencies: [python]\n", 1, "is not a list"),
        ("channels: [conda-frge]\ndependencies: [python]\n", 1, "looks misspelt"),
        ("channels: [conda_forge]\ndependencies: [python]\n", 1, "looks misspelt"),
        ("channels: [default]\ndependencies: [python]\n", 1, "looks misspelt"),
        ("channels: [pytroch]\ndependencies: [python]\n", 1, "looks misspelt"),
        ("channels: ['http://x.org']\ndependencies: [python]\n", 1, "is not https"),
        ("channels: ['a b']\ndependencies: [python]\n", 1, "is not a channel's name"),
        ("channels: [3]\ndependencies: [python]\n", 1, "is not the name of a channel"),
        (HEAD + "- numpy = = 1\n", 4, "is not a conda package"),
        (HEAD + "- 3\n", 4, "is not a dependency"),
        (HEAD + "- sklearn\n", 4, "'sklearn' is not the package"),
        (HEAD + "- numpy\n- numpy=1.2\n", 5, "'numpy' appears twice"),
        (HEAD + "- pip:\n  - numpy=1.26\n", 5, "is not a requirement"),
        (HEAD + "- pip:\n  - numpy==\n", 5, "is not a requirement"),
        (HEAD + "- pip:\n  - 3\n", 5, "is not a requirement"),
        (HEAD + "- pip:\n  - a\n  - A\n", 6, "appears twice"),
        (HEAD + "- pip:\n  - -r requirements.txt\n", 5, "names a local file"),
        (HEAD + "- pip:\n  - -rrequirements.txt\n", 5, "names a local file"),
        (HEAD + "- pip:\n  - -cconstraints.txt\n", 5, "names a local file"),
        (HEAD + "- pip:\n  - -e .\n", 5, "names a local file"),
        (HEAD + "- pip:\n  - own @ file:///own.whl\n", 5, "names a local file"),
        (HEAD + "- numpy>=\n", 4, "is not a conda package"),
        (HEAD + "- pip:\n  - ./wheel.whl\n", 5, "names a local file"),
        (HEAD + "- pip:\n  - wheels/own-1.0-py3-none-any.whl\n", 5, "names a local file"),
        (HEAD + "- pip:\n  - own-1.0-py3-none-any.whl\n", 5, "names a local file"),
        (HEAD + "- pip:\n  - own-1.0.tar.gz ; python_version > '3.8'\n", 5, "names a local file"),
        (HEAD + "- pip:\n  - azureml-inference-server\n", 5, "is not the package"),
        (HEAD + "- pip:\n  - --pree\n", 5, "is not an option"),
        (HEAD + "- pip:\n  - --pre yes\n", 5, "takes no value"),
        (HEAD + "- pip:\n  - -i\n", 5, "needs a value"),
        (HEAD + "- pip:\n  - -f ./wheels\n", 5, "names a local file"),
        (HEAD + "- pip:\n  - -i https://${PAT}@x.org/s\n", 5, "takes an environment variable"),
        (HEAD + "- pip:\n  - a==1 --hash=sha256:aa\n", 5, "is not a hash"),
        (HEAD + f"- pip:\n  - a==1 --hash=sha256:{64 * 'a'}\n  - b==1\n", 6, "has no hash"),
        (HEAD + f"- pip:\n  - a>1 --hash=sha256:{64 * 'a'}\n", 5, "no exact version"),
        (HEAD + "- pip:\n  - a<2; python_version > '3.9'\n  - a<1; python_version > '3.10'\n", 6, "twice"),
        (HEAD + "- pip: numpy\n", 4, "is not a dependency"),
        (HEAD + "- [a]\n", 4, "is not a dependency"),
    ],
)
def test_what_cannot_be_right_is_found_with_its_line(text: str, line: int, message: str) -> None:
    (found,) = check(text)
    assert message in found.message
    assert found.line == line


def test_a_pip_pin_with_one_equals_sign_says_so() -> None:
    (found,) = check(HEAD + "- pip:\n  - numpy=1.26\n")
    assert found.remedy == "pip pins with =="


@pytest.mark.parametrize(
    "server", ["azureml-inference-server-http", "azureml_inference_server_http==1.4", "AzureML-Defaults"]
)
def test_a_file_with_the_server_stays_as_it_is(server: str) -> None:
    text = HEAD + f"- pip:\n  - {server}  # mine\n"
    assert with_server(text) == (text, "")


@pytest.mark.parametrize("text", [HEAD, HEAD + "- pip\n", HEAD + "- pip\n- pip:\n  - numpy\n"])
def test_the_server_is_added_where_it_is_missing(text: str) -> None:
    completed, added = with_server(text)
    assert added == SERVER_REQUIREMENT
    assert check(completed) == []
    assert with_server(completed) == (completed, "")
    dependencies = yaml.safe_load(completed)["dependencies"]
    assert "pip" in dependencies or "pip" in text
    assert SERVER_REQUIREMENT in dependencies[-1]["pip"]
    assert "python=3.11" in dependencies


@pytest.mark.parametrize(
    "line", ["typing-extensions==4.5.0", "pydantic<2", "pydantic==1.10.*", "Flask~=2.3", "gunicorn<=20.1"]
)
def test_a_pin_that_no_new_server_goes_with_leaves_it_without_a_bound(line: str) -> None:
    """Else the image build on Azure would fail over a bound that we put there."""
    completed, added = with_server(HEAD + f"- pip:\n  - {line}\n")
    assert added == SERVER
    assert yaml.safe_load(completed)["dependencies"][-1]["pip"] == [line, SERVER]
    assert in_the_way(HEAD + f"- pip:\n  - {line}\n")


def test_python_3_8_leaves_no_new_server() -> None:
    assert with_server("dependencies: [python=3.8, pip]")[1] == SERVER
    assert with_server("dependencies: ['python>=3.8,<3.12', pip]")[1] == SERVER_REQUIREMENT


@pytest.mark.parametrize("line", ["pydantic>=2.12.3", "werkzeug==3.0.6", "typing-extensions", "numpy==1.26"])
def test_other_pins_leave_the_bound(line: str) -> None:
    assert with_server(HEAD + f"- pip:\n  - {line}\n")[1] == SERVER_REQUIREMENT


def test_a_server_added_to_hashed_lines_would_be_refused_by_pip() -> None:
    hashed = f"- pip:\n  - a==1 --hash=sha256:{64 * 'a'}\n"
    assert lacks_hash(HEAD + hashed)
    assert not lacks_hash(HEAD + hashed + f"  - {SERVER}==1.5.1 --hash=sha256:{64 * 'b'}\n")
    assert not lacks_hash(HEAD + "- pip:\n  - a\n")
