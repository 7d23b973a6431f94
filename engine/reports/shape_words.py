"""What the shape of acceptance by position means, in words.

* imports neither Qt nor torch."""

from engine.events import Shape

_MEANINGS: dict[Shape, str] = {
    "flat": "A drafted token is accepted about equally often wherever it stands in the draft, so the best draft length "
    "depends on what drafting and verifying cost.",
    "falling": "The later a token stands in the draft, the less often it is accepted: the drafter builds on its own "
    "errors, so longer drafts gain little.",
    "rising": "Later tokens are accepted more often because only drafts that began well get that far (survivors). It "
    "does not mean that later tokens are easier, and is no reason for longer drafts.",
    "zero": "Hardly any first token is accepted: usually the drafter has another tokenizer, reads the wrong layers of "
    "the target, or was trained for something else.",
    "unclear": "Too few drafted tokens were tested to tell, or acceptance goes up and down without a pattern.",
}


def meaning(shape: Shape, at: int) -> str:
    """A sentence on what a shape usually means; at: the first position of a cliff, counted from 0."""
    if shape == "cliff":
        before = "The first drafted token is" if at == 1 else f"The first {at} drafted tokens are"
        return (
            f"{before} accepted, and hardly any after that: usually the drafter's window, cache or positions are wrong "
            "from there on."
        )
    return _MEANINGS[shape]
