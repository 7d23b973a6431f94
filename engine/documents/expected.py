"""Estimates how many passages documents will have while they are still being read.

* imports neither Qt nor torch."""

# Below this share of the bytes read an estimate is a guess, and the number is unknown.
_LEAST_SHARE = 0.1


class ExpectedPassages:
    """Counted by the thread that reads, asked by the one that embeds. n_bytes: of all files.

    whole: everything was read, so that the number is known."""

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes = n_bytes
        self._n_bytes_read = 0
        self._n_passages = 0
        self._part = 0.0
        self.whole = False

    def skip(self, n_bytes: int) -> None:
        """Leave out a file that is unchanged."""
        self._n_bytes -= n_bytes

    def cut(self, n_passages: int, part: float = 0.0) -> None:
        """Count passages. part: bytes of the file under way that they end at, where that is known."""
        self._n_passages += n_passages
        self._part = part

    def end_file(self, n_bytes: int) -> None:
        """A file was read to its end."""
        self._n_bytes_read, self._part = self._n_bytes_read + n_bytes, 0.0

    def total(self) -> int:
        """How many there will be; 0 while nothing tells."""
        if self.whole:
            return self._n_passages
        n_read = self._n_bytes_read + self._part
        if n_read <= 0 or n_read < _LEAST_SHARE * self._n_bytes:
            return 0
        return max(self._n_passages, round(self._n_passages * self._n_bytes / n_read))
