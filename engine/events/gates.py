"""Events of approximate verification: collecting rows for a gate, training it, and what a threshold does.

* imports neither Qt nor torch. Source: arXiv:2502.04557."""

from typing import Literal, TypeAlias

from engine.events.base import Event, Setting, Struct
from engine.statistics import Interval, RatioEstimate

# As what a collection of rows, a training and a sweep over thresholds are kept: the `method` of their WorkStarted.
GATE_ROWS, GATE_TRAINING, GATE_SWEEP = "gate rows", "gate", "sprinter"
GateLabel: TypeAlias = Literal["hard", "soft", "greedy"]
GateInput: TypeAlias = Literal["hidden", "log_q", "embedding"]
ScoreName: TypeAlias = Literal["gate", "q"]
Verification: TypeAlias = Literal["plain", "exact", "block", "ensemble", "lenience", "sprinter"]


class RocPoint(Struct, frozen=True):
    """What a threshold lets through: of the tokens that the target rejects, and of those it accepts."""

    threshold: float
    false_rate: float
    true_rate: float


class ReliabilityBin(Struct, frozen=True):
    """Tokens with a probability in one range: its mean, the share that the target accepts, and how many they are."""

    predicted: float
    observed: float
    n: int


class GateScore(Struct, frozen=True):
    """How well a probability tells accepted from rejected tokens, on held-out documents.

    name: the gate, or the drafter's probability q of the token alone, the baseline to beat. auc: area under the ROC
    curve; auc_ci: over documents. ece: mean distance of predicted and observed shares. brier: mean squared error."""

    name: ScoreName
    auc: float
    auc_ci: Interval | None
    ece: float
    brier: float
    roc: tuple[RocPoint, ...]
    reliability: tuple[ReliabilityBin, ...]


class GateConfusion(Struct, frozen=True):
    """Shares of the drafted tokens at a threshold, which add up to 1: what the gate lets through or stops, of what the
    target accepts (true_pass, false_stop) or rejects (false_pass, true_stop)."""

    threshold: float
    true_pass: float
    false_pass: float
    true_stop: float
    false_stop: float

    @property
    def eta_fp(self) -> float:
        """Of the tokens that the target rejects, the share that the gate lets through."""
        rejected = self.false_pass + self.true_stop
        return self.false_pass / rejected if rejected else 0.0

    @property
    def eta_fn(self) -> float:
        """Of the tokens that the target accepts, the share that the gate stops."""
        accepted = self.true_pass + self.false_stop
        return self.false_stop / accepted if accepted else 0.0

    @property
    def rho(self) -> float:
        """The share of drafted tokens that the gate lets through."""
        return self.true_pass + self.false_pass

    @property
    def alpha(self) -> float:
        """The share of drafted tokens that the target accepts."""
        return self.true_pass + self.false_stop


class GateRowsCollected(Event, frozen=True):
    """Drafted tokens were labelled, or as many as a stop left. n_documents: of n_asked. accepted: the share with
    q <= p; matched: the share that is the target's first choice; tv: mean total variation of target and drafter."""

    folder: str
    target: str
    drafter: str
    n_rows: int
    n_documents: int
    n_asked: int
    accepted: float
    matched: float
    tv: float
    seconds: float
    complete: bool = True


class GateTrainingStarted(Event, frozen=True):
    """The training of a gate began. width: of the drafter's hidden state; layers: 1, or 2 with a hidden layer."""

    target: str
    drafter: str
    rows: str
    inputs: tuple[GateInput, ...]
    label: GateLabel
    width: int
    n_parameters: int
    n_rows: int
    n_documents: int
    n_held_out: int
    n_held_out_documents: int
    epochs: int
    layers: int = 1


class GateTrained(Event, frozen=True):
    """A gate was written to a folder. scores: of the gate, and of q alone; confusions: at thresholds from 0 to 1, on
    held-out documents, as the drafts of its rows are verified. label_agreement: the share of those tokens whose label
    is what decoding asks, which in greedy decoding is the target's first choice."""

    folder: str
    target: str
    drafter: str
    inputs: tuple[GateInput, ...]
    label: GateLabel
    n_parameters: int
    loss: float
    held_out_loss: float
    scores: tuple[GateScore, ...]
    confusions: tuple[GateConfusion, ...]
    seconds: float
    n_held_out: int = 0
    n_held_out_documents: int = 0
    label_agreement: float = 1.0


