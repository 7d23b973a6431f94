"""Names the lanes of a comparison, and checks them before anything is loaded.

* imports neither Qt nor torch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from msgspec.structs import replace

from engine import drafters, methods
from engine.decoding.tree_widths import read_widths
from engine.errors import InputError
from engine.events import PLAIN_LANE, LaneSpec, Setting
from engine.method import MethodSpec
from engine.settings import AcceptRule, ChatConfig, GenerationConfig, make_config

PLAIN = LaneSpec(PLAIN_LANE, drafters.NONE, 0, "plain")
MOST_LANES = 64
GATED = "sprinter"
_A_MODEL = "small_model"  # the drafter that is a model alone
_OF_CHAINS: dict[AcceptRule, AcceptRule] = {
    "token": "token", "block": "block", "recursive": "token", "traversal": "block",
}  # fmt: skip
_OF_TREES: dict[AcceptRule, AcceptRule] = {
    "token": "recursive", "block": "traversal", "recursive": "recursive", "traversal": "traversal",
}  # fmt: skip
_ASKING = frozenset(ChatConfig.__struct_fields__) - frozenset(GenerationConfig.__struct_fields__)


def lanes_of(
    drafter_specs: Sequence[str],
    gammas: Sequence[int],
    method: str = "speculative",
    settings: tuple[tuple[str, Setting], ...] = (),
) -> tuple[LaneSpec, ...]:
    """Plain decoding, and a lane for each drafter at each draft length; each has a name of its own.

    Raises InputError: no drafter, a draft length below 1, or too many lanes."""
    distinct = list(dict.fromkeys(spec.strip() for spec in drafter_specs))
    if not distinct or not all(distinct):
        raise InputError("there is no drafter to compare", "name at least one drafter")
    if not gammas or min(gammas) < 1:
        raise InputError("a draft length must be at least 1", "write draft lengths as 2,4,6")
    titles = _titles([spec for spec in distinct if spec != drafters.NONE])
    lanes = [
        LaneSpec(_name(titles[spec], gamma, method), spec, gamma, method, settings)
        for spec in titles
        for gamma in dict.fromkeys(gammas)
    ]
    _refuse_many(len(lanes) + 1)
    return PLAIN, *lanes


def _refuse_many(n: int) -> None:
    if n > MOST_LANES:
        raise InputError(f"{n} lanes are too many", f"compare at most {MOST_LANES} at once")


def with_policies(
    lanes: Sequence[LaneSpec], policies: Sequence[str], settings: tuple[tuple[str, Setting], ...] = ()
) -> tuple[LaneSpec, ...]:
    """The lanes, and one more for each drafter and policy, which starts with the drafter's first draft length.

    settings: further ones of the policies. Raises InputError: too many lanes, or a method or a name without
    policies."""
    added = [
        replace(lane, name=f"{lane.name}, {policy}", settings=(*lane.settings, ("policy", policy), *settings))
        for lane in one_a_drafter(lanes)
        for policy in dict.fromkeys(policies)
    ]
    for lane in added:
        config_of(lane, {})
    _refuse_many(len(lanes) + len(added))
    return *lanes, *added


def tree_lanes(drafter_specs: Sequence[str], trees: Sequence[str]) -> tuple[LaneSpec, ...]:
    """A lane for each drafter and tree, written as `decode --tree` takes it; gamma is its depth.

    Raises InputError for a text that describes no tree."""
    specs = list(dict.fromkeys(spec.strip() for spec in drafter_specs if spec.strip() != drafters.NONE))
    titles, shapes = _titles(specs), dict.fromkeys(",".join(map(str, read_widths(tree.strip()))) for tree in trees)
    if "" in shapes:
        raise InputError("a tree has no nodes", "write for instance --tree 4,8,8: that many nodes at each depth")
    return tuple(
        LaneSpec(f"{title} tree {shape}", spec, len(read_widths(shape)), settings=(("tree", shape),))
        for spec, title in titles.items()
        for shape in shapes
    )


def gated_lanes(drafter_specs: Sequence[str], thresholds: Sequence[float], gate: str = "auto") -> tuple[LaneSpec, ...]:
    """A lane for each drafter that is a model and each threshold of a gate; its name says that it is approximate.

    gate: as in a run; it ends each draft, so that there is no draft length. Nothing is audited, which would cost time.
    Raises InputError for a threshold that is no probability, and where no drafter is a model."""
    if not thresholds:  # finding out which drafter is a model loads torch, which the window does not need
        return ()
    specs = dict.fromkeys(spec.strip() for spec in drafter_specs)
    titles = _titles([spec for spec in specs if spec != drafters.NONE and drafters.find(spec).name == _A_MODEL])
    if not titles:
        raise InputError("a gate reads the states of a drafter that is a model", "name such a drafter, or no threshold")
    lanes = tuple(
        LaneSpec(
            f"{title} gate {threshold:g}, approximate", spec, 0, GATED,
            (("threshold", threshold), ("gate", gate), ("audit", 0.0)),
        )
        for spec, title in titles.items()
        for threshold in dict.fromkeys(thresholds)
    )  # fmt: skip
    for lane in lanes:
        config_of(lane, {})
    return lanes


def is_approximate(method: str) -> bool:
    """Whether the text of a method's lanes may differ from the target's, whatever their settings."""
    spec = methods.discover().get(method)
    return spec is not None and not spec.lossless


def is_tree(lane: LaneSpec) -> bool:
    """Whether a lane drafts trees."""
    return bool(dict(lane.settings).get("tree"))


def accepting(lane: LaneSpec, rule: AcceptRule) -> LaneSpec:
    """The same lane under an accept rule: for a chain its own of the two kinds, for a tree the one that corresponds."""
    if lane.gamma == 0 or lane.method != "speculative" or rule == "token":
        return lane
    own: AcceptRule = _OF_TREES[rule] if is_tree(lane) else _OF_CHAINS[rule]
    return replace(lane, settings=(*lane.settings, ("accept", own)))


def refuse_ambiguous(lanes: Sequence[LaneSpec]) -> None:
    """Raise InputError where two lanes have one name, by which their figures would be put together."""
    for name, n in Counter(lane.name for lane in lanes).items():
        if n > 1:
            raise InputError(f"{n} lanes are called {name[:80]!r}", "give each lane a name of its own")


def with_gamma(lane: LaneSpec, gamma: int) -> LaneSpec:
    """The same drafter, method and settings at another draft length; what its name says besides stays."""
    title, mark, rest = lane.name.rpartition(" γ ")
    name = f"{title} γ {gamma}{rest.lstrip('0123456789')}" if mark else f"{lane.name} γ {gamma}"
    return LaneSpec(name, lane.drafter, gamma, lane.method, lane.settings)


def one_a_drafter(lanes: Sequence[LaneSpec]) -> list[LaneSpec]:
    """The first of the lanes that differ in nothing but their draft length; without plain decoding."""
    drafted = [lane for lane in lanes if lane.name != PLAIN_LANE]
    return list({(lane.drafter, lane.method, lane.settings): lane for lane in reversed(drafted)}.values())[::-1]


def config_of(lane: LaneSpec, settings: Mapping[str, Setting]) -> GenerationConfig:
    """The config of a lane's method under the settings of the comparison and its own.

    Raises InputError where a setting is out of its bounds, or the method cannot be a lane."""
    method = method_of(lane)
    names = set(method.config.__struct_fields__)
    shared = {name: value for name, value in settings.items() if name in names or name not in _ASKING}
    wanted = {**shared, **dict(lane.settings), **({"gamma": lane.gamma} if "gamma" in names else {})}
    config = make_config(method.config, wanted)
    assert isinstance(config, GenerationConfig)
    return config


def method_of(lane: LaneSpec) -> MethodSpec:
    """The method of a lane. Raises InputError where it cannot be one."""
    method = methods.find(lane.method)
    if method.decode is None:
        raise InputError(f"{method.title} cannot be a lane of a comparison", "compare methods that continue a text")
    return method


def _name(title: str, gamma: int, method: str) -> str:
    """The name of a lane; the usual method is not mentioned."""
    named = title if method in ("", "speculative") else f"{title}, {methods.find(method).title}"
    return f"{named} γ {gamma}"


def _titles(specs: Sequence[str]) -> dict[str, str]:
    """A short title for each SPEC: the last part of a path, unless two would then be called the same."""
    short = {spec: PurePath(spec).name if _is_path(spec) else spec for spec in specs}
    names = list(short.values())
    return {spec: title if names.count(title) == 1 and title else spec for spec, title in short.items()}


def _is_path(spec: str) -> bool:
    return PurePath(spec).is_absolute() or spec.startswith((".", "~"))
