"""Reads the energy counters of a GPU (NVML) or of the processor (RAPL); what has no counter is not estimated.

* imports neither Qt nor torch, which is asked for the UUID of a GPU where one is measured.

Both counters count everything that runs on the device. NVML's moves about ten times a second, RAPL's a thousand times,
so that what takes less time than a few of these steps is measured coarsely, and only sums over many are exact."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

POWERCAP = Path("/sys/class/powercap")
_NOT_HERE = "not measurable here"
_NO_RAPL = f"{_NOT_HERE}: this system shows no energy counter of the processor (RAPL)"
_ONLY_ROOT = (
    f"{_NOT_HERE}: only root may read the processor's energy counters (chmod a+r {POWERCAP}/*/energy_uj lets others)"
)


class NotMeasurable:
    """Energy cannot be measured; `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class CounterLost(Exception):
    """A counter that could be read before can no longer be."""


class EnergyCounter(NamedTuple):
    """A counter in joules. read: raises CounterLost. wraps_at: the value at which it begins at 0 again, if it does."""

    read: Callable[[], float]
    wraps_at: float | None = None


class EnergyMeter:
    """Adds up counters, across their wrap-arounds. As text it says what it reads."""

    def __init__(self, counters: Sequence[EnergyCounter], name: str) -> None:
        """Read every counter once. Raises CounterLost where that fails."""
        self._counters = counters
        self._name = name
        self._last = [counter.read() for counter in counters]
        self._total: float | None = 0.0

    def joules(self) -> float | None:
        """Joules since the meter was made, never fewer than before; None once a counter is lost."""
        if self._total is not None:
            try:
                self._total += sum(self._step(i) for i in range(len(self._counters)))
            except CounterLost:
                self._total = None
        return self._total

    def since(self, before: float | None) -> float | None:
        """Joules since an earlier reading; None where either is missing."""
        now = self.joules()
        return None if now is None or before is None else now - before

    def _step(self, i: int) -> float:
        """What a counter has counted since it was last read."""
        counter, before = self._counters[i], self._last[i]
        now = counter.read()
        self._last[i] = now
        if now >= before:
            return now - before
        if counter.wraps_at is None:
            raise CounterLost("it went backwards")
        return counter.wraps_at - before + now

    def __str__(self) -> str:
        return self._name


def meter_for(device_type: str, index: int = 0, *, powercap: Path = POWERCAP) -> EnergyMeter | NotMeasurable:
    """The meter of a device as torch names it: `cpu`, or `cuda` with its index; or why there is none."""
    if device_type == "cuda":
        return _gpu_meter(index)
    if device_type == "cpu":
        return _processor_meter(powercap)
    return NotMeasurable(f"{_NOT_HERE}: {device_type} devices have no energy counter that can be read")


def _processor_meter(powercap: Path) -> EnergyMeter | NotMeasurable:
    """RAPL of all processor packages; the domains in them, and that of the whole computer, are no further energy."""
    packages = [zone for zone in sorted(powercap.glob("intel-rapl:*")) if _text(zone / "name").startswith("package")]
    counters = [EnergyCounter(_reader(zone / "energy_uj"), _range(zone)) for zone in packages]
    try:
        for zone in packages:
            (zone / "energy_uj").read_bytes()
        meter = EnergyMeter(counters, "the energy counters of the processor packages (RAPL)")
    except PermissionError:
        return NotMeasurable(_ONLY_ROOT)
    except (OSError, CounterLost):
        return NotMeasurable(f"{_NOT_HERE}: the processor's energy counters cannot be read")
    return meter if packages else NotMeasurable(_NO_RAPL)


def _reader(path: Path) -> Callable[[], float]:
    def read() -> float:
        try:
            return int(path.read_text(encoding="ascii")) / 1e6
        except (OSError, ValueError) as err:
            raise CounterLost(str(path)) from err

    return read


def _range(zone: Path) -> float | None:
    text = _text(zone / "max_energy_range_uj")
    return int(text) / 1e6 if text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _gpu_meter(index: int) -> EnergyMeter | NotMeasurable:
    """NVML's total energy of the GPU that torch calls `cuda:index`."""
    try:
        import pynvml
    except ImportError:
        return NotMeasurable(f"{_NOT_HERE}: the package nvidia-ml-py is missing")

    def read() -> float:
        try:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
        except pynvml.NVMLError as err:
            raise CounterLost(str(err)) from err

    try:
        pynvml.nvmlInit()
        # NVML numbers GPUs otherwise than torch does, by their slots and with those that are hidden from torch.
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{_uuid(index)}")
        if _is_divided(handle):
            return NotMeasurable(f"{_NOT_HERE}: the GPU is divided (MIG), and its counter counts all parts")
        return EnergyMeter([EnergyCounter(read)], "the energy counter of the GPU (NVML)")
    except (pynvml.NVMLError, CounterLost) as err:
        return NotMeasurable(f"{_NOT_HERE}: the GPU's energy counter cannot be read ({err})")


def _is_divided(handle: object) -> bool:
    import pynvml

    try:
        return bool(pynvml.nvmlDeviceGetMigMode(handle)[0])
    except pynvml.NVMLError:  # GPUs that cannot be divided do not know the question
        return False


def _uuid(index: int) -> str:
    """The UUID of `cuda:index`. Raises CounterLost where torch does not know it."""
    import torch

    try:
        return str(torch.cuda.get_device_properties(index).uuid).removeprefix("GPU-")
    except (RuntimeError, AssertionError, AttributeError) as err:
        raise CounterLost("which GPU it is, torch does not say") from err
