"""The tokens of recorded rounds with their fates, within the length that a report has room for.

* imports neither Qt nor torch."""

from collections.abc import Sequence

from engine.events import GenerationMeasured, ProposedToken, RoundFinished
from engine.reports.compared import ComparisonFacts
from engine.reports.document import MarkedFate, MarkedToken, ReportedText, TextsBlock
from engine.reports.words import counted

# Of one lane and prompt, and of all texts of a report, whose page is to stay under 5 MB.
_MOST_TOKENS, _MOST_IN_ALL = 2_000, 24_000
_LONGEST_PROMPT = 4_000


def round_tokens(rounds: Sequence[RoundFinished]) -> tuple[MarkedToken, ...]:
    """The proposed tokens in order, ghosts included, each followed by the last token of its round."""
    tokens: list[MarkedToken] = []
    for event in rounds:
        left = len(event.emitted)
        for proposed in event.in_a_row:
            kept = proposed.kept and left > 0
            left -= kept
            fate: MarkedFate = proposed.fate if not proposed.kept or kept else "untested"
            tokens.append(MarkedToken(proposed.text, fate, _tip(proposed)))
        if event.last is not None:
            tip = f"p {event.last.p:.2f}" if event.proposed else ""
            tokens.append(MarkedToken(event.last.text, event.last.kind if event.proposed else "plain", tip))
    return tuple(tokens)


def _tip(token: ProposedToken) -> str:
    """What decided: probabilities of target and drafter, of acceptance, and the draw."""
    drawn = "" if token.u is None else f", draw {token.u:.2f}"
    kept = "" if token.prefix_prob is None else f"kept up to here with {token.prefix_prob:.2f}, "
    return f"p {token.p:.2f}, q {token.q:.2f}, {kept}accepted with {token.accept_prob:.2f}{drawn}"


def cut(tokens: Sequence[MarkedToken], most: int = _MOST_TOKENS) -> tuple[tuple[MarkedToken, ...], str]:
    """At most so many tokens, and what is left out in words."""
    n_more = len(tokens) - most
    return tuple(tokens[:most]), f"{counted(n_more, 'further token', 'further tokens')} left out" if n_more > 0 else ""


def texts(compared: ComparisonFacts, n_prompts: int) -> tuple[tuple[TextsBlock, ...], str]:
    """The texts of the first prompts, and what is left out in words."""
    blocks: list[TextsBlock] = []
    n_tokens = 0
    pairs = _prompts(compared)
    for prompt, turn in pairs[:n_prompts]:
        block = _block(compared, prompt, turn)
        n_tokens += sum(len(lane.tokens) for lane in block.lanes)
        if blocks and n_tokens > _MOST_IN_ALL:
            break
        blocks.append(block)
    n_more = len(pairs) - len(blocks)
    note = f"The texts of {counted(n_more, 'further prompt or turn', 'further prompts or turns')} are left out."
    return tuple(blocks), note if n_more else ""


def _prompts(compared: ComparisonFacts) -> list[tuple[int, int]]:
    """The prompts and turns with an answer, in order."""
    numbers = range(len(compared.started.prompts))
    return sorted({(event.prompt, event.turn) for event in compared.generations if event.prompt in numbers})


def _block(compared: ComparisonFacts, prompt: int, turn: int) -> TextsBlock:
    own = [event for event in compared.generations if (event.prompt, event.turn, event.repeat) == (prompt, turn, 0)]
    turns = compared.started.prompts[prompt].turns
    text = turns[turn] if 0 <= turn < len(turns) else ""
    lanes = sorted((_lane_text(event, compared.place(event.lane)) for event in own), key=lambda lane: lane.lane)
    return TextsBlock(text[:_LONGEST_PROMPT] + ("…" if len(text) > _LONGEST_PROMPT else ""), tuple(lanes))


def _lane_text(event: GenerationMeasured, lane: int) -> ReportedText:
    if not event.rounds:
        whole = MarkedToken(event.text[:_LONGEST_PROMPT], "plain")
        return ReportedText(event.lane, lane, (whole,), "recorded without the fates of its tokens")
    tokens, left_out = cut(_with_divergence(round_tokens(event.rounds), event.first_divergence))
    notes = [left_out] if left_out else []
    if event.first_divergence is not None:
        margin = "" if event.margin is None else f", where the target's two best tokens were {event.margin:.3g} apart"
        notes.insert(0, f"differs from plain decoding from token {event.first_divergence + 1} on (≠){margin}")
    return ReportedText(event.lane, lane, tokens, "; ".join(notes))


def _with_divergence(tokens: tuple[MarkedToken, ...], at: int | None) -> tuple[MarkedToken, ...]:
    """The tokens with a sign at the first one that plain decoding wrote otherwise."""
    if at is None:
        return tokens
    kept = [i for i, token in enumerate(tokens) if token.fate not in ("rejected", "untested")]
    if not 0 <= at < len(kept):
        return tokens
    place = kept[at]
    return (*tokens[:place], tokens[place]._replace(differs=True), *tokens[place + 1 :])
