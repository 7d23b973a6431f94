"""Measures how well the built-in models read, judge and draft, on a fresh world without any name from training.

Where a prompt asks for the answer alone, greedy decoding writes the gold answer exactly if and only if each of its
tokens is the most probable one after those before it, so one forward decides. Drafts and follow-ups are generated."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from threading import Event as Flag
from typing import NamedTuple, TypeAlias

import msgspec
import torch
from scipy import stats

from engine import prompts
from engine.bench import retrieval
from engine.bench.decode import perplexity, repeated_4grams
from engine.bench.retrieval import Retrieval
from engine.decoding.generation import Generation, whole
from engine.events import Event, Progressed, RoundFinished
from engine.machine.quiet import quiet_libraries
from engine.measuring.prompts import held_out_prompts
from engine.measuring.systems import small_model_drafter
from engine.models import checkpoint_folder, devices, loading
from engine.models.loading import LoadedModel
from engine.prompts import Prompt
from engine.runtime import RunContext
from engine.settings import GenerationConfig
from engine.statistics import Interval, wilson_interval
from engine.training.curriculum import Format
from engine.training.probe import written
from engine.training.samples import Sampler
from engine.world.census import CROWDED, SMALL, world, worlds
from engine.world.documents import archive
from engine.world.open_names import Kind, split_of
from engine.world.pages import Form
from engine.world.questions import QUESTION_KINDS, TRUE, Question, QuestionKind

Marks: TypeAlias = Sequence[bool]
_N_TRAINING_WORLDS = 1000
_N_PROMPTS, _N_NEW, _GAMMA = 20, 128, 4
_MOST_WRITTEN = 120


class BuiltinModels(NamedTuple):
    """The models under test; the misaligned drafter may be missing."""

    target: LoadedModel
    drafter: LoadedModel
    misaligned: LoadedModel | None


def load_builtin(folder: Path | None) -> BuiltinModels:
    """Load the models in a folder, the built-in ones where it is None, in float32 on the CPU or bfloat16 on a GPU.

    Raises InputError or ModelError where the target or the general drafter is missing."""
    quiet_libraries()
    base = folder or checkpoint_folder.builtin_folder("")
    device = devices.parse_device("auto")

    def load(name: str) -> LoadedModel:
        checkpoint = checkpoint_folder.inspect(str(base / name))
        *_, model = loading.load(checkpoint, device, devices.parse_dtype("auto", device))
        assert isinstance(model, LoadedModel)
        return model

    misaligned = load("misaligned") if (base / "misaligned").is_dir() else None
    return BuiltinModels(load("target"), load("general"), misaligned)


class BuiltinEval(msgspec.Struct, frozen=True):
    """Shares of exact greedy answers; `ci`: their 95 % Wilson intervals by field name.

    single_hop_near_10, unknown_10: among near-neighbour documents, with the answer and without it; retrieved_10: among
    the documents that the built-in embedder retrieves; reflection_hard_auc: against the text of a drafter that lacks
    the answer."""

    single_hop_gold: float
    single_hop_4: float
    single_hop_10: float
    single_hop_near_10: float
    unknown_10: float
    retrieved_10: float
    draft_gold: float
    draft_4: float
    draft_10: float
    dated: float
    claims: float
    claims_majority: float
    reflection_auc: float
    reflection_hard_auc: float
    two_hop: float
    retrieval_recall_10: float
    retrieval_documents: int
    retrieval_form: Form
    alpha_greedy: float
    alpha_t1: float
    alpha_misaligned: float | None
    repeated_4grams: float
    perplexity: float
    drafter_perplexity: float
    shared_entities: int
    n_questions: int
    n_entities: int
    seed: int
    gamma: int
    ci: dict[str, Interval]
    seconds: float


class Examiner:
    """Asks questions about fresh worlds; the same questions for the same seed."""

    def __init__(self, under_test: BuiltinModels, *, seed: int, n: int) -> None:
        self._models = under_test
        self._seed = seed
        self._n = n
        self.names: set[str] = set()

    def asked(
        self, kind: QuestionKind, *, sizes: Mapping[Kind, int] = SMALL, near_share: float = 0.0
    ) -> Iterator[tuple[Sampler, Question]]:
        """A question of the kind from each of n worlds of the test split, each with its own sampler."""
        for i in range(self._n):
            rng = Random(f"eval/{self._seed}/{kind}/{i}")
            new_world = world(rng, "test", sizes)
            self.names |= {entity.name for entity in new_world.entities}
            sampler = Sampler(archive(rng, new_world), rng, near_share=near_share)
            yield sampler, sampler.ask(kind)

    def near(self, n_documents: int, *, lacks: bool = False) -> Marks:
        """Whether single-hop questions would be answered exactly among near neighbours, which may lack the answer."""
        questions = self.asked("single", sizes=CROWDED, near_share=1.0)
        texts = ((s.withhold if lacks else s.write)("standard", question, n_documents) for s, question in questions)
        return [self._would_write(text) for text in texts]

    def retrieved(self, retrieval_result: Retrieval) -> Marks:
        """Whether each question would be answered exactly among the documents retrieved for it."""
        texts = (
            prompts.standard_rag(q.documents, q.question.question, q.question.answer) for q in retrieval_result.asked
        )
        return [self._would_write(text) for text in texts]

    def exact(self, format_: Format, kind: QuestionKind, n_documents: int) -> Marks:
        """Whether each question's whole text would be written exactly."""
        return [self._would_write(sampler.write(format_, q, n_documents)) for sampler, q in self.asked(kind)]

    def _would_write(self, prompt: Prompt) -> bool:
        target = self._models.target
        return bool(written(target.model, target.tokenizer, prompt)[1].all())

    def drafted(self, n_documents: int) -> Marks:
        """Whether the response after a freely written rationale is the gold answer."""
        return [
            prompts.read_draft(self._write(prompts.rag_draft(s.shown(q, n_documents), q.text))).response == q.answer
            for s, q in self.asked("single")
        ]

    def two_hop(self) -> Marks:
        """Whether freely written follow-ups over the gold documents end in the gold answer."""
        return [
            prompts.read_iterations(self._write(prompts.iterdrag(s.shown(q, 2), q.text))).answer == q.answer
            for s, q in self.asked("bridge")
        ]

    def majority(self) -> float:
        """Share of the more frequent of the two answers to the sampled claims."""
        true = sum(question.answer == TRUE for _, question in self.asked("claim")) / self._n
        return max(true, 1 - true)

    def reflection_auc(self, *, hard: bool = False) -> float:
        """Probability that a supported rationale and answer get higher odds of Yes than an unsupported one.

        hard: the unsupported ones are written by a drafter that lacks the answer."""
        log_odds: tuple[list[float], list[float]] = ([], [])
        for kind in QUESTION_KINDS:
            for i, (sampler, question) in enumerate(islice(self.asked(kind), max(2, self._n // len(QUESTION_KINDS)))):
                prompt = sampler.reflect(question, supported=i % 2 == 1)
                if hard and i % 2 == 0:
                    prompt = prompts.reflection(question.text, *sampler.invented(question), False)
                log_odds[i % 2].append(self._log_odds_of_yes(prompt))
        return float(stats.mannwhitneyu(log_odds[1], log_odds[0]).statistic) / (len(log_odds[0]) * len(log_odds[1]))

    @torch.inference_mode()
    def _log_odds_of_yes(self, prompt: Prompt) -> float:
        """Log odds of Yes against No."""
        target = self._models.target
        ids = torch.tensor([target.tokenizer(prompt.given)["input_ids"]], device=target.device)
        logits = target.model(input_ids=ids, use_cache=False).logits[0, -1].float()
        yes, no = (target.tokenizer(word)["input_ids"][0] for word in (prompts.YES, prompts.NO))
        return float(logits[yes] - logits[no])

    def _write(self, prompt: Prompt) -> str:
        """Text that the target writes greedily, up to the end of text."""
        target = self._models.target
        ids = target.tokenizer(prompt.given)["input_ids"]
        config = GenerationConfig(max_new_tokens=_MOST_WRITTEN)
        generation = _generate(target, self._models.drafter, config, ids)[1]
        return target.texts.text([token for token in generation.ids if token not in target.stop_ids])

    def shared_names(self, training_seed: int) -> int:
        """How many of the names asked about belong to the training split or occur in a sample of training worlds."""
        training_names = {
            e.name for w in islice(worlds(training_seed, "train"), _N_TRAINING_WORLDS) for e in w.entities
        }
        return sum(name in training_names or split_of(name) == "train" for name in self.names)


@torch.inference_mode()
def _generate(
    target: LoadedModel, drafter: LoadedModel, config: GenerationConfig, ids: Sequence[int]
) -> tuple[list[RoundFinished], Generation]:
    runtime = RunContext(target, small_model_drafter(target, drafter), "", cancelled=Flag())
    return whole(runtime.generate(config, ids, gamma=_GAMMA))


class DraftedProse(NamedTuple):
    """What a drafter did on held-out prose: accepted over tested drafts; and the mean share of a text's 4-grams that
    stood in it before, which tells whether the target loops."""

    alpha: float
    repeated_4grams: float


def drafted_prose(target: LoadedModel, drafter: LoadedModel, *, temperature: float) -> DraftedProse:
    """Continue held-out prose with a drafter."""
    accepted = tested = 0
    repeated: list[float] = []
    for i, ids in enumerate(held_out_prompts(target.tokenizer, _N_PROMPTS)):
        config = GenerationConfig(temperature=temperature, max_new_tokens=_N_NEW, seed=i, stop_at_end=False)
        rounds, generation = _generate(target, drafter, config, ids)
        fates = [t.fate for event in rounds for t in event.proposed]
        accepted += fates.count("accepted")
        tested += fates.count("accepted") + fates.count("rejected")
        repeated.append(repeated_4grams(generation.ids))
    return DraftedProse(accepted / max(1, tested), sum(repeated) / len(repeated))


def evaluate(under_test: BuiltinModels, *, seed: int, n: int, form: Form = "pages") -> Iterator[Event | BuiltinEval]:
    """Yield progress, then the result; form: of the documents searched.

    Raises ModelError, before anything else, where the embedder is missing."""
    started = time.perf_counter()
    examiner = Examiner(under_test, seed=seed, n=n)
    parts: dict[str, Callable[[], Marks]] = {
        "single_hop_gold": lambda: examiner.exact("standard", "single", 1),
        "single_hop_4": lambda: examiner.exact("standard", "single", 4),
        "single_hop_10": lambda: examiner.exact("standard", "single", 10),
        "single_hop_near_10": lambda: examiner.near(10),
        "unknown_10": lambda: examiner.near(10, lacks=True),
        "draft_gold": lambda: examiner.drafted(1),
        "draft_4": lambda: examiner.drafted(4),
        "draft_10": lambda: examiner.drafted(10),
        "dated": lambda: examiner.exact("standard", "dated", 2),
        "claims": lambda: examiner.exact("standard", "claim", 1),
        "two_hop": examiner.two_hop,
    }
    retrieval_result = yield from _retrieve(seed=seed, n=n, form=form)
    marks: dict[str, Marks] = {"retrieval_recall_10": retrieval_result.marks}
    parts["retrieved_10"] = lambda: examiner.retrieved(retrieval_result)
    for i, (name, part) in enumerate(parts.items()):
        yield Progressed("measuring", i, len(parts), "parts")
        marks[name] = part()
    yield _result(under_test, examiner, marks, retrieval_result, seed=seed, n=n, started=started)


def _retrieve(*, seed: int, n: int, form: Form) -> Generator[Event, None, Retrieval]:
    for item in retrieval.measure(seed=seed, n=n, form=form):
        if isinstance(item, Retrieval):
            return item
        yield item
    raise AssertionError("a measurement ends with its result")


def _result(
    under_test: BuiltinModels,
    examiner: Examiner,
    marks: dict[str, Marks],
    retrieval_result: Retrieval,
    *,
    seed: int,
    n: int,
    started: float,
) -> BuiltinEval:
    target, drafter = under_test.target, under_test.drafter
    shares = {name: sum(outcomes) / len(outcomes) for name, outcomes in marks.items()}
    misaligned = under_test.misaligned
    greedy = drafted_prose(target, drafter, temperature=0.0)
    return BuiltinEval(
        **shares,
        retrieval_documents=retrieval_result.n_documents,
        retrieval_form=retrieval_result.form,
        claims_majority=examiner.majority(),
        reflection_auc=examiner.reflection_auc(),
        reflection_hard_auc=examiner.reflection_auc(hard=True),
        alpha_greedy=greedy.alpha,
        alpha_t1=drafted_prose(target, drafter, temperature=1.0).alpha,
        alpha_misaligned=None if misaligned is None else drafted_prose(target, misaligned, temperature=0.0).alpha,
        repeated_4grams=greedy.repeated_4grams,
        perplexity=perplexity(target),
        drafter_perplexity=perplexity(drafter),
        shared_entities=examiner.shared_names(seed),
        n_questions=n,
        n_entities=len(examiner.names),
        seed=seed,
        gamma=_GAMMA,
        ci={name: wilson_interval(shares[name], len(outcomes)) for name, outcomes in marks.items()},
        seconds=time.perf_counter() - started,
    )
