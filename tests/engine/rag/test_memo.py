"""What was worked out before: bounded, the least used forgotten first."""

from engine.rag.memo import LruCache, Memo


def test_the_one_not_asked_for_the_longest_is_forgotten_first() -> None:
    shelf: LruCache[str, int] = LruCache(2)
    shelf.put("a", 1)
    shelf.put("b", 2)
    assert shelf.get("a") == 1
    shelf.put("c", 3)
    assert (shelf.get("a"), shelf.get("b"), shelf.get("c")) == (1, None, 3)
    assert len(shelf) == 2


def test_a_key_put_again_replaces_its_value() -> None:
    shelf: LruCache[str, int] = LruCache(2)
    shelf.put("a", 1)
    shelf.put("a", 2)
    assert (len(shelf), shelf.get("a")) == (1, 2)


def test_pieces_of_work_have_numbers_of_their_own() -> None:
    memo = Memo()
    assert len({memo.next_serial() for _ in range(5)}) == 5
