"""What was worked out before: bounded, the least used forgotten first."""

from engine.rag.memo import LruCache, Memo


def test_the_one_not_asked_for_the_longest_is_forgotten_first() -> None:
    history: LruCache[str, int] = LruCache(2)
    history.put("a", 1)
    history.put("b", 2)
    assert history.get("a") == 1
    history.put("c", 3)
    assert (history.get("a"), history.get("b"), history.get("c")) == (1, None, 3)
    assert len(history) == 2


def test_a_key_put_again_replaces_its_value() -> None:
    history: LruCache[str, int] = LruCache(2)
    history.put("a", 1)
    history.put("a", 2)
    assert (len(history), history.get("a")) == (1, 2)


def test_pieces_of_work_have_numbers_of_their_own() -> None:
    memo = Memo()
    assert len({memo.next_serial() for _ in range(5)}) == 5
