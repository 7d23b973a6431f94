"""Energy counters: RAPL from a folder laid out as Linux does, NVML from a stand-in for its bindings."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.machine import energy
from engine.machine.energy import EnergyMeter, NotMeasurable, meter_for


def zone(powercap: Path, number: str, name: str, microjoules: str, most: str = "1000000000") -> Path:
    """A RAPL zone with its counter."""
    folder = powercap / f"intel-rapl:{number}"
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in (("name", name), ("energy_uj", microjoules), ("max_energy_range_uj", most)):
        (folder / file).write_text(f"{text}\n", encoding="ascii")
    return folder


def count(folder: Path, microjoules: str) -> None:
    """Let a zone's counter stand at this."""
    (folder / "energy_uj").write_text(microjoules, encoding="ascii")


def processor(powercap: Path) -> EnergyMeter:
    """The meter of a processor that has one."""
    meter = meter_for("cpu", powercap=powercap)
    assert isinstance(meter, EnergyMeter)
    return meter


def test_packages_are_added_up_and_other_domains_left_out(tmp_path: Path) -> None:
    first, second = zone(tmp_path, "0", "package-0", "5000000"), zone(tmp_path, "1", "package-1", "7000000")
    parts = [zone(tmp_path, "0:0", "core", "1"), zone(tmp_path, "0:1", "dram", "1"), zone(tmp_path, "2", "psys", "1")]
    meter = processor(tmp_path)
    before = meter.joules()
    count(first, "6500000")
    count(second, "7250000")
    for part in parts:
        count(part, "900000000")
    assert before == 0
    assert meter.since(before) == pytest.approx(1.75)
    assert meter.joules() == pytest.approx(1.75)


def test_a_counter_that_wraps_around_goes_on(tmp_path: Path) -> None:
    package = zone(tmp_path, "0", "package-0", "990000000")
    meter = processor(tmp_path)
    count(package, "5000000")
    assert meter.joules() == pytest.approx(15)
    count(package, "6000000")
    assert meter.joules() == pytest.approx(16)


@pytest.mark.parametrize("text", ["", "no number", None])
def test_a_counter_that_is_lost_leaves_no_figure(tmp_path: Path, text: str | None) -> None:
    package = zone(tmp_path, "0", "package-0", "5")
    meter = processor(tmp_path)
    before = meter.joules()
    if text is None:
        (package / "energy_uj").unlink()
    else:
        count(package, text)
    assert meter.since(before) is None
    count(package, "900")
    assert meter.joules() is None


def test_a_counter_that_goes_backwards_without_a_known_range_is_lost(tmp_path: Path) -> None:
    package = zone(tmp_path, "0", "package-0", "500", most="")
    meter = processor(tmp_path)
    count(package, "400")
    assert meter.joules() is None


def test_a_processor_without_counters_is_said_to_have_none(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        assert str(meter_for("cpu", powercap=folder)) == (
            "not measurable here: this system shows no energy counter of the processor (RAPL)"
        )


def test_counters_for_root_alone_name_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone(tmp_path, "0", "package-0", "5")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)  # tests may run as root, who may read everything
    refused = meter_for("cpu", powercap=tmp_path)
    assert isinstance(refused, NotMeasurable)
    assert "only root may read" in refused.reason
    assert "chmod a+r" in refused.reason


def test_a_counter_that_holds_no_number_is_not_measurable(tmp_path: Path) -> None:
    zone(tmp_path, "0", "package-0", "?")
    assert "cannot be read" in str(meter_for("cpu", powercap=tmp_path))


class NvmlRefused(Exception):
    """What the bindings raise."""


class Nvml:
    """A stand-in for the bindings: GPUs by UUID with their counters in millijoules."""

    NVMLError = NvmlRefused

    def __init__(self, counters: dict[str, int], *, missing: bool = False, divided: bool | None = None) -> None:
        self.counters = counters
        self._missing, self._divided = missing, divided

    def nvmlInit(self) -> None:  # noqa: N802
        """Load the driver's library."""
        if self._missing:
            raise NvmlRefused("NVML Shared Library Not Found")

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        """The handle of a GPU."""
        if uuid not in self.counters:
            raise NvmlRefused("Not Found")
        return uuid

    def nvmlDeviceGetMigMode(self, handle: str) -> list[int]:  # noqa: N802
        """Whether a GPU is divided now, and after a restart."""
        if self._divided is None:
            raise NvmlRefused("Not Supported")
        return [int(self._divided), 0]

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:  # noqa: N802
        """Millijoules since the driver was loaded."""
        if self.counters[handle] < 0:
            raise NvmlRefused("Not Supported")
        return self.counters[handle]


@pytest.fixture
def uuids(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The UUIDs of torch's GPUs, in its order."""
    known: list[str] = ["bbb", "aaa"]
    monkeypatch.setattr(energy, "_uuid", lambda index: known[index])
    return known


def with_nvml(monkeypatch: pytest.MonkeyPatch, nvml: Nvml) -> Nvml:
    """Put the stand-in in the place of the bindings."""
    monkeypatch.setitem(sys.modules, "pynvml", nvml)  # type: ignore[arg-type]
    return nvml


def test_a_gpu_is_read_by_its_uuid_and_not_by_its_number(monkeypatch: pytest.MonkeyPatch, uuids: list[str]) -> None:
    nvml = with_nvml(monkeypatch, Nvml({"GPU-aaa": 1000, "GPU-bbb": 2000}))
    meter = meter_for("cuda", 1)
    assert isinstance(meter, EnergyMeter)
    nvml.counters.update({"GPU-aaa": 4500, "GPU-bbb": 99_000})
    assert meter.joules() == pytest.approx(3.5)
    assert "NVML" in str(meter)


def test_a_gpu_whose_driver_was_reloaded_leaves_no_figure(monkeypatch: pytest.MonkeyPatch, uuids: list[str]) -> None:
    nvml = with_nvml(monkeypatch, Nvml({"GPU-bbb": 5000}, divided=False))
    meter = meter_for("cuda", 0)
    assert isinstance(meter, EnergyMeter)
    nvml.counters["GPU-bbb"] = 10
    assert meter.joules() is None


@pytest.mark.parametrize(
    ("nvml", "words"),
    [
        (Nvml({}, missing=True), "Library Not Found"),
        (Nvml({"GPU-ccc": 1}), "Not Found"),
        (Nvml({"GPU-bbb": -1}), "Not Supported"),
        (Nvml({"GPU-bbb": 1}, divided=True), "MIG"),
    ],
)
def test_a_gpu_without_a_counter_of_its_own_says_why(
    monkeypatch: pytest.MonkeyPatch, uuids: list[str], nvml: Nvml, words: str
) -> None:
    with_nvml(monkeypatch, nvml)
    refused = meter_for("cuda", 0)
    assert isinstance(refused, NotMeasurable)
    assert refused.reason.startswith("not measurable here: ")
    assert words in refused.reason


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)  # type: ignore[arg-type]
    assert "nvidia-ml-py" in str(meter_for("cuda", 0))


def test_the_uuid_is_what_torch_says(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"12-{index}"))
    assert energy._uuid(1) == "12-1"


def test_devices_without_counters_are_named() -> None:
    assert "mps devices" in str(meter_for("mps"))