class PredictedFigures(Struct, frozen=True):
    """What the theory says of a threshold, from held-out rows and the times of single steps. tv: eta_fp (1 - alpha)."""

    alpha: float
    eta_fp: float
    eta_fn: float
    rho: float
    drafts_per_call: float
    tokens_per_call: float
    tv: float
    ms_per_token: float | None = None


class StepTimes(Struct, frozen=True):
    """Milliseconds of one drafter step with its gate, and of a target forward over one token and over several.

    per_row_ms: what each further row adds to the target's forward."""

    draft_ms: float
    target_ms: float
    per_row_ms: float = 0.0


class GateFigures(Struct, frozen=True):
    """What was measured of a gate on new prompts. n_drafted: tokens; n_gated: those that no target tested; n_audited:
    of these. eta_fp, eta_fn, rho, alpha: over drafted tokens, of which eta_fp counts only untested ones as let through;
    audited_eta_fp: the same from the audited sample alone. assumption: how far eta_fp (1 - alpha) with the measured
    values is from the measured total variation, which the theorem says are equal."""

    n_drafted: int
    n_gated: int
    n_audited: int
    alpha: float
    eta_fp: float
    eta_fp_ci: Interval | None
    eta_fn: float
    rho: float
    drafts_per_call: float
    audited_eta_fp: float | None
    assumption: float


class QualityFigures(Struct, frozen=True):
    """How texts differ from the target's own. tv, kl: means over drafted positions, each against the target on the
    same prefix; kl: None where it is infinite, as in greedy decoding. tv_text: over all tokens, those of the target
    included. perplexity: of the texts under the target. exact_match, rouge_l: against the greedy text of the target.
    accuracy: share of questions answered right, None without questions. repeated: share of 4-grams that occurred
    before; capped: share of texts that ran to the length limit."""

    tv: float
    tv_ci: Interval | None
    tv_text: float
    perplexity: float
    exact_match: float
    rouge_l: float
    repeated: float
    capped: float
    kl: float | None = None
    accuracy: float | None = None
    accuracy_ci: Interval | None = None
    n_questions: int = 0


class WorkFigures(Struct, frozen=True):
    """Work of one token. paper_flops: as the paper counts it, a target's step for each call; flops: with every position
    that the target computes; read_bytes: weights read, a model's once a forward."""

    paper_flops: float
    flops: float
    read_bytes: float
    drafter_steps: float
    target_calls: float
    gate_flops: float


class SettingMeasured(Event, frozen=True):
    """One way of decoding, measured on the prompts. setting: the threshold, the weight of the target in an ensemble,
    the lenience, or the draft length. speedup: against plain decoding; speedup_vs_exact: against exact speculation at
    its own best draft length. gate_share: time of the gate over that of a drafter step. text, tokens: of the first
    prompt; texts: of all of them."""

    verification: Verification
    setting: float
    gamma: int
    n_prompts: int
    n_tokens: int
    tau: float
    ms_per_token: RatioEstimate
    speedup: RatioEstimate
    speedup_vs_exact: RatioEstimate | None
    quality: QualityFigures
    work: WorkFigures
    gate: GateFigures | None = None
    predicted: PredictedFigures | None = None
    gate_share: float | None = None
    text: str = ""
    tokens: tuple[int, ...] = ()
    at_s: float = 0.0
    texts: tuple[str, ...] = ()


class SettingsMeasured(Event, frozen=True):
    """All settings were measured, or those before a stop. best_gamma: of exact speculation. notes: where the theory's
    assumptions do not hold, with figures; cautions: what disturbed the measurement. prompts: as they were asked. steps:
    with which a threshold's time of a token is predicted, also of one that was not measured."""

    n_settings: int
    n_prompts: int
    best_gamma: int
    workload: str
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    settings: tuple[tuple[str, Setting], ...] = ()
    seconds: float = 0.0
    complete: bool = True
    prompts: tuple[str, ...] = ()
    steps: StepTimes | None = None
