from msgspec.structs import replace
from PySide6.QtCore import Qt

from app import application
from engine.commands import Estimate, Load, Run, Survey
from engine.events import ConversionStarted, Estimated, ModelLoaded, ModelOption, Progressed, Refused, Surveyed
from engine.models import checkpoint_folder
from engine.settings import Request
from tests.app.factory import MODEL, PAIR, whole_run
from tests.app.panels.setup.setup_form import NEEDED, ask, loaded


def test_models_are_looked_for_once_the_pair_is_loaded(setup, qtbot):
    panel = setup()
    ask(panel)
    assert setup.host.submitted == []
    setup.store.load(PAIR)
    setup.say(NEEDED)
    ask(panel)
    assert setup.host.submitted == [PAIR]
    setup.say(MODEL)
    qtbot.waitUntil(lambda: len(setup.host.submitted) == 2)
    assert setup.host.submitted[1] == Survey("builtin")
    setup.say(Surveyed("builtin", ()))
    ask(panel)
    assert len(setup.host.submitted) == 2


def test_another_pair_is_estimated_before_it_is_loaded(setup):
    panel = loaded(setup)
    ask(panel)
    setup.say(Surveyed("builtin", ()))
    panel.drafter.set_spec("builtin:small")
    assert panel.memory.bar.segments() == ()
    ask(panel)
    assert setup.host.submitted[-1] == Estimate(Load("builtin", "builtin:small"))
    setup.say(Estimated(32_000_000, 21_000_000, 1_000_000, 1_000_000, "cpu", "builtin", "builtin:small", 2048))
    assert panel.memory.bar.segments()[2].n_bytes == 1_000_000
    assert panel.memory.verdict.text() == "✗ does not fit"
    assert panel.memory.verdict.property("role") == "bad"
    assert "the next run loads" in panel.memory.memory_of.text()
    assert panel.memory.loaded.text().startswith(
        "Loaded: built-in target (7.9 M) with built-in drafter (0.42 M), float32 on cpu"
    )
    ask(panel)
    assert not setup.store.commands.unanswered


def test_a_pair_that_was_refused_at_the_start_can_be_left_for_another(setup):
    panel = setup(Load("./gone", "lookup"))
    setup.store.load(Load("./gone", "lookup"))
    setup.say(Refused("load", "there is no folder ./gone", "check the path"))
    panel.models.choose("builtin", "builtin")
    ask(panel)
    assert setup.host.submitted[1] == Estimate(Load())


def test_nothing_is_asked_where_there_is_no_engine(setup):
    panel = setup()
    setup.say(*whole_run())
    ask(panel)
    assert (setup.host.submitted, setup.store.commands.unanswered) == ([], False)


def test_dtype_and_device_change_the_estimate(setup):
    panel = loaded(setup)
    panel.dtype.choose("float16")
    ask(panel)
    setup.say(NEEDED)
    assert setup.host.submitted[1:] == [Estimate(Load(dtype="float16")), Survey("builtin", (), "auto", "float16")]
    setup.say(Surveyed("builtin", ()))
    panel.dtype.choose("auto")
    ask(panel)
    assert setup.host.submitted[3] == Estimate(PAIR)


def test_runtime_is_chosen_estimated_kept_and_said_with_the_reason(setup):
    panel = loaded(setup)
    box = panel.models.runtime
    assert (box.accessibleName(), box.currentText()) == ("Forward pass", "automatic")
    assert "rounding" in box.toolTip()
    box.choose("modules")
    assert panel.setup().pair == Load(runtime="modules")
    panel.save(settings := application.user_settings())
    again = setup(PAIR)
    again.restore(settings)
    assert again.setup().pair.runtime == "modules"
    setup.say(replace(MODEL, runtime="fused", drafter_runtime="modules", why_drafter_modules="it is\nodd"))
    assert panel.models.runtime_note.text() == "in memory: target fused · drafter modules (it is⏎odd)"


def test_nothing_is_asked_while_a_run_is_under_way(setup):
    panel = loaded(setup)
    ask(panel)
    setup.say(Surveyed("builtin", ()))
    setup.store.run(PAIR, Run("speculative", {}, Request("x")))
    panel.drafter.set_spec("none")
    ask(panel)
    assert not any(isinstance(command, Estimate) for command in setup.host.submitted)


