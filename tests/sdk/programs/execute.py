"""Runs a notebook in a Jupyter kernel: python execute.py NOTEBOOK RESULT.

The result has the answers of its cells, without what is on stderr and the dots that tell of waiting.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def tells(output: nbformat.NotebookNode) -> bool:
    """Whether an output is a cell's answer."""
    if output.output_type != "stream":
        return True
    return output.name == "stdout" and output.text.strip(".\n") != ""


source, result = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
notebook = nbformat.read(source, as_version=4)
client = NotebookClient(
    notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(source.parent)}}
)
client.execute()
for cell in notebook.cells:
    cell.metadata.pop("execution", None)  # when each cell ran
    if cell.cell_type == "code":
        cell.outputs = [output for output in cell.outputs if tells(output)]
notebook.metadata["language_info"] = {"name": "python"}
nbformat.write(notebook, result)
