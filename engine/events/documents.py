"""Events of indexing documents; others import them from `engine.events`.

* imports neither Qt nor torch."""

from engine.events.base import Event


class FileSkipped(Event, frozen=True):
    """A document, or a part of one, that has no entry of its own in the index, and why.

    part: the rest of the file is in the index."""

    source: str
    reason: str
    part: bool = False


class Indexed(Event, frozen=True):
    """An index is complete and will be searched from now on.

    n_files: files in it; n_new, n_changed, n_removed: since it was last built; n_skipped: files or parts that could
    not be read; n_other: files of kinds that are not read. n_cut: passages that begin or end inside a sentence;
    n_truncated: those of which the embedder reads only the beginning. n_duplicates: documents that repeat another word
    for word, kept once. n_guessed: files read this time whose encoding had to be guessed, with n_replaced characters
    lost. embed_per_s: passages per second while embedding, None if there were none. recall_10: of the approximate
    index, share of the ten nearest that it finds; None if every passage is compared. n_taken_over: passages that a
    stopped indexing had embedded, which are not in n_embedded. n_partly: files in the index of which parts could not be
    read; n_unread: documents of which nothing could be; other_kinds: suffixes of n_other, the most frequent first."""

    index: str
    n_files: int
    n_new: int
    n_changed: int
    n_removed: int
    n_skipped: int
    n_other: int
    n_chunks: int
    n_embedded: int
    n_cut: int
    n_truncated: int
    n_duplicates: int
    n_guessed: int
    n_replaced: int
    chunk_tokens: int
    seconds: float
    embed_per_s: float | None
    n_bytes: int
    embedder: str
    approximate: bool
    recall_10: float | None
    n_taken_over: int = 0
    n_partly: int = 0
    n_unread: int = 0
    other_kinds: tuple[tuple[str, int], ...] = ()
