"""The process that the language host starts: a Pulumi program, policy pack or plugin; it ends with its host.

It is run by its path under the program's own interpreter, which may be an environment without azml: it
imports only the standard library, the Pulumi SDK, and two files of azml by their paths.

    python -P -u child.py program ENGINE_ADDRESS   < a serialised RunRequest
    python -P -u child.py module NAME ARGUMENTS...
    python -P -u child.py folder PATH ARGUMENTS...
"""

import atexit
import contextlib
import gc
import importlib.util
import io
import logging
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from pulumi.runtime.proto import language_pb2

_SDK_WORK = Path(__file__).with_name("sdk_work.py")
#: Objects made before Python looks for garbage: its usual 700 is a fifth of what loading an SDK takes.
_OBJECTS_BEFORE_GARBAGE = 100_000
#: The program failed and has reported why to the engine; nothing more is printed (the official host's value).
ALREADY_REPORTED = 32

_SDK_MISSING = """
It looks like the Pulumi SDK is not installed for {python}.
Install the program's requirements into the environment it runs in."""


def _sdk_work() -> Any:
    """The module beside this one, loaded by its path: the environment may not have azml."""
    spec = importlib.util.spec_from_file_location(_SDK_WORK.stem, _SDK_WORK)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def exit_with_parent(period: float = 0.5) -> None:
    """End this process once the one that started it is gone, looking every `period` seconds.

    An engine that is killed cannot stop its plugins; only Linux could do this in the kernel.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(period)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def _entry(program: Path) -> Path:
    return program / "__main__.py" if program.is_dir() else program


def _frames_of_the_program(error: BaseException, program: Path) -> TracebackType | None:
    """The traceback from the program's first frame on; the frames above it are this file and the SDK."""
    frame = error.__traceback__
    while frame is not None and Path(frame.tb_frame.f_code.co_filename) != _entry(program):
        frame = frame.tb_next
    # A program that does not parse has no frame of its own.
    return frame


def _report(error: Exception, program: Path) -> None:
    from pulumi import RunError, log

    if isinstance(error, RunError):
        log.error(str(error))
        return
    lines = traceback.format_exception(type(error), error, _frames_of_the_program(error, program))
    log.error("Program failed with an unhandled exception:\n" + "".join(lines))


def _engine_has_left(error: Exception) -> bool:
    """Whether the resource monitor is shutting down, which is not the program's failure to report."""
    import grpc

    return isinstance(error, grpc.RpcError) and error.code() == grpc.StatusCode.UNAVAILABLE


def _configure(request: "language_pb2.RunRequest", engine: str) -> None:
    from pulumi.runtime import configure, set_all_config
    from pulumi.runtime.settings import Settings

    set_all_config(dict(request.config), list(request.configSecretKeys))
    configure(
        Settings(
            project=request.project,
            stack=request.stack,
            monitor=request.monitor_address,
            engine=engine,
            parallel=request.parallel,
            dry_run=request.dryRun,
            organization=request.organization or "organization",
            root_directory=request.info.root_directory,
        )
    )


def _cancel_what_is_left(loop: "asyncio.AbstractEventLoop") -> None:
    """Cancel the tasks of a failed program; otherwise each would print its own warning."""
    import asyncio  # the language host imports this module too, and does without

    for task in asyncio.all_tasks(loop):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            loop.run_until_complete(task)


def _execute(program: Path, parallel: int) -> int:
    import asyncio

    from pulumi.runtime import run_in_stack

    def main_module() -> None:
        runpy.run_path(str(program), run_name="__main__")

    # The graph of a failed program has futures that nobody awaits, which is expected and not worth reporting.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # Every registration in progress waits in its own thread.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(parallel, 1) * 4))
    try:
        loop.run_until_complete(run_in_stack(main_module))
    except Exception as error:
        if not _engine_has_left(error):
            _report(error, program)
        return ALREADY_REPORTED
    finally:
        _cancel_what_is_left(loop)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def run_program(engine: str) -> int:
    """Run the program that the RunRequest on standard input describes; returns the exit code."""
    try:
        from pulumi.runtime.proto import language_pb2
    except ImportError:
        print(traceback.format_exc() + _SDK_MISSING.format(python=sys.executable), file=sys.stderr)
        return 1
    request = language_pb2.RunRequest.FromString(sys.stdin.buffer.read())
    program = Path(request.info.program_directory, request.info.entry_point).resolve()
    _configure(request, engine)
    sdk_work = _sdk_work()
    sdk_work.trace_only_the_program(_entry(program))
    sdk_work.put_off_urns_of_aliases()
    send_messages = sdk_work.gather_debug_messages()
    sys.argv = [str(program), *request.args]
    sys.path.insert(0, str(program if program.is_dir() else program.parent))
    try:
        return _execute(program, request.parallel)
    finally:
        send_messages()


def run_module(name: str, arguments: list[str]) -> int:
    """Run the module `name` as `python -m` would."""
    sys.argv = [name, *arguments]
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    return 0


def run_folder(folder: str, arguments: list[str]) -> int:
    """Run the `__main__.py` of `folder` as `python FOLDER` would."""
    sys.argv = [folder, *arguments]
    runpy.run_path(folder, run_name="__main__")
    return 0


def main() -> int:
    """Run the command line (see the module's docstring); returns the exit code."""
    # An interrupt is for the engine to handle; it then ends the program by ending its host.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exit_with_parent()
    kind, target, *arguments = sys.argv[1:]
    if kind == "program":
        return run_program(target)
    if kind == "module":
        return run_module(target, arguments)
    return run_folder(target, arguments)


def _end_at_once(codes: list[int]) -> None:
    """End with the exit code of a run that has come to its end, without taking all its objects apart.

    That takes a tenth of a second and more. A file that is still open is left to Python, which saves it then.
    """
    if codes and not any(map(_is_open_file, gc.get_objects())):
        logging.shutdown()
        os._exit(codes[0])


def _is_open_file(found: object) -> bool:
    return (type(found) is io.BufferedWriter or type(found) is io.BufferedRandom) and not found.closed


if __name__ == "__main__":
    gc.set_threshold(_OBJECTS_BEFORE_GARBAGE)
    ended: list[int] = []
    # Called last of all that is registered, and after the program's threads.
    atexit.register(_end_at_once, ended)
    ended.append(main())
    sys.exit(ended[0])
