"""Policies in Compare: a field under More adds lanes, is shown again for a kept comparison; decisions are drawn."""

from msgspec.structs import replace

from app.workspaces.compare import choice, policy_choice, setup_of
from app.workspaces.compare.choice import ComparisonChoice
from engine.events import GenerationMeasured, LaneSpec, PolicyDecided
from tests.comparisons import GENERAL, PLAIN, SMALL, comparison

CHOSEN = ComparisonChoice("builtin", ("builtin",), "2, 4", "builtin", 4, 1, {})
BEST = replace(GENERAL, settings=(("policy", "best-s"),))
DECIDED = PolicyDecided(2, 4, 7, 1.62, 1.71, "faster")


def under_policy() -> list[object]:
    """A comparison with a lane whose policy changed the draft length at its third round."""
    events = comparison(n_prompts=2, lanes=(PLAIN, SMALL, BEST), refused=())
    return [
        replace(event, decisions=(DECIDED,)) if isinstance(event, GenerationMeasured) and event.lane == BEST.name
        else event
        for event in events
    ]  # fmt: skip


def test_a_policy_adds_a_lane_for_each_drafter() -> None:
    chosen = CHOSEN._replace(policy=(("policy", "best-s"), ("draft_until", 200)))
    lanes = choice.lanes(chosen)
    assert [lane.name for lane in lanes] == ["plain", "builtin γ 2", "builtin γ 4", "builtin γ 2, best-s"]
    assert lanes[-1].settings == (("policy", "best-s"), ("draft_until", 200))
    assert choice.plan(chosen, "builtin").startswith("4 lanes (1 drafter × 2 draft lengths and a policy, and plain")
    assert len(choice.lanes(chosen, tune=True)) == 2


def test_only_what_a_policy_asks_becomes_a_setting_of_its_lanes() -> None:
    usual = policy_choice.as_values(())
    assert policy_choice.as_settings(usual) == ()
    values = {**usual, "policy": "heuristic", "confidence": 0.9, "most_gamma": 8, "least_free": 512}
    settings = policy_choice.as_settings(values)
    assert settings == (("policy", "heuristic"), ("most_gamma", 8), ("least_free", 512))
    assert policy_choice.as_values(settings) == {**values, "confidence": usual["confidence"]}
    assert policy_choice.as_settings({**usual, "draft_until": 9}) == (("policy", "fixed"), ("draft_until", 9))


def test_the_fields_are_those_of_the_setup_and_are_kept_with_the_choice(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, _ = tab
    more = workspace.bar.more
    box = more.policies.control("policy")
    assert {box.itemText(row) for row in range(box.count())} >= {"fixed", "best S", "heuristic", "α < 0.6 rule"}
    assert not more.policies.control("most_gamma").isEnabled()
    box.choose("best-s")
    more.policies.control("draft_until").setValue(300)
    assert more.policies.control("most_gamma").isEnabled()
    workspace.do("run")
    lanes: tuple[LaneSpec, ...] = host.submitted[-1].lanes
    assert lanes[-1].settings == (("policy", "best-s"), ("draft_until", 300))
    more.show_choice({}, more.where())
    assert more.policy() == ()
    record = workspace._comparing.record
    assert setup_of.setup_of(record, workspace.bar.choice()).policy == lanes[-1].settings


def test_decisions_are_drawn_over_the_rounds_of_the_prompt_on_show(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.do("run")
    say(*under_policy())
    plot = workspace.decisions
    workspace.pages.setCurrentWidget(plot)
    plot.refresh()
    assert [series.lane for series in plot.series] == [BEST.name]
    assert len(plot.series[0].ys) > 2
    assert plot.decision_marks.item.getData()[0].tolist() == [2]
    assert "γ 4 → 7" in plot.with_decision("", 3) and plot.with_decision("x", 2) == "x"
    assert "predicted to be faster" in plot.caption.text()
    of_log = policy_choice.of_lanes(workspace._comparing.record.started.lanes)
    assert of_log == BEST.settings


def test_a_comparison_without_policies_says_where_to_choose_one(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    workspace.decisions.refresh()
    assert not workspace.decisions.series
    assert not workspace.decisions.words.isHidden() and "under More" in workspace.decisions.words.text()
