"""Says what to do where the system refuses to write: a full disk and a missing right have different ways out.

* imports neither Qt nor torch."""

import errno
import re

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)
# Libraries in Rust put the number into their words.
_NUMBER = re.compile(r"\(os error (\d+)\)|\[Errno (\d+)\]")


def way_out(err: BaseException) -> str:
    """What to do before the same is written again."""
    number = err.errno if isinstance(err, OSError) and err.errno is not None else _number_in(str(err))
    if number in _FULL:
        return "free the disk"
    if number in _RIGHTS:
        return (
            "make its folder writable for you, or name another (XDG_DATA_HOME and XDG_CACHE_HOME move the usual ones)"
        )
    return "free the disk, or make its folder writable for you"


def _number_in(text: str) -> int | None:
    match = _NUMBER.search(text)
    return None if match is None else int(match[1] or match[2])