def test_another_target_and_another_look_survey_again(setup):
    panel = loaded(setup)
    ask(panel)
    setup.say(Surveyed("builtin", ()))
    panel.target.look_asked.emit()
    ask(panel)
    assert setup.host.submitted[-1] == Survey("builtin")
    setup.say(Surveyed("builtin", ()))
    panel.target.set_spec("org/big")
    ask(panel)
    setup.say(Estimated(1, 1, 0, 9, "cpu", "org/big", "lookup", 1))
    assert setup.host.submitted[-1] == Survey("org/big")


def test_what_cannot_serve_is_said_beside_the_pickers(setup):
    panel = loaded(setup)
    reason = "org/x does not share the tokenizer of builtin: token 0 is '<b>' there"
    setup.say(
        Surveyed("builtin", (ModelOption("org/x", "org/x", 5, "drafter", reason),
                             ModelOption("org/y", "org/y", 5, "drafter")))
    )  # fmt: skip
    assert panel.models.others.text() == "Drafters that cannot follow: 1"
    assert [choice.why_not for choice in panel.drafter.choices() if choice.spec == "org/x"] == [reason]
    panel.drafter.set_spec("org/x")
    assert panel.models.drafter_note.text() == f"⚠ why not: {reason}"
    assert (panel.drafter.faulty, panel.target.faulty) == (True, False)
    panel.drafter.set_spec("org/y")
    assert not panel.models.drafter_note.text().startswith("⚠")
    assert not panel.drafter.faulty


def test_a_drafter_of_another_tokenizer_can_be_chosen_and_says_how_it_drafts(setup):
    panel = loaded(setup)
    setup.say(Surveyed("builtin", (ModelOption("org/x", "org/x", 5_000_000, "drafter", drafts_through="text"),)))
    (choice,) = (choice for choice in panel.drafter.choices() if choice.spec == "org/x")
    assert (choice.why_not, choice.note) == ("", "other tokenizer: drafts through text · in the hub cache")
    panel.drafter.set_spec("org/x")
    assert panel.models.drafter_note.text() == "other tokenizer: drafts through text · 5 MB on disk"
    assert "in its own tokens" in panel.models.drafter_note.toolTip()
    assert not panel.drafter.faulty
    panel.target.set_spec("org/big")
    assert "tokenizer" not in panel.models.drafter_note.text()
    assert panel.models.drafter_note.toolTip() == ""


def test_the_pair_in_memory_says_how_much_its_tokenizers_share(setup):
    panel = loaded(setup)
    setup.say(
        ModelLoaded("/m/t", "/m/d", "cpu", "float32", 128, 1, 1, 0.1, drafter_runtime="fused", drafts_through="text",
                    shared_tokens=46_254, drafter_tokens=262_144)
    )  # fmt: skip
    assert panel.models.runtime_note.text() == "in memory: target modules · drafter fused · through text"
    assert "46,254 of 262,144 of the drafter&#x27;s tokens" in panel.models.runtime_note.toolTip()
    setup.say(MODEL)
    assert panel.models.runtime_note.toolTip() == ""


def test_reasons_for_one_target_are_not_held_against_another(setup):
    panel = loaded(setup)
    setup.say(Surveyed("builtin", (ModelOption("org/x", "org/x", 5, "drafter", "another tokenizer"),)))
    panel.target.set_spec("org/big")
    (choice,) = (choice for choice in panel.drafter.choices() if choice.spec == "org/x")
    assert choice.why_not == ""
    assert "cannot follow" not in panel.models.others.text()


def test_reason_of_an_estimate_is_said(setup):
    panel = loaded(setup)
    panel.target.set_spec("./nowhere")
    ask(panel)
    setup.say(Estimated(0, 0, 0, 0, "auto", "./nowhere", "lookup", why_not="there is no folder\n./nowhere"))
    assert panel.models.target_note.text() == "⚠ why not: there is no folder⏎./nowhere"
    assert (panel.target.faulty, panel.drafter.faulty) == (True, False)
    assert (panel.memory.bar.verdict(), panel.memory.verdict.text()) == ("", "not known")


