"""Loading: devices, dtypes, architectures, tokenizers, vocabularies, memory."""

import copy
import json
import threading
import warnings
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from engine.commands import Estimate, Load
from engine.errors import InputError, ModelError
from engine.events import Compared, ConversionStarted, Estimated, ModelLoaded, Progressed
from engine.models import checkpoint_folder, checks, devices, load_plan, weights
from engine.models.gguf import cache, process
from engine.session.session import Session
from tests import fakes, gguf_files, vocabularies
from tests.engine.models.gguf.test_cache import in_this_process
from tests.engine.session.running import emitted, run


@pytest.mark.parametrize(
    "name", ["gpu", "cuda:x", "cpu:1", "cpu:", "cuda:", "", "cuda:99", "cuda:00", "cuda:٣", "mps", "xpu"]
)
def test_unknown_or_absent_device_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="device"):
        devices.parse_device(name)


def test_a_gpu_is_always_named_with_its_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    assert devices.parse_device("auto") == devices.parse_device("cuda") == devices.parse_device("cuda:0")
    assert devices.parse_device("cuda") == torch.device("cuda", 0)
    assert devices.parse_device("cuda:1") == torch.device("cuda", 1)


@pytest.mark.parametrize(
    ("capability", "kind"), [((6, 1), "float32"), ((7, 5), "float16"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")]
)
def test_auto_dtype_is_what_the_device_computes_fast(
    capability: tuple[int, int], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert devices.parse_dtype("auto", torch.device("cpu")) == torch.float32
    assert devices.parse_dtype("auto", torch.device("cuda", 0)) == getattr(torch, kind)
    assert devices.parse_dtype("bfloat16", torch.device("cuda", 0)) == torch.bfloat16
    with pytest.raises(InputError, match="unknown dtype"):
        devices.parse_dtype("int3", torch.device("cpu"))


def test_unknown_architecture_is_refused_by_name(tmp_path: Path) -> None:
    folder = fakes.save(fakes.model(), tmp_path / "m")
    file = tmp_path / "m" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "model_type": "oscillator"}))
    with pytest.raises(ModelError, match="oscillator"):
        list(Session().do(Load(folder, "none")))


def test_model_that_is_not_causal_is_refused(tmp_path: Path) -> None:
    folder = fakes.save(fakes.model(), tmp_path / "m")
    file = tmp_path / "m" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "model_type": "clip"}))
    with pytest.raises(ModelError, match="not a causal language model"):
        list(Session().do(Load(folder, "none")))


@pytest.mark.parametrize("runtime", ["auto", "modules"])
def test_model_whose_tokens_see_those_that_follow_is_refused(runtime: str, tmp_path: Path) -> None:
    folder = fakes.save(fakes.model(), tmp_path / "m")
    change(tmp_path / "m", is_causal=False)
    with pytest.raises(ModelError, match="not a causal language model"):
        list(Session().do(Load(folder, "none", runtime=runtime)))
    gemma = fakes.save(fakes.model("gemma3_text"), tmp_path / "g")
    change(tmp_path / "g", use_bidirectional_attention=True)
    with pytest.raises(ModelError, match="not a causal language model"):
        list(Session().do(Load(gemma, "none", runtime=runtime)))


def test_model_whose_rope_changes_midway_is_used_up_to_there(tmp_path: Path) -> None:
    rope = {"rope_type": "longrope", "rope_theta": 1e4, "factor": 2.0, "original_max_position_embeddings": 48}
    longer = {**rope, "short_factor": [1.0] * 4, "long_factor": [9.0] * 4}
    folder = fakes.save(fakes.model(rope_parameters=longer), tmp_path / "m")
    session = Session()
    list(session.do(Load(folder, folder)))
    assert session.target is not None
    assert session.target.context == 48
    texts = [emitted(run(session, "The harbour", gamma=gamma, max_new_tokens=100)) for gamma in (1, 4, 16)]
    assert texts[0] == texts[1] == texts[2]


