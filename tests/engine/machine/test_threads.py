"""The number of threads follows the cores and the quota of the process, whatever the machine has."""

from pathlib import Path

import pytest
import torch

from engine.machine import threads


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


V2 = {"proc/self/cgroup": "0::/user/job", "sys/fs/cgroup/user/job/cpu.max": "max 100000"}
V1 = {
    "proc/self/cgroup": "4:memory:/a\n3:cpu,cpuacct:/docker/x\n0::/",
    "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "250000",
    "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        (V2, None),
        ({**V2, "sys/fs/cgroup/user/job/cpu.max": "150000 100000"}, 1.5),
        ({**V2, "sys/fs/cgroup/user/cpu.max": "300000 100000"}, 3.0),
        ({"proc/self/cgroup": "0::/../../host/path", "sys/fs/cgroup/cpu.max": "200000 100000"}, 2.0),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "nonsense"}, None),
        (V1, 2.5),
        ({**V1, "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "-1"}, None),
        ({**V1, "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "0"}, None),
    ],
)
def test_the_smallest_quota_of_all_groups_around_the_process_counts(
    tmp_path: Path, files: dict[str, str], expected: float | None
) -> None:
    assert threads.cgroup_quota(write(tmp_path, files)) == expected


def test_siblings_are_one_core(tmp_path: Path) -> None:
    place = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    root = write(tmp_path, {place.format(cpu): f"{cpu % 2},{cpu % 2 + 2}" for cpu in range(4)})
    assert threads.physical_cores(root, range(4)) == 2
    assert threads.physical_cores(root, [0, 2]) == 1
    assert threads.physical_cores(root, [0, 9]) is None


def test_a_quota_below_the_cores_limits_the_threads_and_one_is_left_at_least(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    root = write(tmp_path, {**V2, **{place.format(cpu): str(cpu) for cpu in range(8)}})
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert threads.usable_cores(root) == 8
    for quota, expected in (("350000", 3), ("50000", 1)):
        write(root, {"sys/fs/cgroup/user/job/cpu.max": f"{quota} 100000"})
        assert threads.usable_cores(root) == expected


def test_torch_never_has_more_threads_than_that_nor_more_than_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        for usable in (1, before + 7):
            torch.set_num_threads(before)
            monkeypatch.setattr(threads, "usable_cores", lambda n=usable: n)
            assert threads.use_usable_cores() == torch.get_num_threads() == min(usable, before)
    finally:
        torch.set_num_threads(before)
