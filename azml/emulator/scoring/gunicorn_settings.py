"""How gunicorn runs the inference server for one instance. Read by gunicorn, inside a scoring environment.

The values are those of the server's own command line, which cannot be used: it listens on every interface.
"""

import atexit
import gc
import importlib.util
import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_MODULE = Path(__file__).parents[1] / "base" / "parent_death.py"
_spec = importlib.util.spec_from_file_location("parent_death", _MODULE)
_parent_death = importlib.util.module_from_spec(_spec)  # type: ignore[arg-type]
_spec.loader.exec_module(_parent_death)  # type: ignore[union-attr]

_OBJECTS_BEFORE_GARBAGE = 50_000
_usual = gc.get_threshold()
_asked_to_stop = []  # type: ignore[var-annotated]

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
    """A worker dies with its master. While it loads, Python seldom looks for garbage: most will stay."""
    _parent_death.die_with_parent(worker.ppid)
    gc.set_threshold(_OBJECTS_BEFORE_GARBAGE)
    atexit.register(_end_at_once)  # called after what the script registers


def post_worker_init(worker):  # type: ignore[no-untyped-def]
    """List the modules without byte code. The supervisor compiles them: this process may not."""
    if gc.get_threshold()[0] == _OBJECTS_BEFORE_GARBAGE:  # else the script has a value of its own
        gc.set_threshold(*_usual)
    try:
        listed = [source for source, byte_code in _sources() if not os.path.exists(byte_code)]  # noqa: PTH110
        if listed:
            file = Path(worker.cfg.address[0]).with_name("imported")
            file.write_text("\n".join(listed), encoding="utf-8", errors="replace")
    except Exception as failure:  # such as a module that is none: the script must be served all the same
        print("azml: modules are not compiled:", failure)


def worker_exit(server, worker):  # type: ignore[no-untyped-def]
    """Remember that a worker ends because it was asked to, and not for a failure."""
    ended = sys.exc_info()[1]
    if worker.booted and isinstance(ended, SystemExit) and not ended.code:
        _asked_to_stop.append(worker)


def _end_at_once() -> None:
    """End without taking all objects apart, which takes a fifth as long as loading them.

    A file that is still open is left to Python, which saves it then.
    """
    if _asked_to_stop and not any(map(_is_open_file, gc.get_objects())):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        logging.shutdown()
        os._exit(0)


def _is_open_file(found: object) -> bool:
    return (type(found) is io.BufferedWriter or type(found) is io.BufferedRandom) and not found.closed


def _sources() -> "Iterator[tuple[str, str]]":
    """The source and the byte code of each module, as Python names them."""
    for module in list(sys.modules.values()):
        spec = getattr(module, "__dict__", {}).get("__spec__")
        source, byte_code = getattr(spec, "origin", None), getattr(spec, "cached", None)
        if source and byte_code:
            yield source, byte_code