def test_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    fakes.model().save_pretrained(tmp_path / "m")
    with pytest.raises(ModelError, match="tokenizer"):
        list(Session().do(Load(str(tmp_path / "m"), "none")))


def test_tokenizers_that_share_no_text_are_refused_naming_the_first_token_that_differs(tmp_path: Path) -> None:
    target = fakes.save(fakes.model(), tmp_path / "t")
    other = fakes.save(fakes.model(), tmp_path / "d", words=vocabularies.blanks_lost())
    session = Session()
    with pytest.raises(InputError, match=r"token \d+ is '.+' there and '.+' here"):
        list(session.do(Load(target, other)))
    assert session.target is None


def without(folder: Path, words: str) -> None:
    file = folder / "model.safetensors"
    save_file({name: tensor for name, tensor in load_file(file).items() if words not in name}, file, {"format": "pt"})


def test_checkpoint_that_lacks_a_weight_is_refused_instead_of_running_on_random_numbers(tmp_path: Path) -> None:
    folder = fakes.save(fakes.model(), tmp_path / "m")
    without(tmp_path / "m", "layers.1.mlp")
    with pytest.raises(ModelError, match=r"layers\.1\.mlp\..*missing"):
        list(Session().do(Load(folder, "none")))


def test_configuration_larger_than_its_weights_is_refused(tmp_path: Path) -> None:
    folder = fakes.save(fakes.model(), tmp_path / "m")
    change(tmp_path / "m", num_hidden_layers=3, layer_types=None)
    with pytest.raises(ModelError, match=r"layers\.2"):
        list(Session().do(Load(folder, "none")))


@pytest.mark.parametrize(
    "values",
    [{"num_attention_heads": 0}, {"hidden_size": "abc"}, {"hidden_size": None}, {"num_hidden_layers": -1},
     {"max_position_embeddings": 0}, {"vocab_size": 0}, {"quantization_config": {"quant_method": "gptq", "bits": 4}}],
    ids=str,
)  # fmt: skip
def test_impossible_configuration_is_one_line(tmp_path: Path, values: dict[str, object]) -> None:
    folder = fakes.save(fakes.model(), tmp_path / "m")
    change(tmp_path / "m", **values)
    with pytest.raises(ModelError):
        list(Session().do(Load(folder, "none")))


def change(folder: Path, **values: object) -> None:
    change_file(folder / "config.json", **values)


