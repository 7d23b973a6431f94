from engine.decoding.policies.probing import FIRST, LONGEST, ProbeSchedule


def test_each_wait_is_twice_as_long_up_to_the_longest() -> None:
    probes, waits = ProbeSchedule(), []
    for _ in range(7):
        waits.append(next(n for n in range(1, LONGEST + 2) if probes.due()))
        probes.back_off()
    assert waits == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST, 16 * FIRST, LONGEST, LONGEST]
    probes.rewind()
    assert probes.n_left == FIRST
