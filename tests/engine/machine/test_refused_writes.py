"""What to do where the system refuses to write."""

import errno

import pytest

from engine.machine.refused_writes import way_out


@pytest.mark.parametrize(
    ("err", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "free the disk"),
        (PermissionError(errno.EACCES, "Permission denied"), "make its folder writable"),
        (OSError(errno.EROFS, "Read-only file system"), "make its folder writable"),
        (OSError(errno.EIO, "Input/output error"), "free the disk, or make"),
        (Exception("No space left on device (os error 28)"), "free the disk"),
        (Exception("Permission denied (os error 13)"), "make its folder writable"),
        (Exception("something else"), "free the disk, or make"),
    ],
)
def test_a_full_disk_and_a_missing_right_have_their_own_ways_out(err: Exception, words: str) -> None:
    said = way_out(err)
    assert said.startswith(words)
    assert (said == "free the disk") == (words == "free the disk")
