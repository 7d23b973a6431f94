"""What the report of a comparison says.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from typing import TypeAlias

from engine.events import PLAIN_LANE, LaneFigures, LaneSpec, Recommendation
from engine.reports import comparison_plots, pilot, texts, words
from engine.reports.cells import ReportTable
from engine.reports.compared import ComparisonFacts, tables
from engine.reports.document import (
    Block,
    BulletList,
    FactList,
    Paragraph,
    ReportDocument,
    ReportSection,
    TableBlock,
)
from engine.reports.pilot import Prices
from engine.reports.rating_words import rated_blind
from engine.reports.sameness_words import sameness_words
from engine.reports.shape_words import meaning
from engine.store.blind_rating import counts

_Tables: TypeAlias = Mapping[str, ReportTable]
_SPEED = (
    "lane",
    "speedup",
    "predicted_speedup",
    "tokens_per_s",
    "ttft_ms",
    "tpot_ms",
    "memory_bytes",
    "joules_per_token",
)
_ACCEPTANCE = ("lane", "alpha", "tau", "efficiency", "c", "verify_per_token", "break_even_alpha", "same_text")
_MOST_SKIPPED = 20


def document(compared: ComparisonFacts, n_prompts: int, prices: Prices) -> ReportDocument:
    """The report of a comparison. n_prompts: how many of its texts to show."""
    named = tables(compared)
    sections = (
        ReportSection("Lanes", _lane_blocks(compared, named)),
        ReportSection("By category", _category_blocks(compared, named)),
        ReportSection("Where drafts are accepted", _position_blocks(compared)),
        ReportSection("Prediction", _prediction_blocks(compared, named)),
        ReportSection("What a pilot would save", _pilot_blocks(compared, prices)),
        ReportSection("Texts", _text_blocks(compared, n_prompts)),
        ReportSection("How it was measured", (BulletList(_method_lines(compared)),)),
        ReportSection("Settings and machine", _setting_blocks(compared)),
    )
    return ReportDocument(
        f"Which drafter for {words.model(compared.started.target, 'target')}?",
        _subtitle(compared),
        _opening(compared),
        tuple(section for section in sections if section.blocks),
    )


def _subtitle(compared: ComparisonFacts) -> str:
    started = compared.started
    n = len(compared.taking_part) or len(started.lanes)
    prompts = words.counted(len(started.prompts), "prompt", "prompts")
    return (
        f"{words.counted(n, 'lane', 'lanes')} over {prompts} of the set {started.prompt_set} · {started.device} "
        f"{started.dtype} · {words.utc(started.started_utc)}"
    )


def _opening(compared: ComparisonFacts) -> tuple[Block, ...]:
    measured = compared.measured
    if measured is None:
        n = words.counted(len(compared.generations), "generation", "generations")
        return (
            Paragraph("This comparison ended before any figures were computed.", "headline"),
            Paragraph(f"{n} had been recorded until then.", "note"),
        )
    blocks: list[Block] = []
    if measured.recommendation is not None:
        blocks += _recommendation(measured.recommendation, frozenset(spec.name for spec in compared.started.lanes))
    else:
        blocks.append(Paragraph("No lane is recommended: there are too few figures.", "headline"))
    if not measured.complete:
        prompts = words.counted(measured.n_prompts, "prompt was", "prompts were")
        so_far = f"Stopped early: {measured.n_measured} of {prompts} measured."
        blocks.append(Paragraph(so_far, "bad"))
    return (*blocks, *same_text(compared), *(Paragraph(f"Caution: {caution}", "bad") for caution in measured.cautions))


def _recommendation(chosen: Recommendation, names: frozenset[str]) -> list[Block]:
    verdict, _, rest = chosen.because.strip().partition("; ")
    return [
        Paragraph(words.sentence(verdict), "headline"),
        Paragraph(f"On {chosen.workload}.", "lead"),
        *((Paragraph(words.sentence(rest, names)),) if rest else ()),
        *((BulletList(chosen.changes, "What would change it"),) if chosen.changes else ()),
    ]


def same_text(compared: ComparisonFacts) -> tuple[Block, ...]:
    """Whether every lane wrote what plain decoding writes."""
    drafting = [lane for lane in compared.taking_part if lane.lane != PLAIN_LANE]
    checked = [lane for lane in drafting if lane.same_text is not None or lane.n_differing]
    if not checked:
        return (Paragraph("Same text: cannot be checked with sampling, where two runs differ anyway.", "note"),)
    differing = tuple(_differs(lane, compared) for lane in checked if lane.n_differing)
    n_same = len(checked) - len(differing)
    if not n_same:
        return differing
    same = "lane wrote" if n_same == 1 else "lanes wrote"
    return (Paragraph(f"Same text ✓ {n_same} {same} exactly what plain decoding writes.", "good"), *differing)


def _differs(lane: LaneFigures, compared: ComparisonFacts) -> Paragraph:
    n_plain = None if compared.measured is None else compared.measured.n_plain_differing
    sentence = f"{lane.lane} {sameness_words(lane, n_plain)}."
    if lane.same_text is None:
        return Paragraph(f"Same text? {sentence}", "note")
    return (
        Paragraph(f"Same text ✓ {sentence}", "good") if lane.same_text else Paragraph(f"Other text ✗ {sentence}", "bad")
    )


def _lane_blocks(compared: ComparisonFacts, named: _Tables) -> tuple[Block, ...]:
    if not compared.lanes:
        return ()
    part = {lane.lane for lane in compared.taking_part}
    lanes = named["lanes"]
    lanes = lanes._replace(rows=tuple(row for row in lanes.rows if row[0] in part))
    names = [str(row[0]) for row in lanes.rows]
    marks = tuple(map(compared.place, names))
    chosen = None if compared.measured is None else compared.measured.recommendation
    starred = names.index(chosen.lane) if chosen is not None and chosen.lane in names else None
    energy = "" if compared.measured is None else compared.measured.energy
    measurable = any(lane.joules_per_token is not None for lane in compared.taking_part)
    speed = lanes.only(*(_SPEED if measurable else _SPEED[:-1]))._replace(title="Speed")
    caption = f"Energy: {energy or 'not measured'}."
    blocks: list[Block] = [
        TableBlock(speed, marks, starred, caption),
        *filter(None, (comparison_plots.speedups(compared),)),
        TableBlock(lanes.only(*_ACCEPTANCE)._replace(title="Acceptance and cost"), marks, starred, _COST_CAPTION),
    ]
    return (*blocks, *_why_not(compared))


_COST_CAPTION = (
    "[ ]: 95 % interval; “to”: smallest and largest value, where there are fewer than ten. Costs are in steps of plain "
    "decoding: drafting pays where tokens per round outweigh γ draft steps and the wider verification."
)


def _why_not(compared: ComparisonFacts) -> tuple[Block, ...]:
    named = frozenset(spec.name for spec in compared.started.lanes)
    reasons = {lane.lane: lane.why_not for lane in compared.lanes if lane.why_not}
    reasons |= {refusal.lane: f"{refusal.why}; {refusal.hint}" for refusal in compared.refused}
    facts = tuple((name, words.sentence(why, named)) for name, why in reasons.items())
    return (FactList(facts, "Why not the others", tuple(map(compared.place, reasons))),) if facts else ()


def _category_blocks(compared: ComparisonFacts, named: _Tables) -> tuple[Block, ...]:
    table = named["categories"]
    kinds = {row[1] for row in table.rows}
    if not kinds - {""}:
        return ()
    shown = table.only("lane", "category", "n_prompts", "alpha", "tau", "tokens_per_s", "speedup")
    return (TableBlock(shown._replace(title=""), tuple(compared.place(str(row[0])) for row in table.rows)),)


def _position_blocks(compared: ComparisonFacts) -> tuple[Block, ...]:
    plots = comparison_plots.positions(compared), comparison_plots.ranks(compared)
    drafting = [lane for lane in compared.taking_part if lane.positions]
    shapes = tuple((lane.lane, _shape(lane)) for lane in drafting)
    meaning = FactList(shapes, marks=tuple(compared.place(lane.lane) for lane in drafting))
    return tuple(block for block in (plots[0], meaning if shapes else None, plots[1]) if block is not None)


def _shape(lane: LaneFigures) -> str:
    at = f" after position {lane.shape_at}" if lane.shape == "cliff" else ""
    return f"{words.sentence(lane.shape)}{at}. {meaning(lane.shape, lane.shape_at)}"


def _prediction_blocks(compared: ComparisonFacts, named: _Tables) -> tuple[Block, ...]:
    plots = comparison_plots.predictions(compared), comparison_plots.drafters_by_gamma(compared)
    table = named["predictions"]
    rows = TableBlock(table._replace(title="")) if table.rows else None
    return tuple(block for block in (*plots, rows) if block is not None)


def _pilot_blocks(compared: ComparisonFacts, prices: Prices) -> tuple[Block, ...]:
    lanes = {lane.lane: lane for lane in compared.lanes}
    chosen = None if compared.measured is None else compared.measured.recommendation
    if not prices.named or chosen is None or PLAIN_LANE not in lanes:
        return ()
    if chosen.drafter == "none" or chosen.lane not in lanes:
        return (Paragraph("Nothing: plain decoding is the fastest here."),)
    return (BulletList(pilot.lines(pilot.summarise(lanes[PLAIN_LANE], lanes[chosen.lane], prices))),)


def _text_blocks(compared: ComparisonFacts, n_prompts: int) -> tuple[Block, ...]:
    blocks, note = texts.texts(compared, n_prompts)
    rated = (Paragraph(rated_blind(each)) for each in counts(compared.ratings))
    return (*rated, *blocks, *((Paragraph(note, "note"),) if note else ()))


def _method_lines(compared: ComparisonFacts) -> tuple[str, ...]:
    started, measured = compared.started, compared.measured
    lines = [
        "Every lane continued every prompt. Lanes took turns prompt by prompt in shuffled order, never two at a time, "
        "so that a disturbance of the machine hits all of them alike.",
        "Plain decoding is one of the lanes: it is measured in the same run, never estimated.",
        "Reading the prompt (prefill) is timed apart from decoding; speedups are of decoding alone.",
        "Time per token is that of all prompts over their tokens, and a speedup is plain decoding's over the lane's: "
        "figures that stand side by side divide to it.",
        "Intervals of a speedup are 95 % jackknife intervals over prompts. Below ten prompts the smallest and largest "
        "value are given, and no 95 % is claimed.",
        "α is accepted ÷ (accepted + rejected); draft efficiency is accepted ÷ proposed, which other programs call "
        "acceptance. τ is tokens per target call; plain decoding has 1.00.",
    ]
    if started.versions:
        measured_with = ", ".join(f"{name} {version}" for name, version in started.versions)
        lines.insert(0, f"Measured with {measured_with}.")
    if measured is not None and measured.energy:
        lines.append(f"Energy: {measured.energy}.")
    if started.note:
        lines.append(started.note)
    lines += [f"Left out of the prompt file: {line}" for line in started.skipped[:_MOST_SKIPPED]]
    n_more = max(started.n_skipped, len(started.skipped)) - _MOST_SKIPPED
    further = words.counted(n_more, "further line", "further lines")
    return (*lines, f"and {further}") if n_more > 0 else tuple(lines)


def _setting_blocks(compared: ComparisonFacts) -> tuple[Block, ...]:
    started = compared.started
    forward = (
        (("forward pass", started.runtime + (", as CUDA graphs" if started.graphs else "")),) if started.runtime else ()
    )
    machine = (
        ("processor", started.processor), ("device", f"{started.device}, {started.dtype}"), *forward,
        ("weights", "as stored" if started.quantize == "none" else started.quantize), *started.versions,
    )  # fmt: skip
    lanes = tuple((spec.name, _lane_words(spec)) for spec in started.lanes)
    identity = (
        ("comparison", started.comparison_id),
        ("target", words.model(started.target, "target")),
        *((_hashed(role), model_hash) for role, model_hash in started.hashes),
    )
    settings = tuple((words.setting(name), str(value)) for name, value in started.settings)
    marks = tuple(compared.place(spec.name) for spec in started.lanes)
    return (
        FactList(settings, "Settings of all lanes"), FactList(lanes, "Lanes", marks), FactList(machine, "Machine"),
        FactList(identity, "Identity"),
    )  # fmt: skip


def _lane_words(spec: LaneSpec) -> str:
    """What a lane decodes with."""
    length = f"draft length {spec.gamma}" if spec.gamma else "drafts that a gate ends"
    drafting = f"drafter {words.model(spec.drafter, 'drafter')}, {length}, method {spec.method}"
    own = "".join(f", {words.setting(name)} {value}" for name, value in spec.settings)
    return ("no drafter" if spec.name == PLAIN_LANE else drafting) + own


def _hashed(role: str) -> str:
    """Whose weights a hash is of: `target`, or `drafter` and its SPEC."""
    name, _, spec = role.partition(" ")
    return f"hash of {name} {words.model(spec, 'drafter')}" if spec else f"hash of {name}"
