"""Everything that matters before and during a download is in words, and foreign text cannot pose as anything else."""

from msgspec.structs import replace

from app.panels.get_model import words
from engine.events import ModelRemoved, Progressed, Refused
from tests.app.panels.get_model.models import DESCRIBED, DOWNLOADED, LISTED, OFFERED


def test_a_description_names_licence_size_place_and_notes() -> None:
    facts = dict(words.facts(DESCRIBED))
    assert facts["Licence"] == "apache-2.0"
    assert facts["Size"] == "5.0 MB, of which 2.0 MB are here already"
    assert facts["Model"] == "parameters: 135 M, llama"
    assert (facts["Goes to"], facts["Free there"]) == ("/cache/models--org--x", "10.0 GB")
    assert "neither downloaded nor run" in facts["Note"]
    assert words.title(DESCRIBED) == "org/x at main (01234567) from hub.example"


def test_what_is_not_stated_is_said_or_left_out() -> None:
    facts = dict(words.facts(replace(DESCRIBED, licence="", gated=True, n_parameters=0, notes=())))
    assert facts["Licence"] == "not stated, gated"
    assert {"Model", "Note"}.isdisjoint(facts)


def test_foreign_text_cannot_hide() -> None:
    facts = dict(words.facts(replace(DESCRIBED, licence="a\x1b[2J\u202eb")))
    assert facts["Licence"] == "a␛[2J⟨U+202E⟩b"
    assert "\n" not in words.refusal(Refused("getmodel", "a\nb", "c")).partition("\nNext")[0]


def test_progress_names_bytes_rate_and_time_left() -> None:
    at = Progressed("downloading", 2.5e8, 1e9, "bytes")
    assert words.progress(at, 5e6, 150.0) == "250 MB of 1.0 GB, 5.0 MB/s, 2 min left"
    assert words.progress(at, None, None) == "250 MB of 1.0 GB"
    assert words.status("org/x", at) == "downloading org/x: 250 MB of 1.0 GB"
    assert words.status("org/x", None) == "downloading org/x"


def test_a_pair_says_what_is_missing_and_whether_it_fits() -> None:
    fits, too_large, here = words.pair_rows(OFFERED.pairs)
    assert fits.cells == ("Org", "large", "small ✓", "2.0 GB", "5.0 GiB", "✓ fits", "gemma, gated; apache-2.0")
    assert too_large.cells[too_large.mark] == "✗ does not fit"
    assert dict(too_large.tips)[too_large.mark] == "the models need 280.0 GiB, 21.5 GiB are free on cpu"
    assert (fits.good, too_large.good, here.cells[3]) == (True, False, "✓ cached")
    assert "2026-11-29" in words.pairs_note(OFFERED, OFFERED.pairs[0])
    assert "280.0 GiB" in words.pairs_note(OFFERED, OFFERED.pairs[1])


def test_a_cached_model_says_what_it_is_and_why_it_cannot_be_loaded() -> None:
    good, bad = words.model_rows(LISTED.models)
    assert good.cells == ("org/small", "200 MB", "apache-2.0", "llama", "8,192", "instruct", "✓ yes")
    assert bad.cells == ("org/<b>", "1.0 MB", "not known", "—", "—", "—", "✗ it has no weights")
    assert words.cache_note(LISTED) == (
        "201 MB in /cache\n300 MB more in converted GGUF files\n⚠ models--broken cannot be read"
    )


def test_a_removal_says_what_it_frees_and_whom_it_concerns() -> None:
    ours, other = (words.removal(model, "/cache") for model in LISTED.models)
    assert "frees 200 MB" in ours
    assert "shared with every program" in ours
    assert "another program may still want it" in other
    assert words.removed(ModelRemoved("org/x", 2 * 10**8)) == "✓ org/x was removed; 200 MB are free again."


def test_the_end_says_that_it_can_be_used_and_numbers_of_parameters_are_readable() -> None:
    assert "can be chosen in Decode's setup" in words.downloaded(DOWNLOADED)
    assert [words.parameters(n) for n in (1234, 135_000_000, 7_600_000_000)] == ["1,234", "135 M", "7.6 B"]


def test_a_converted_file_says_what_it_became_and_that_removing_that_leaves_the_file() -> None:
    (row,) = words.model_rows(LISTED.conversions)
    assert (row.cells[0], row.cells[5], row.key) == ("m.gguf", "instruct, converted GGUF", "/files/m.gguf")
    assert dict(row.tips)[0] == "/files/m.gguf\nconverted into /own/gguf/m-1, float32"
    question = words.removal(LISTED.conversions[0], "/cache")
    assert question.startswith("Remove what m.gguf was converted into? That frees 300 MB.")
    assert "The file itself stays" in question and "/cache" not in question
