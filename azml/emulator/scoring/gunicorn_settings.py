"""How gunicorn runs the inference server for one instance. Read by gunicorn, inside a scoring environment.

The values are those of the server's own command line, which cannot be used: it listens on every interface.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_MODULE = Path(__file__).parents[1] / "base" / "parent_death.py"
_spec = importlib.util.spec_from_file_location("parent_death", _MODULE)
_parent_death = importlib.util.module_from_spec(_spec)  # type: ignore[arg-type]
_spec.loader.exec_module(_parent_death)  # type: ignore[union-attr]

workers = int(os.environ.get("WORKER_COUNT", "1"))
timeout = int(os.environ.get("WORKER_TIMEOUT", "300"))
preload_app = os.environ.get("WORKER_PRELOAD", "false").lower() == "true"
accesslog = "-"
errorlog = "/dev/null"  # the server's logging writes gunicorn's errors; otherwise each would appear twice
control_socket_disable = True  # all instances would compete for one path
graceful_timeout = 180  # the longest request Azure allows
umask = 0o077
secure_scheme_headers = {}  # type: ignore[var-annotated]  # else a client's that disagree are a model's 400
limit_request_fields = 110  # gunicorn's own 100, which the router checks, and those that the router adds


def on_starting(server):  # type: ignore[no-untyped-def]
    """The master dies with the supervisor."""
    _parent_death.die_with_parent(int(os.environ["AZML_PARENT"]))


def post_fork(server, worker):  # type: ignore[no-untyped-def]
    """A worker dies with its master."""
    _parent_death.die_with_parent(worker.ppid)


def post_worker_init(worker):  # type: ignore[no-untyped-def]
    """List the modules without byte code. The supervisor compiles them: this process may not."""
    try:
        listed = [source for source, byte_code in _sources() if not os.path.exists(byte_code)]  # noqa: PTH110
        if listed:
            file = Path(worker.cfg.address[0]).with_name("imported")
            file.write_text("\n".join(listed), encoding="utf-8", errors="replace")
    except Exception as failure:  # such as a module that is none: the script must be served all the same
        print("azml: modules are not compiled:", failure)


def _sources() -> "Iterator[tuple[str, str]]":
    """The source and the byte code of each module, as Python names them."""
    for module in list(sys.modules.values()):
        spec = getattr(module, "__dict__", {}).get("__spec__")
        source, byte_code = getattr(spec, "origin", None), getattr(spec, "cached", None)
        if source and byte_code:
            yield source, byte_code