def change_file(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_model_with_a_recurrent_state_is_refused(tmp_path: Path) -> None:
    config = AutoConfig.for_model(
        "qwen3_next", vocab_size=fakes.N_ENTRIES, hidden_size=32, intermediate_size=64, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, linear_num_value_heads=4, linear_num_key_heads=2,
        linear_key_head_dim=8, linear_value_head_dim=8, num_experts=2, num_experts_per_tok=1,
        moe_intermediate_size=16, shared_expert_intermediate_size=16, max_position_embeddings=64,
    )  # fmt: skip
    folder = fakes.save(AutoModelForCausalLM.from_config(config), tmp_path / "m")
    with pytest.raises(ModelError, match="recurrent state"):
        list(Session().do(Load(folder, "none")))


def test_failed_load_leaves_the_loaded_pair_usable(tmp_path: Path) -> None:
    target = fakes.save(fakes.model(), tmp_path / "t")
    session = Session()
    list(session.do(Load(target, "lookup")))
    with pytest.raises(InputError):
        list(session.do(Load("./nowhere", "lookup")))
    assert session.target is not None
    assert session.target.spec == target


def test_estimate_counts_weights_cache_and_drafter(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    checkpoint = checkpoint_folder.inspect(spec)
    cpu = torch.device("cpu")
    planned = load_plan.plan(checkpoint, checkpoint, cpu, cpu, "float32")._replace(runtime="modules")
    needed = load_plan.estimate(planned)
    assert needed.weights_bytes == 4 * checkpoint.n_parameters
    assert needed.kv_bytes == 2 * 2 * 2 * 8 * fakes.CONTEXT * 4
    assert needed.drafter_bytes == needed.weights_bytes + needed.kv_bytes


def test_models_larger_than_memory_are_refused_before_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    monkeypatch.setattr(devices, "free_bytes", lambda _device: 1000)
    with pytest.raises(InputError, match="are free on cpu"):
        list(Session().do(Load(spec, "none")))


def test_loading_says_what_it_needs_and_how_far_it_is(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    events = list(Session().do(Load(spec, spec)))
    names = [type(event).__name__ for event in events]
    assert names[0] == "Estimated"
    assert names[-1] == "ModelLoaded"
    reports = [event for event in events if isinstance(event, Progressed)]
    done = [report.done for report in reports]
    total = 2 * 4 * checkpoint_folder.inspect(spec).n_parameters
    assert (done[0], done[-1]) == (0, total)
    assert done == sorted(done)
    assert len(set(done)) > 10
    assert {(report.total, report.unit) for report in reports} == {(total, "bytes")}
    assert reports[-1].elapsed_s >= reports[1].elapsed_s > 0


def test_large_checkpoint_makes_at_most_a_few_hundred_reports(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(num_hidden_layers=60, layer_types=None), tmp_path / "m")
    reports = [event for event in Session().do(Load(spec, "none")) if isinstance(event, Progressed)]
    assert 60 < len(reports) < 210


def test_load_that_is_closed_midway_ends_its_thread_and_leaves_the_pair(tmp_path: Path) -> None:
    first = fakes.save(fakes.model(), tmp_path / "a")
    second = fakes.save(fakes.model(), tmp_path / "b")
    session = Session()
    list(session.do(Load(first, "lookup")))
    events = session.do(Load(second, "none"))
    assert [type(next(events)).__name__ for _ in range(4)] == ["Estimated"] + 3 * ["Progressed"]
    events.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name == "draftscope-weights"]
    assert session.target is not None
    assert (session.target.spec, session.drafter_spec) == (first, "lookup")


def test_pair_that_cannot_work_is_refused_before_its_weights_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = fakes.save(fakes.model(), tmp_path / "t")
    other = fakes.save(fakes.model(), tmp_path / "d", words=vocabularies.blanks_lost())
    monkeypatch.setattr(weights, "read", lambda *_: pytest.fail("weights were read"))
    with pytest.raises(InputError, match="does not share the tokenizer"):
        list(Session().do(Load(target, other)))


def test_pair_of_two_tokenizers_loads_and_says_how_it_drafts(tmp_path: Path) -> None:
    target = fakes.save(fakes.model(), tmp_path / "t")
    words = vocabularies.tokenizer("space_sign")
    other = fakes.save(fakes.model(n_vocabulary=len(words)), tmp_path / "d", words=words)
    *_, loaded = Session().do(Load(target, other))
    assert isinstance(loaded, ModelLoaded)
    assert (loaded.drafts_through, loaded.drafter_tokens) == ("text", len(words))
    assert 0 < loaded.shared_tokens < len(words)
    *_, same = Session().do(Load(target, target))
    assert isinstance(same, ModelLoaded)
    assert (same.drafts_through, same.shared_tokens) == ("ids", 0)


@pytest.mark.parametrize("runtime", ["fused", "modules"])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_pair_with_added_tokens_at_the_end_of_one_drafts_on_ids(
    tmp_path: Path, runtime: str, temperature: float
) -> None:
    chat = copy.deepcopy(fakes.tokenizer())
    chat.add_special_tokens({"additional_special_tokens": ["<|user|>", "<|model|>"]})
    few = fakes.save(fakes.model(), tmp_path / "t")
    many = fakes.save(fakes.model(n_vocabulary=fakes.N_ENTRIES + 2), tmp_path / "d", words=chat)
    for target, drafter in ((few, many), (many, few)):
        session = Session()
        *_, loaded = session.do(Load(target, drafter, runtime=runtime))
        assert isinstance(loaded, ModelLoaded)
        assert loaded.drafts_through == "ids"
        events = run(
            session,
            "<|user|>The harbour<|model|>",
            max_new_tokens=12,
            temperature=temperature,
            baseline=True,
            repeats=1,
        )
        assert len(emitted(events)) == 12
        assert [event.same for event in events if isinstance(event, Compared)] == ([] if temperature else [True])


def estimated(target: str, drafter: str) -> Estimated:
    (event,) = Session().do(Estimate(Load(target, drafter)))
    assert isinstance(event, Estimated)
    return event


def test_estimate_of_a_pair_is_what_its_load_says(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    asked, loaded = estimated(spec, "lookup"), next(iter(Session().do(Load(spec, "lookup"))))
    assert isinstance(loaded, Estimated)
    assert asked == replace(loaded, free_bytes=asked.free_bytes)
    assert (asked.target, asked.drafter, asked.context, asked.why_not) == (spec, "lookup", fakes.CONTEXT, "")


def test_estimate_says_why_a_load_would_be_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "t")
    other = fakes.save(fakes.model(), tmp_path / "d", words=fakes.tokenizer(seed=2))
    lossy = fakes.save(fakes.model(), tmp_path / "l", words=vocabularies.blanks_lost())
    assert "no folder" in estimated("./nowhere", "none").why_not
    assert estimated(spec, other).why_not == ""
    assert "tokenizer" in estimated(spec, lossy).why_not
    assert estimated(spec, lossy).weights_bytes > 0
    monkeypatch.setattr(devices, "free_bytes", lambda _device: 1000)
    assert "are free on cpu" in estimated(spec, "none").why_not


def test_estimate_reads_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    monkeypatch.setattr(weights, "read", lambda *_: pytest.fail("weights were read"))
    assert estimated(spec, spec).drafter_bytes > 0


@pytest.fixture
def gguf_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two GGUF files, target and drafter, converted in this process where they are."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(process, "run", in_this_process)
    target = fakes.model()
    files = (
        gguf_files.write(tmp_path / "t.gguf", target),
        gguf_files.write(tmp_path / "d.gguf", fakes.noisy_copy(target)),
    )
    return str(files[0]), str(files[1])


def test_gguf_files_are_converted_as_they_are_loaded_and_decode_like_their_folders(
    gguf_pair: tuple[str, str], tmp_path: Path
) -> None:
    load, folders = Load(*gguf_pair), tmp_path / "folder"
    session = Session()
    (estimate,) = session.do(Estimate(load))
    assert isinstance(estimate, Estimated) and not estimate.why_not
    assert [Path(conversion.file).name for conversion in estimate.conversions] == ["t.gguf", "d.gguf"]
    events = list(session.do(load))
    assert [event.file for event in events if isinstance(event, ConversionStarted)] == list(gguf_pair)
    assert {event.phase for event in events if isinstance(event, Progressed)} == {"reading", "converting", "loading"}
    assert session.target is not None and session.target.spec == gguf_pair[0]
    reference = Session()
    target, drafter = fakes.model(), fakes.noisy_copy(fakes.model())
    list(reference.do(Load(fakes.save(target, folders / "t"), fakes.save(drafter, folders / "d"))))
    assert emitted(run(session, "The harbour")) == emitted(run(reference, "The harbour"))
    again = list(Session().do(load))
    assert not [event for event in again if isinstance(event, ConversionStarted)]
    (estimate,) = session.do(Estimate(load))
    assert isinstance(estimate, Estimated) and estimate.conversions == ()


def test_a_load_of_a_gguf_file_that_is_closed_midway_keeps_nothing(gguf_pair: tuple[str, str], tmp_path: Path) -> None:
    events = Session().do(Load(gguf_pair[0], "none"))
    while not (isinstance(event := next(events), Progressed) and event.phase == "converting"):
        pass
    events.close()  # type: ignore[attr-defined]
    assert not [path for path in (tmp_path / "cache" / "draftscope" / "gguf").iterdir() if "partial" in path.name]
    assert checkpoint_folder.inspect(gguf_pair[0]).gguf is not None


def test_a_drafter_as_gguf_file_with_other_words_is_known_to_draft_through_text_before_it_is_converted(
    gguf_pair: tuple[str, str], tmp_path: Path
) -> None:
    other = gguf_files.write(tmp_path / "o.gguf", fakes.model(vocab_size=290), words=fakes.tokenizer(290))
    target, drafter = checkpoint_folder.inspect(gguf_pair[0]), checkpoint_folder.inspect(str(other), drafter=True)
    assert checks.drafts_through(target, drafter) == "text"
    assert cache.converted(str(other)) is None


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_load_and_a_run_emit_no_warning(kind: str, tmp_path: Path) -> None:
    folder = fakes.save(fakes.model(kind), tmp_path / "m")
    session = Session()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(session.do(Load(folder, folder, runtime="modules")))
        assert emitted(run(session, "a b", max_new_tokens=8))


@pytest.mark.parametrize("value", ["someone/kernel", "flex_attention", "flash_attention_2", {"": "someone/kernel"}, 7])
@pytest.mark.parametrize("name", ["attn_implementation", "experts_implementation"])
def test_implementation_that_a_configuration_chooses_is_not_used(tmp_path: Path, name: str, value: object) -> None:
    folder = fakes.save(fakes.model(), tmp_path / "m")
    change(tmp_path / "m", **{name: value})
    session = Session()
    list(session.do(Load(folder, "none")))
    assert session.target is not None
    assert session.target.model.config._attn_implementation == "sdpa"
    assert session.target.model.config._experts_implementation in (None, "eager", "grouped_mm")


def test_configuration_far_larger_than_its_weights_fills_no_memory(tmp_path: Path) -> None:
    folder = fakes.save(fakes.model(), tmp_path / "m")
    n_parameters = checkpoint_folder.inspect(folder).n_parameters
    change(tmp_path / "m", intermediate_size=n_parameters)
    with pytest.raises(ModelError, match=r"config\.json describes .* numbers"):
        list(Session().do(Load(folder, "none")))


def test_text_configuration_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = fakes.save(fakes.model(), tmp_path / "m")
    change(tmp_path / "m", text_config={"hidden_size": 4})
    with pytest.raises(ModelError, match="not one transformers can read"):
        list(Session().do(Load(folder, "none")))


def test_code_of_the_models_own_is_not_run_where_transformers_has_the_family_and_that_is_said(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    (tmp_path / "m" / "modeling_own.py").write_text("raise SystemExit('ran')")
    for name in ("config.json", "tokenizer_config.json"):
        change_file(
            tmp_path / "m" / name, auto_map={"AutoModelForCausalLM": "modeling_own.X", "AutoTokenizer": ["own.Y", None]}
        )
    events = list(Session().do(Load(spec, "lookup")))
    loaded = next(event for event in events if isinstance(event, ModelLoaded))
    assert "config.json" in loaded.note
    assert "is not run" in loaded.note


@pytest.mark.parametrize("family", ["someones_own", "t5"])
def test_a_family_that_needs_code_of_its_own_is_refused_for_that(family: str, tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    change(tmp_path / "m", auto_map={"AutoModelForCausalLM": "own.X"}, model_type=family)
    with pytest.raises(ModelError, match="own code"):
        list(Session().do(Load(spec, "lookup")))


def test_what_a_generation_config_asks_for_is_said_when_it_is_loaded(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    asked = {"repetition_penalty": 1.3, "num_beams": 3, "do_sample": True, "temperature": 0.6}
    change_file(tmp_path / "m" / "generation_config.json", **asked)
    loaded = next(event for event in Session().do(Load(spec, "lookup")) if isinstance(event, ModelLoaded))
    assert loaded.rules == ("repetition penalty 1.3",)
    assert loaded.ignored == ("beam search with 3 beams",)
    assert loaded.sampling == "temperature 0.6"


def test_a_generation_config_that_makes_no_sense_is_refused_by_its_value(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    change_file(tmp_path / "m" / "generation_config.json", repetition_penalty=-2.0)
    with pytest.raises(ModelError, match=r"repetition_penalty = -2\.0"):
        list(Session().do(Load(spec, "lookup")))
