"""What was worked out before: bounded, the least used forgotten first."""

from engine.rag.memo import LruCache, Memo


def test_the_one_not_asked_for_the_longest_is_forgotten_first() -> None:
    lru: LruCache[str, int] = LruCache(2)
    lru.put("a", 1)
    lru.put("b", 2)
    assert lru.get("a") == 1
    lru.put("c", 3)
    assert (lru.get("a"), lru.get("b"), lru.get("c")) == (1, None, 3)
    assert len(lru) == 2


def test_a_key_put_again_replaces_its_value() -> None:
    lru: LruCache[str, int] = LruCache(2)
    lru.put("a", 1)
    lru.put("a", 2)
    assert (len(lru), lru.get("a")) == (1, 2)


def test_pieces_of_work_have_numbers_of_their_own() -> None:
    memo = Memo()
    assert len({memo.next_serial() for _ in range(5)}) == 5
