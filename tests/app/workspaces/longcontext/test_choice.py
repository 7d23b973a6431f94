"""What is written at the left becomes commands, or a reason why not."""

import pytest

from app.workspaces.longcontext import choice, setup
from app.workspaces.longcontext.choice import LengthChoice, read_lengths
from engine.commands import Load
from engine.errors import InputError
from engine.events import TextRead
from engine.session import lengths

CHOICE = LengthChoice(
    Load(), ("builtin", "lookup"), "512, 2k 8192", "builtin", " 3-7 ", "end", 0, 1, 3, 512, 4, 256, "eager",
    {"gamma": 4, "max_new_tokens": 64, "temperature": 0.5, "tree": "4,8", "repeats": 3, "baseline": True},
)  # fmt: skip
READ = TextRead("builtin", "stories", "", (1, 2, 3), "one", 9)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("512, 2048, 8192", (512, 2048, 8192)), ("8192;512", (512, 8192)), ("1k 4K", (1024, 4096)), ("64，64", (64,))],
)
def test_lengths_are_read_as_people_write_them(text: str, numbers: tuple[int, ...]) -> None:
    assert read_lengths(text) == numbers


@pytest.mark.parametrize(
    "text", ["", " , ", "-5", "many", "1.5k", "0", "9" * 30, "k", "٣", ",".join(map(str, range(1, 99)))]
)
def test_what_is_no_length_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_lengths(text)
    assert len(refused.value.message) < 90


def test_the_measurement_has_everything_that_is_chosen() -> None:
    command = choice.measurement(CHOICE)
    assert (command.lengths, command.drafters, command.pages, command.part) == (
        (512, 2048, 8192), ("builtin", "lookup"), "3-7", "end",
    )  # fmt: skip
    assert (command.gamma, command.window, command.sinks, command.prefill_chunk, command.attention) == (
        4,
        512,
        4,
        256,
        "eager",
    )
    assert command.settings == {"max_new_tokens": 64, "temperature": 0.5}


def test_a_run_continues_the_ids_that_were_read() -> None:
    run = choice.run(CHOICE, READ)
    assert run.method == "speculative" and run.settings["tree"] == "4,8" and run.settings["chat"] == "off"
    assert run.request.prompt_ids == (1, 2, 3) and not run.paused


def test_plain_decoding_gets_no_settings_of_drafts() -> None:
    run = choice.run(CHOICE._replace(pair=Load(drafter="none")), READ, held=True)
    assert run.method == "plain" and "gamma" not in run.settings and run.paused and run.n_free == 1


def test_reasons_are_told() -> None:
    assert choice.why_no_measurement(CHOICE._replace(drafters=())) == "no drafter is chosen"
    assert "many is not a number" in choice.why_no_measurement(CHOICE._replace(lengths="many"))
    assert "a depth without a node" in choice.why_no_measurement(
        CHOICE._replace(settings={**CHOICE.settings, "tree": "4,0"})
    )
    assert "page 3 comes before page 7" in choice.why_no_measurement(CHOICE._replace(pages="7-3"))
    assert "no list" not in choice.why_no_run(CHOICE) and choice.why_no_run(CHOICE) == ""
    assert "not a list" in choice.why_no_run(CHOICE._replace(settings={**CHOICE.settings, "tree": "4,x"}))
    assert choice.plan(CHOICE) == (
        "2 drafters and plain decoding write 64 tokens at the lengths 512, 2,048, 8,192 in tokens, 3 repeats each, "
        "one at a time."
    )
    assert choice.plan(CHOICE._replace(lengths="")) == ""


def test_the_window_offers_the_chunks_that_the_engine_takes() -> None:
    assert (setup.LEAST_CHUNK, setup.MOST_CHUNK) == (lengths.LEAST_CHUNK, lengths.MOST_CHUNK)
