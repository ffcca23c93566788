"""How many files and connections a process may have open."""

import resource

MOST = 8_192  # macOS allows a process 10,240


def allow_many_connections() -> None:
    """Raise this process's limit on open files, which some systems set as low as 256. Children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
