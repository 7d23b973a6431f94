"""Rows of chronicles and dossiers, in which a value is learned where it repeats what was stated far above.

A row shorter than the context still spans it: its positions jump ahead, so that what is near in the row is far by
position. Source: positional skip-wise training, arXiv:2309.10400, section 3."""

from bisect import bisect_right
from random import Random

from transformers import PreTrainedTokenizerFast

from engine.training import shapes
from engine.training.curriculum import FarPlan
from engine.training.weighted_text import Text
from engine.world.long_text import LONG_FORMS, long_text

_CHARACTERS_A_TOKEN = 3.2
_SEEDS = 2**53
# Of a chronicle all can be foreseen a little; the notes of a dossier, four fifths of it, only where they repeat.
_PLAIN_WEIGHTS = {"chronicles": 0.4, "dossiers": 0.05}


def far_row(rng: Random, tokenizer: PreTrainedTokenizerFast, plan: FarPlan, length: int) -> Text:
    """Draw a long text of the training split, cut to `length` ids or filled up with ends of text that do not count."""
    form = rng.choice(LONG_FORMS)
    text = long_text(rng.randrange(_SEEDS), round(_CHARACTERS_A_TOKEN * length), form, split="train")
    encoding = tokenizer(text.text, return_offsets_mapping=True)
    ids, starts = encoding["input_ids"][:length], [start for start, _ in encoding["offset_mapping"][:length]]
    weights = [_PLAIN_WEIGHTS[form]] * len(ids)
    for statement in text.statements:
        if statement.end > starts[-1]:
            continue
        first, last = (bisect_right(starts, place) - 1 for place in (statement.start, statement.end - 1))
        is_new = statement.distance is None
        weights[first : last + 1] = [plan.new_weight if is_new else 1.0] * (last + 1 - first)
        if not is_new:
            weights[first] = plan.repeated_weight
    n_left = length - len(ids)
    ends, unweighted = [int(tokenizer.eos_token_id)] * n_left, [0.0] * n_left
    return Text([*ids, *ends], [*weights, *unweighted], jumping_positions(rng, length, rng.choice(plan.n_jumps)))


def jumping_positions(rng: Random, length: int, n_jumps: int) -> list[int] | None:
    """Rising positions of a row that jump ahead so many times, to places below the target's context; None where they do
    not jump."""
    spare = shapes.CONTEXT - length
    if spare <= 0 or n_jumps == 0:
        return None
    # The larger of two draws: far is what a row is to teach.
    skipped = max(rng.randint(1, spare), rng.randint(1, spare))
    ahead = [*sorted(rng.randint(0, skipped) for _ in range(n_jumps - 1)), skipped]
    places = sorted(rng.sample(range(1, length), n_jumps))
    return [place + ([0, *ahead][bisect_right(places, place)]) for place in range(length)]
