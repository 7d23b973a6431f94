"""The passage length of an index where none is given: target and embedder read all of it, old indexes keep theirs."""

from pathlib import Path

import msgspec
import pytest

from engine.commands import Index
from engine.documents import jobs
from engine.documents.index import open_index
from engine.documents.jobs import default_length
from engine.errors import InputError
from engine.events import Indexed, Warned
from engine.session.session import Session
from tests import encoders, fakes


@pytest.fixture
def command(tmp_path: Path) -> Index:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("salt sea ship lamp. " * 40)
    encoder = encoders.save(tmp_path / "encoder")
    target = fakes.save(fakes.model(max_position_embeddings=1024), tmp_path / "target")
    return Index((str(docs),), str(tmp_path / "index"), str(encoder), target, n=2)


def made(command: Index) -> Indexed:
    last = [*Session().do(command)][-1]
    assert isinstance(last, Indexed)
    return last


def test_by_default_the_embedder_reads_all_of_every_passage(command: Index) -> None:
    events = list(Session().do(command))
    indexed = events[-1]
    assert isinstance(indexed, Indexed)
    assert (indexed.n_truncated, indexed.chunk_tokens) == (0, encoders.MAX_TOKENS)
    assert not any(isinstance(event, Warned) for event in events)
    assert open_index(command.index).head.recipe.fits_embedder
    assert made(command).n_embedded == 0


def test_a_length_that_is_given_counts_the_tokens_of_the_target_alone(command: Index) -> None:
    events = list(Session().do(msgspec.structs.replace(command, chunk_tokens=200)))
    indexed = events[-1]
    assert isinstance(indexed, Indexed)
    assert indexed.chunk_tokens == 200 and indexed.n_truncated == indexed.n_chunks > 0
    [warned] = [event for event in events if isinstance(event, Warned)]
    assert "the embedder reads only the beginning" in warned.message
    assert "--rebuild" in warned.hint
    assert not open_index(command.index).head.recipe.fits_embedder


def test_an_index_from_before_keeps_its_length_until_it_is_made_anew(command: Index) -> None:
    made(msgspec.structs.replace(command, chunk_tokens=320))
    assert default_length(command.index, 320, 12, rebuild=False) == (320, False)
    assert default_length(command.index, 320, 12, rebuild=True) == (12, True)
    assert default_length(command.index, 100, 12, rebuild=False) == (12, True)
    assert made(command).chunk_tokens == 320
    assert made(msgspec.structs.replace(command, rebuild=True)).chunk_tokens == encoders.MAX_TOKENS


def test_the_same_length_in_other_tokens_is_refused(command: Index) -> None:
    made(msgspec.structs.replace(command, chunk_tokens=encoders.MAX_TOKENS))
    with pytest.raises(InputError, match="are measured in the tokens of the target alone"):
        list(Session().do(command))


def test_a_recipe_of_an_earlier_version_does_not_count_the_embedder() -> None:
    recipe = jobs.Recipe(("a",), "e", "f", 8, "t", "g", 200)
    old = {name: value for name, value in msgspec.to_builtins(recipe).items() if name != "fits_embedder"}
    assert msgspec.convert(old, jobs.Recipe) == recipe