def test_unreadable_cache_is_said(setup):
    panel = loaded(setup)
    setup.say(Surveyed("builtin", (), "the hub cache x cannot be read (Permission denied)"))
    assert "cannot be read" in panel.models.others.text()


def test_two_hundred_models_are_listed(setup):
    panel = loaded(setup)
    options = tuple(
        ModelOption(f"org/m{n}", f"org/m{n}", n, "drafter", "too large" if n % 2 else "") for n in range(200)
    )
    setup.say(Surveyed("builtin", options))
    assert panel.drafter.count() == 2 + len(checkpoint_folder.BUILTIN_DRAFTERS) + 200 + 4
    assert sum(not panel.drafter.model().item(row).isEnabled() for row in range(panel.drafter.count())) == 100


def test_loading_shows_bytes_rate_and_time_left(setup):
    panel = setup()
    setup.store.load(PAIR)
    setup.say(NEEDED, Progressed("loading", 20e6, 40e6, "bytes", elapsed_s=2))
    assert panel.memory.progress.isVisible()
    assert panel.memory.progress.value() == 500
    assert panel.memory.loaded.text() == "Loading: 20 MB of 40 MB, 10 MB/s, 2 s left"
    setup.say(MODEL)
    assert not panel.memory.progress.isVisible()


def test_folders_that_were_loaded_are_offered(setup):
    panel = setup()
    setup.store.load(PAIR)
    setup.say(ModelLoaded("/m/<b>\n\u202ebig", "/m/small", "cpu", "float32", 128, 1, 1, 0.1))
    assert [choice.spec for choice in panel.target.choices()] == ["builtin", "/m/<b>\n\u202ebig", "/m/small"]
    assert panel.memory.loaded.text().startswith("Loaded: /m/<b>⏎⟨U+202E⟩big with /m/small")
    assert panel.memory.loaded.textFormat() == Qt.TextFormat.PlainText


def test_a_chosen_folder_is_offered_and_looked_at(setup):
    panel = loaded(setup)
    ask(panel)
    setup.say(Surveyed("builtin", ()))
    panel.models._take_folder(panel.drafter, "/m/draft")
    ask(panel)
    assert panel.setup().pair.drafter == "/m/draft"
    assert setup.host.submitted[-1] == Estimate(Load("builtin", "/m/draft"))
    setup.say(Estimated(1, 1, 1, 9, "cpu", "builtin", "/m/draft", 1))
    assert setup.host.submitted[-1] == Survey("builtin", ("/m/draft",))


def test_a_gguf_file_tells_what_converting_it_takes_before_it_is_loaded(setup):
    panel = loaded(setup)
    ask(panel)
    setup.say(Surveyed("builtin", ()))
    panel.models._take_folder(panel.target, "/m/big.gguf")
    panel.drafter.set_spec("lookup")
    ask(panel)
    takes = ConversionStarted("/m/big.gguf", "/cache", "float32", 500_000_000, 2_000_000_000, 23.0)
    setup.say(Estimated(1, 1, 1, 9, "cpu", "/m/big.gguf", "lookup", 1, conversions=(takes,)))
    note = panel.models.target_note.text()
    assert "converted once when it is first loaded: about 23 s, 500 MB on disk, up to 2 GB of memory" in note
    assert "/m/big.gguf" in [choice.spec for choice in panel.target.choices()]


def test_a_conversion_under_way_shows_its_progress(setup):
    panel = setup()
    setup.store.load(PAIR)
    setup.say(NEEDED, Progressed("converting", 20e6, 40e6, "bytes", elapsed_s=2))
    assert panel.memory.loaded.text() == "Converting the GGUF file: 20 MB of 40 MB, 10 MB/s, 2 s left"


def test_a_gguf_file_is_asked_for_with_a_dialog_that_offers_no_others(setup, monkeypatch):
    panel, asked = setup(), []
    monkeypatch.setattr("app.widgets.path_line.choose", lambda *given, **named: asked.append((given, named)))
    panel.target.file_asked.emit()
    ((_, _, take), named) = asked[0]
    assert named == {"file": True, "pattern": "GGUF (*.gguf)"}
    take("/m/big.gguf")
    assert panel.setup().pair.target == "/m/big.gguf"
