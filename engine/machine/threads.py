"""Counts the cores that this process can really keep busy, and sets torch's threads to that.

* imports neither Qt nor torch, which is imported where its threads are set."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

_CONTROLLER = "cpu"


def usable_cores(root: Path = Path("/")) -> int:
    """Physical cores that this process may run on, or as many as its processor quota pays for; at least one.

    root: where /proc and /sys lie; on systems without them psutil counts the physical cores."""
    cores = _n_physical(root, _allowed_cpus())
    quota = cgroup_quota(root)
    return max(1, cores if quota is None else min(cores, int(quota)))


def cgroup_quota(root: Path) -> float | None:
    """Processors that the control groups of this process grant it, version 1 or 2; None: no limit."""
    quotas = [quota for folder in _group_folders(root) if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def physical_cores(root: Path, cpus: Iterable[int]) -> int | None:
    """Number of physical cores behind the logical processors `cpus`; None if the system does not tell."""
    sibling_lists = [root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list" for cpu in cpus]
    siblings = {_text(path) for path in sibling_lists}
    return None if "" in siblings else len(siblings)


def use_usable_cores() -> int:
    """Let torch use that many threads for the calling thread, or fewer if it was set to fewer; returns how many."""
    import torch

    n_threads = min(torch.get_num_threads(), usable_cores())
    torch.set_num_threads(n_threads)
    return n_threads


def _allowed_cpus() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def _n_physical(root: Path, allowed: set[int]) -> int:
    import psutil

    return physical_cores(root, allowed) or min(len(allowed), psutil.cpu_count(logical=False) or len(allowed))


def _group_folders(root: Path) -> Iterator[Path]:
    """The folders of this process's groups that can limit processors, and of all groups around them.

    A container may see its own group as the topmost while its path is that of the host: the mount itself counts too."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        names = controllers.split(",")
        if controllers and _CONTROLLER not in names:
            continue
        mount = root / "sys/fs/cgroup"
        for base in [mount / controllers, mount / _CONTROLLER] if controllers else [mount, mount / "unified"]:
            group = PurePosixPath(path.lstrip("/"))
            yield from (base / ancestor for ancestor in (group, *group.parents))


def _quota(folder: Path) -> float | None:
    """The quota of one group: `cpu.max` of version 2, `cpu.cfs_quota_us` of version 1."""
    quota, _, period = _text(folder / "cpu.max").partition(" ")
    if not quota:
        quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
    limited = quota.isdecimal() and period.isdecimal() and int(period) > 0
    return int(quota) / int(period) if limited else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
