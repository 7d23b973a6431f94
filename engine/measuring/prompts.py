"""Held-out prompts and prose of the built-in world, from stories that no model was trained on."""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from engine.models.chat_template import asked_as_chat
from engine.models.conversation import with_system
from engine.models.loading import LoadedModel
from engine.models.prompt_encoding import encode_inside, encode_prompt
from engine.prompts import Message, one_line
from engine.settings import ChatConfig
from engine.world.long_text import LongForm, long_text
from engine.world.story import stories

_HELD_OUT_SEED = 987_654_321
_LONGEST = 32


def held_out_prompts(tokenizer: PreTrainedTokenizerBase, n: int) -> list[list[int]]:
    """The first 8 to 32 ids of n unseen stories, a different length each."""
    texts = islice(stories(_HELD_OUT_SEED), n)
    return [list(encode_prompt(tokenizer, text).ids)[: 8 + (i * 5) % (_LONGEST - 7)] for i, text in enumerate(texts)]


class AskedPrompts(NamedTuple):
    """Prompts as ids, and whether they are asked through the target's chat template."""

    ids: list[list[int]]
    chat: bool


def asked_prompts(target: LoadedModel, n: int, config: ChatConfig) -> AskedPrompts:
    """The held-out prompts as they are, or as questions through the chat template. Raises InputError."""
    prompts, template = held_out_prompts(target.tokenizer, n), target.chat_template
    if not asked_as_chat(template, target.spec, config) or template is None:
        return AskedPrompts(prompts, chat=False)
    return asked_texts(
        target, [one_line(target.tokenizer.decode(ids, skip_special_tokens=True)) for ids in prompts], config
    )


def asked_texts(target: LoadedModel, texts: Sequence[str], config: ChatConfig) -> AskedPrompts:
    """Texts as they are, or as questions through the chat template. Raises InputError."""
    template = target.chat_template
    if not asked_as_chat(template, target.spec, config) or template is None:
        return AskedPrompts([list(encode_prompt(target.tokenizer, text).ids) for text in texts], chat=False)
    asked = [with_system((Message("user", text),), config.system) for text in texts]
    return AskedPrompts([list(template.render(messages).ids) for messages in asked], chat=True)


def long_prompts(tokenizer: PreTrainedTokenizerBase, n: int, length: int, form: LongForm) -> list[list[int]]:
    """n prompts of `length` ids, each an unseen chronicle or dossier that ends soon after, cut there.

    A dossier is cut among its questions, whose answers stand in the notes before them."""
    return [_long_prompt(tokenizer, _HELD_OUT_SEED + i, length, form) for i in range(n)]


def _long_prompt(tokenizer: PreTrainedTokenizerBase, seed: int, length: int, form: LongForm) -> list[int]:
    n_characters = 2 * length
    while True:
        ids = encode_prompt(tokenizer, long_text(seed, n_characters, form).text).ids
        if len(ids) >= length:
            return list(ids[:length])
        n_characters = int(1.02 * n_characters * length / len(ids)) + _LONGEST


def prompts_of_length(tokenizer: PreTrainedTokenizerBase, n: int, length: int) -> list[list[int]]:
    """n prompts of `length` ids from unseen stories, one story after another where one is too short."""
    unseen = stories(_HELD_OUT_SEED)
    prompts = []
    for _ in range(n):
        ids: list[int] = []
        while len(ids) < length:
            text = next(unseen)
            ids += encode_inside(tokenizer, text) if ids else encode_prompt(tokenizer, text).ids
        prompts.append(ids[:length])
    return prompts


def texts_of_length(tokenizer: PreTrainedTokenizerBase, n: int, length: int) -> list[str]:
    """n one-line texts of about `length` ids each, off by at most a token boundary or a line break."""
    prompts = prompts_of_length(tokenizer, n, length)
    return [one_line(tokenizer.decode(ids, skip_special_tokens=True)) for ids in prompts]


def held_out_prose(n: int) -> list[str]:
    """n complete unseen stories."""
    return list(islice(stories(_HELD_OUT_SEED + 1), n))
