"""Which choices a comparison was made with, from its command or its log, and whether the top bar holds them."""

from pathlib import Path

from msgspec.structs import replace

from app.workspaces.compare import choice
from app.workspaces.compare.choice import ComparisonChoice
from app.workspaces.compare.record import ComparisonRecord, read_record
from app.workspaces.compare.setup_of import belongs_to_another, setup_of
from engine.events import ComparisonStarted
from tests.comparisons import comparison

NOW = ComparisonChoice(
    "builtin", ("builtin:small", "builtin"), "2, 4", "builtin", 4, 1, {"temperature": 0.0, "max_new_tokens": 48}
)


def opened(**changes: object) -> ComparisonRecord:
    start, *rest = comparison(refused=())
    assert isinstance(start, ComparisonStarted)
    return read_record([replace(start, **changes), *rest], Path("kept.jsonl"))  # type: ignore[arg-type]


def measured(chosen: ComparisonChoice, *, tune: bool = False) -> ComparisonRecord:
    record = ComparisonRecord()
    record.begin(choice.command(chosen, tune=tune))
    for event in comparison(refused=()):
        record.take(event)
    return record


def test_an_opened_comparison_tells_its_setup_but_not_where_a_file_lies() -> None:
    other = NOW._replace(target="/other", drafters=("lookup",), gammas="8", n_prompts=20, settings={"temperature": 1.0})
    assert setup_of(opened(), other) == NOW._replace(settings={"temperature": 0.0})
    of_file = setup_of(opened(prompt_set="mine.txt"), other._replace(prompts="/here/other.txt"))
    assert (of_file.prompts, of_file.n_prompts) == ("/here/other.txt", 20)


def test_settings_that_differ_from_those_of_an_opened_comparison_are_noticed() -> None:
    assert not belongs_to_another(opened(), NOW)
    assert not belongs_to_another(opened(), NOW._replace(gammas="2 4", drafters=("builtin", "builtin:small")))
    for other in (
        NOW._replace(target="/other"), NOW._replace(gammas="2"), NOW._replace(gammas="no"), NOW._replace(n_prompts=9),
        NOW._replace(drafters=("lookup",)), NOW._replace(prompts="/a/mine.txt"), NOW._replace(repeats=3),
        NOW._replace(settings={"temperature": 1.0}),
    ):  # fmt: skip
        assert belongs_to_another(opened(), other), other


def test_a_file_of_prompts_is_known_by_its_name() -> None:
    assert not belongs_to_another(opened(prompt_set="mine.txt"), NOW._replace(prompts="/a/mine.txt"))
    assert belongs_to_another(opened(prompt_set="mine.txt"), NOW._replace(prompts="/a/yours.txt"))


def test_a_measured_comparison_belongs_to_its_own_command() -> None:
    record = measured(NOW)
    assert not belongs_to_another(record, NOW)
    assert belongs_to_another(record, NOW._replace(n_prompts=20))
    assert belongs_to_another(record, NOW._replace(gammas=""))
    assert setup_of(record, NOW._replace(target="/other", n_prompts=20)) == NOW


def test_lanes_with_a_gate_belong_to_their_thresholds_and_to_no_draft_length() -> None:
    gated = NOW._replace(thresholds="0.5, 0.8")
    record = measured(gated)
    assert setup_of(record, NOW) == gated
    assert not belongs_to_another(record, gated) and belongs_to_another(record, NOW)


def test_the_draft_lengths_do_not_matter_to_a_tuned_comparison() -> None:
    record = measured(NOW, tune=True)
    assert not belongs_to_another(record, NOW._replace(gammas=""))
    assert setup_of(record, NOW._replace(gammas="7")).gammas == "7"


def test_without_a_comparison_nothing_belongs_to_another() -> None:
    assert not belongs_to_another(ComparisonRecord(), NOW)
    assert setup_of(ComparisonRecord(), NOW) == NOW
