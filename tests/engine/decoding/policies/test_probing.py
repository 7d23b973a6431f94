from math import isinf

from engine.decoding.policies.probing import FIRST, LONGEST, ProbeSchedule


def test_each_wait_is_twice_as_long_up_to_the_longest() -> None:
    probes, waits = ProbeSchedule(), []
    for _ in range(7):
        waits.append(next(n for n in range(1, LONGEST + 2) if probes.due()))
        probes.back_off()
    assert waits == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST, 16 * FIRST, LONGEST, LONGEST]
    probes.rewind()
    assert probes.n_left == FIRST


def test_a_probe_waits_until_it_is_cheap_beside_the_rounds_before_it() -> None:
    probes = ProbeSchedule()
    probes.back_off(cost=3.0)
    assert probes.n_left >= 3.0 / 0.02
    probes.rewind()
    probes.back_off(cost=3.0, catching_up=0.01)
    assert probes.n_left >= 3.0 / 0.01


def test_no_wait_is_long_enough_where_reading_alone_costs_too_much() -> None:
    probes = ProbeSchedule()
    probes.back_off(cost=0.1, catching_up=0.07)
    assert isinf(probes.n_left) and not any(probes.due() for _ in range(5000))
