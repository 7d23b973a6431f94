"""What is fitted to the machine: fixed steps measure nothing, and the record holds what a resumed training needs."""

import torch

from engine.training import estimate, workload
from engine.training.drafter_config import DrafterConfig
from tests import fakes


def test_fixed_steps_give_the_same_workload_on_every_processor() -> None:
    settings = DrafterConfig(steps=77)
    work = estimate.plan_work(fakes.config("llama"), settings, n_vocabulary=fakes.N_ENTRIES, device=torch.device("cpu"))
    load = workload.fixed(work, settings, device=torch.device("cpu"))
    assert (load.dtype, load.steps, load.n_rows) == (torch.float32, 77, work.rows.n_rows)
