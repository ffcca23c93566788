"""Scoring scripts the server takes pass; those it refuses, or that fail every request, are findings."""

from pathlib import Path

import pytest

from azml.bundling.script import check_script
from azml.findings import Finding

INIT = "def init(): ...\n"
RUN = "def run(raw_data): ...\n"
SCHEMA = "from inference_schema.schema_decorators import input_schema, output_schema\n"


def check(tmp_path: Path, text: str) -> list[Finding]:
    file = tmp_path / "score.py"
    file.write_text(text)
    findings: list[Finding] = []
    check_script(file, findings)
    return findings


@pytest.mark.parametrize(
    "text",
    [
        INIT + RUN,
        INIT + "def run(raw_data, request_headers): ...\n",
        INIT + "def run(request_headers, raw_data): ...\n",
        INIT + "def run(raw_data, limit=3): ...\n",
        INIT + "def run(*, raw_data): ...\n",
        INIT + "def run(data: str) -> list[float]: ...\n",
        SCHEMA
        + INIT
        + "@input_schema('x', 1)\n@input_schema('y', 2)\n@output_schema(3)\ndef run(x, y): ...\n",
        "import azureml.contrib.services.aml_request as a\n" + INIT + "@a.rawhttp\ndef run(request): ...\n",
        INIT + "@anything\ndef run(*args, **kwargs): ...\n",
        "from elsewhere import init, run\n",
        "from elsewhere import *\n",
        "from elsewhere import start as init\nrun = make_run()\n",
        "if True:\n    def init(): ...\nelse:\n    init = None\n" + RUN,
        INIT + "try:\n    from fast import run\nexcept ImportError:\n    " + RUN,
        "match 1:\n  case 1:\n    def init(): ...\n" + RUN,
        "init, run = make()\n",
        "init: object = make()\n" + RUN,
        "def init(model=None): ...\n" + RUN,
        INIT + "def run(data):\n    def parts():\n        yield 1\n    return list(parts())\n",
        "\ufeff" + INIT + RUN,
        "async def run(data): ...\n" + INIT + RUN,
    ],
)
def test_scripts_the_server_takes_pass(tmp_path: Path, text: str) -> None:
    assert check(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (RUN, None, "defines no init()"),
        (INIT, None, "defines no run()"),
        (INIT + "class A:\n    def run(self, data): ...\n", None, "defines no run()"),
        (INIT + "run: object\n", None, "defines no run()"),
        (INIT + "def run(raw_data:\n", 2, "is not valid Python"),
        (INIT + "def run(): ...\n", 2, "has no argument for the request's data"),
        (INIT + "def run(request_headers): ...\n", 2, "has no argument for the request's data"),
        (INIT + "def run(data, *rest): ...\n", 2, "*args or **kwargs"),
        (INIT + "def run(data, **rest): ...\n", 2, "*args or **kwargs"),
        (INIT + "def run(data, /): ...\n", 2, "positional-only"),
        (INIT + "def run(data, limit): ...\n", 2, "needs limit too"),
        (INIT + "def run(data, *, limit): ...\n", 2, "needs limit too"),
        (INIT + "async def run(data): ...\n", 2, "is async"),
        ("async def init(): ...\n" + RUN, 1, "is async"),
        (INIT + "def run(data):\n    yield data\n", 2, "is a generator"),
        ("def init(model): ...\n" + RUN, 1, "takes arguments"),
        (
            INIT + "@rawhttp\n@input_schema('a', 1)\ndef run(a): ...\n",
            4,
            "both @rawhttp and a schema decorator",
        ),
        (INIT + "x = '\0'\n", None, "is not valid Python"),
        (RUN + INIT + "def run(): ...\n", 3, "has no argument"),
    ],
)
def test_scripts_the_server_refuses_are_findings(
    tmp_path: Path, text: str, line: int | None, message: str
) -> None:
    (found,) = check(tmp_path, text)
    assert message in found.message
    assert found.line == line
    assert found.file == tmp_path / "score.py"
