"""Imports what every scoring process imports, so that its byte code is there before the first one starts.

Run by an environment's Python, confined, with `-X pycache_prefix`. It runs packages, but no scoring script.
"""

import importlib
from contextlib import suppress

_MODULES = (
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.sync",
    "azureml_inference_server_http.server.create_app",
)

for _name in _MODULES:
    with suppress(Exception):  # the first start compiles what is missing, or says what is wrong
        importlib.import_module(_name)
