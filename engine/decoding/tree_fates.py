"""Tells what became of each node of a verified tree from its parents and the accepted path, on the host.

* imports neither Qt nor torch."""

from collections.abc import Iterator, Sequence

from engine.events import Fate


def tree_fates(parents: Sequence[int], path: Sequence[int], *, leaves_first: bool, ended: bool) -> tuple[Fate, ...]:
    """The fate of each node: accepted on the path, rejected where it was tested, untested elsewhere.

    Children of a node are tested in their order until one is accepted. leaves_first: whole paths are tested instead, in
    the order in which a depth-first walk leaves their ends. ended: the path ended the text, so that nothing below it
    counts."""
    refused = _refused_paths(parents, path) if leaves_first else _refused_siblings(parents, path)
    rejected = set(refused)
    if ended and path:
        rejected -= set(_below(parents, path[-1]))
    accepted = set(path)
    return tuple(
        "accepted" if node in accepted else "rejected" if node in rejected else "untested"
        for node in range(len(parents))
    )


def _refused_siblings(parents: Sequence[int], path: Sequence[int]) -> Iterator[int]:
    """The children of each node on the path before the accepted one, and all of the last one."""
    for node, accepted in zip((-1, *path), (*path, len(parents)), strict=True):
        yield from (child for child in range(accepted) if parents[child] == node)


def _refused_paths(parents: Sequence[int], path: Sequence[int]) -> Iterator[int]:
    """The nodes that a depth-first walk leaves before the end of the path; all of them where the path is empty."""
    end = path[-1] if path else -1
    for node in _left_in_order(parents):
        if node == end:
            return
        yield node


def _left_in_order(parents: Sequence[int]) -> list[int]:
    """All nodes in the order in which a depth-first walk leaves them: children first."""
    children: dict[int, list[int]] = {}
    for node, parent in enumerate(parents):
        children.setdefault(parent, []).append(node)
    # Entered with the last child first and reversed, parents come after their children, and these in their order.
    stack, entered = children.get(-1, []).copy(), list[int]()
    while stack:
        node = stack.pop()
        entered.append(node)
        stack += children.get(node, [])
    return entered[::-1]


def _below(parents: Sequence[int], node: int) -> Iterator[int]:
    """Every node below one."""
    above = {node}
    for child, parent in enumerate(parents):
        if parent in above:
            above.add(child)
            yield child
