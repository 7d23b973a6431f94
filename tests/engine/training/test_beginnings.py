"""Beginnings of texts: of a chat model they reach the end of a user's turn, and no two of them are the same."""

from itertools import islice
from pathlib import Path

import pytest
import torch

from engine.models import checkpoint_folder, loading
from engine.models.loading import LoadedModel
from engine.training import beginnings, collect
from engine.training.held_out import written
from engine.training.texts import Texts
from engine.training.token_store import TokenStore
from engine.world.story import stories
from tests import fakes


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    words = fakes.chat_tokenizer(
        "{% if messages[0].role != 'system' %}<|im_start|>system\nYou are of help.<|im_end|>\n{% endif %}"
        + fakes.CHAT_ML
    )
    end = words.convert_tokens_to_ids("<|im_end|>")
    folder = tmp_path_factory.mktemp("chat") / "tiny-instruct"
    spec = fakes.save(fakes.model(sharpness=2.0, eos_token_id=end), folder, words=words)
    return loaded(spec)


def loaded(spec: str) -> LoadedModel:
    *_, model = loading.load(checkpoint_folder.inspect(spec), torch.device("cpu"), torch.float32)
    assert isinstance(model, LoadedModel)
    return model


def test_any_text_becomes_a_turn_of_the_user(chat: LoadedModel) -> None:
    text = chat.tokenizer.decode(beginnings.of(chat, chat.tokenizer("The harbour lay quiet.")["input_ids"]))
    assert text.startswith("<|im_start|>system\nYou are of help.<|im_end|>\n<|im_start|>user\nThe harbour lay quiet.")
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n")


def test_conversation_begins_with_its_first_turn_of_the_user(chat: LoadedModel) -> None:
    begun = beginnings.of(chat, chat.tokenizer("Where are the boats?")["input_ids"])
    answer = chat.tokenizer("By the harbour.", add_special_tokens=False)["input_ids"]
    assert beginnings.of(chat, [*begun, *answer, *begun]) == begun


def test_text_for_a_model_without_a_template_begins_with_its_first_tokens(tmp_path: Path) -> None:
    target = loaded(fakes.save(fakes.model(), tmp_path / "t"))
    assert beginnings.of(target, list(range(40))) == list(range(16))
    assert target.asked_template is None


def test_turns_that_the_model_writes_are_different_and_complete(chat: LoadedModel) -> None:
    found = list(beginnings.written_turns(chat, 12, seed=0))
    assert len({tuple(ids) for ids in found}) == len(found) > 6
    assert all(chat.tokenizer.decode(ids).endswith("<|im_start|>assistant\n") for ids in found)
    assert list(beginnings.written_turns(chat, 12, seed=0)) == found


@pytest.mark.parametrize("with_text", [True, False])
def test_gathered_and_held_out_texts_reach_the_users_turn(chat: LoadedModel, tmp_path: Path, with_text: bool) -> None:
    texts = None
    if with_text:
        (tmp_path / "texts").mkdir()
        for i, story in enumerate(islice(stories(9), 20)):
            (tmp_path / "texts" / f"{i}.txt").write_text(story[:120], encoding="utf-8")
        texts = Texts(tmp_path / "texts")
    list(collect.gather(tmp_path / "d", texts, chat, sample=2000, seed=0, pause=lambda: None))
    store = TokenStore(tmp_path / "d", seed=0)
    held_out = written(chat, [store.ids(span) for span in store.held_out])
    shown = [chat.tokenizer.decode(ids) for ids in held_out.beginnings]
    assert len(set(shown)) > 1
    assert all("<|im_start|>user\n" in text and text.endswith("<|im_start|>assistant\n") for text in shown)
    agreement = held_out.agreement(chat.model, overlap=True)
    assert agreement.alpha == 1.0
    assert agreement.overlap == pytest.approx(1.0, abs=1e-4)
