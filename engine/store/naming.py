"""Names kept work by what tells it from other work: drafters, draft lengths, and the beginning of the prompt.

* imports neither Qt nor torch."""

from collections.abc import Iterable, Sequence

from engine.events import LaneSpec, Setting

_SEPARATOR = " · "
_BUILTIN = "builtin"


def run(drafter: str, settings: Iterable[tuple[str, Setting]], prompt: str) -> str:
    """A run, an evaluation or a measurement: what drafts, at which draft length, over which text or questions."""
    gamma = dict(settings).get("gamma")
    return _joined(_drafting(drafter, [gamma] if isinstance(gamma, int) and drafter != "plain" else []), prompt)


def measured(measurement: str, name: str) -> str:
    """A measurement: which one it is, and what it measured."""
    return _joined(measurement, name)


def lanes(compared: Sequence[LaneSpec], prompt_set: str, n_prompts: int) -> str:
    """A comparison: its drafters, its draft lengths, its set of prompts."""
    prompts = f"{model(prompt_set)}, {n_prompts} {'prompt' if n_prompts == 1 else 'prompts'}"
    return _joined(_lanes(compared), prompts)


def race(compared: Sequence[LaneSpec], prompt: str) -> str:
    """A race: its drafters and draft lengths, and its prompt."""
    return _joined("race", _lanes(compared), prompt)


def training(objective: str, target: str, folder: str) -> str:
    """A training: the folder of the drafter, the target, and what was lowered."""
    return _joined(model(folder), f"for {model(target)}", objective)


def model(spec: str) -> str:
    """A SPEC, the folders of a path by their last one."""
    if spec.startswith(_BUILTIN) or len(spec.splitlines()) > 1 or " " in spec:
        return spec
    return spec.replace("\\", "/").rstrip("/").rpartition("/")[2] or spec


def _lanes(compared: Sequence[LaneSpec]) -> str:
    drafting = [lane for lane in compared if lane.drafter != "none"]
    drafters = ", ".join(dict.fromkeys(model(lane.drafter) for lane in drafting))
    return _drafting(drafters or "plain", sorted({lane.gamma for lane in drafting if lane.gamma}))


def _drafting(drafter: str, gammas: Sequence[int]) -> str:
    lengths = ", ".join(map(str, gammas))
    return f"{model(drafter)} γ {lengths}" if lengths else model(drafter)


def _joined(*parts: str) -> str:
    return _SEPARATOR.join(part for part in parts if part)
