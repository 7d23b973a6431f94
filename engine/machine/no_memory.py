"""Recognises in what libraries say that memory or address space ran out, which each of them says in its own way.

* imports neither Qt nor torch."""

import re

LESS = "use a smaller model or a shorter run, close other programs, or raise the limit of address space (ulimit -v)"
_PHRASES = re.compile(
    r"MemoryError|annot allocate memory|can't allocate memory|failed to map segment|std::bad_alloc|"
    r"memory allocation of \d+ bytes failed|can't start new thread|Could not find/load shared object file|"
    r"error return without exception set"
)


def says_no_memory(text: str) -> bool:
    """Whether a message or the end of an output says so."""
    return _PHRASES.search(text) is not None


def ran_out(err: BaseException) -> bool:
    """Whether an error, or one that caused it, says that there was no memory, or no address space for a library."""
    seen: BaseException | None = err
    for _ in range(8):
        if seen is None:
            return False
        if isinstance(seen, MemoryError) or says_no_memory(str(seen)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
