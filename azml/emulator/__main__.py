"""`python -m azml.emulator`: run a local Azure in the foreground until it is told to stop."""

import argparse
import asyncio
import errno
import os
import signal
import sys
from pathlib import Path

from azml.emulator.base import process_life

if __name__ == "__main__":
    process_life.begin()

from azml.emulator.base.file_limits import allow_many_connections
from azml.emulator.supervisor.children import ChildEnded
from azml.emulator.supervisor.leftovers import PathTooLong
from azml.emulator.supervisor.ports import PortTaken
from azml.emulator.supervisor.supervisor import FolderTaken, Options, clear_up, run


def default_cache() -> Path:
    """The folder of scoring environments, for all clones: AZML_CACHE_DIR, else XDG_CACHE_HOME's `azml`."""
    if named := os.environ.get("AZML_CACHE_DIR"):
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "azml"


def main() -> int:
    """Parse the command line and run; an error is reported in one line."""
    parser = argparse.ArgumentParser(prog="azml.emulator", description="A local Azure, on loopback only.")
    parser.add_argument("--folder", type=Path, required=True, help="where it keeps all its files")
    parser.add_argument("--port", type=int, default=18443, help="Azure Resource Manager; 0: any")
    parser.add_argument("--scoring-port", type=int, default=18444, help="online endpoints; 0: any")
    parser.add_argument(
        "--cache", type=Path, default=None, help="scoring environments (default: %(default)s)"
    )
    parser.add_argument("--clear", action="store_true", help="only clean up after a killed one")
    arguments = parser.parse_args()
    os.umask(0o077)  # files are private to their owner, whatever the folder's mode
    allow_many_connections()
    cache = (arguments.cache or default_cache()).resolve()
    options = Options(arguments.folder.resolve(), arguments.port, arguments.scoring_port, cache)
    try:
        if arguments.clear:
            clear_up(options.folder)
        else:
            asyncio.run(_until_signal(options))
    except (FolderTaken, PathTooLong, PortTaken, ChildEnded) as reason:
        return _refuse(str(reason))
    except OSError as refused:
        return _refuse(_explained(refused, options.folder))
    return 0


def _explained(refused: OSError, folder: Path) -> str:
    """What went wrong with a file of the folder, and how to fix it."""
    path = refused.filename or folder
    if refused.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
        return f"cannot write {path}: {refused.strerror}"
    remedy = "remove it, or all that the local Azure keeps: make clean"
    return f"cannot use {path}: {refused.strerror or refused}; {remedy}"


async def _until_signal(options: Options) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    starting = asyncio.ensure_future(run(options, stop, lambda text: print(text, flush=True)))
    stopping = asyncio.ensure_future(stop.wait())
    # A signal during the start ends it too.
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    done, _ = await asyncio.wait({starting}, timeout=30)
    if not done:
        starting.cancel()
    await starting


def _refuse(text: str) -> int:
    print(f"error: {text}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    process_life.end(main())
