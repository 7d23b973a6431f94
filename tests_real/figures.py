"""Collects the figures of a run of the suite and writes them to assets/benchmarks, machine and date included."""

import json
import platform
from pathlib import Path

import torch

from engine.machine import versions

Figure = str | int | float | bool | None
ROOT = Path(__file__).parents[1]
FILE = ROOT / "assets" / "benchmarks" / "real-models.json"
README = ROOT / "assets" / "benchmarks" / "README.md"
_WHEN = "measured_utc"
_BEGIN, _END = "<!-- real:begin, written by `make test-real` -->", "<!-- real:end -->"


class Figures:
    """The figures by group and name; outcomes: what became of each test."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Figure]] = {}
        self.outcomes: dict[str, str] = {}

    def add(self, group: str, **figures: Figure) -> None:
        """Add figures to a group."""
        self.groups.setdefault(group, {}).update({**figures, _WHEN: versions.now_utc()})

    def write(self, *, whole: bool) -> None:
        """Write the file and the section of the README. whole: every test ran; else what others found before stays."""
        if not whole and FILE.exists():
            before = json.loads(FILE.read_text(encoding="utf-8"))
            self.groups = {**before["figures"], **self.groups}
            self.outcomes = {**before["tests"], **self.outcomes}
        content = {
            "written_utc": versions.now_utc(),
            "one_run": whole,
            "machine": versions.processor(torch.device("cpu")),
            "system": platform.platform(),
            "threads": torch.get_num_threads(),
            "versions": dict(versions.versions()),
            "figures": self.groups,
            "tests": dict(sorted(self.outcomes.items())),
        }
        FILE.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        text = README.read_text(encoding="utf-8")
        before, _, rest = text.partition(_BEGIN)
        _, _, after = rest.partition(_END)
        if not rest:
            before, after = f"{text.rstrip()}\n\n{_HEADING}\n", "\n"
        README.write_text(f"{before}{_BEGIN}\n{self._table(content)}\n{_END}{after}", encoding="utf-8")

    def _table(self, content: dict[str, object]) -> str:
        n = {kind: list(self.outcomes.values()).count(kind) for kind in ("passed", "failed", "skipped")}
        counts = ", ".join(f"{count} {kind}" for kind, count in n.items() if count)
        runs = "of one run" if content["one_run"] else "of runs of some tests each, dated in the file"
        place = f"{content['machine']}, {content['threads']} threads in torch"
        about = f"{place}, {str(content['written_utc'])[:10]}, {runs}: {counts}."
        rows = [
            f"| {group} | {name.replace('_', ' ')} | {_shown(value)} |"
            for group, figures in self.groups.items()
            for name, value in figures.items()
            if name != _WHEN
        ]
        waiting = [f"- {name}: {kind}" for name, kind in sorted(self.outcomes.items()) if kind == "failed"]
        listed = ["", "Failed:", *waiting] if waiting else []
        return "\n".join([about, "", "| what | figure | value |", "| --- | --- | --- |", *rows, *listed])


_HEADING = """## Real models
`make test-real` downloads SmolLM2-135M-Instruct (Q4_1) and Gemma-3-270M (Q4_K_M) as GGUF files, converts them and tries
the program on them; `assets/benchmarks/real-models.json` holds all of it. Times are of few runs on shared
processors: they tell orders, not decimals."""


def _shown(value: Figure) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
