"""The table of assets/benchmarks/README.md is what the benchmark files say, and nobody keeps it by hand."""

import json
from pathlib import Path

import pytest

import assets
from engine.bench import table
from engine.cli import main
from engine.errors import InputError

MARKS = f"before\n{table._BEGIN}\nold\n{table._END}\nafter\n"
SYSTEMS = {"ours_plain": 3.0, "ours_speculative": 1.0, "transformers_plain": 6.0, "transformers_assisted": 4.0}
RATIOS = {"ratio_vs_transformers": 4.0, "ratio_ci": [3.5, 4.5], "plain_ratio": 2.0, "plain_ratio_ci": None}
DECODE = {"ms_per_token": SYSTEMS, **RATIOS, "device": "cpu", "dtype": "float32", "processor": "A chip, 2 threads"}
PAIR = {"target": "timing:big", "drafter": "timing:small", "cell": {"ms_per_token": SYSTEMS, **RATIOS},
        "gpt_fast": {"ms_per_token": 2.0, "ratio": 2.0, "ratio_ci": None}, "predicted_ms": 2.5}  # fmt: skip
GPU = {"pairs": [PAIR], "device": "cuda", "dtype": "bfloat16", "processor": "A chip, 2 threads; A GPU"}

RAG_SYSTEM = {"latency_ms": 900.2, "latency_cut": None, "latency_cut_ci": None, "cut_to_speculated": None,
              "cut_to_speculated_ci": None}  # fmt: skip
RAG_OURS = {"latency_ms": 400.4, "latency_cut": 0.553, "latency_cut_ci": [0.54, 0.56], "cut_to_speculated": -0.1,
            "cut_to_speculated_ci": None}  # fmt: skip
RAG_ROW = {"passage_tokens": 200, "systems": {
    "standard_rag": RAG_SYSTEM, "standard_rag_speculative": RAG_SYSTEM, "speculative_rag": RAG_OURS}}  # fmt: skip
RAG = {"rows": [RAG_ROW, {"passage_tokens": 400, "systems": {}}], "target": "timing:big", "drafter": "timing:small",
       "note": "random weights", "n": 10, "rationale_tokens": 40, "answer_tokens": 10, "device": "cuda",
       "dtype": "bfloat16", "processor": "A chip; A GPU"}  # fmt: skip


def write(folder: Path, name: str, found: object) -> None:
    (folder / name).write_text(json.dumps(found))


def test_table_of_the_repository_is_what_the_command_would_write() -> None:
    readme = Path(next(iter(assets.__path__))) / "benchmarks" / "README.md"
    text = readme.read_text(encoding="utf-8")
    repeat = "run `draftscope bench table --readme assets/benchmarks/README.md`"
    assert table.rewritten(text, table.benchmarks()) == text, repeat


def test_the_newest_file_of_a_device_is_shown_and_the_text_around_is_kept(tmp_path: Path) -> None:
    write(tmp_path, "2026-01-01-cpu-decode.json", {**DECODE, "dtype": "float16"})
    write(tmp_path, "2026-01-02-cpu-decode.json", DECODE)
    write(tmp_path, "2026-01-03-cpu-ui.json", {})
    made = table.rewritten(MARKS, tmp_path)
    assert made.startswith("before\n")
    assert made.endswith(f"{table._END}\nafter\n")
    speculative = "| 1.00 | 4.00 [3.50, 4.50] | A chip, 2 threads | float32 | 2026-01-02 |"
    assert speculative in made
    assert "float16" not in made
    assert "old" not in made
    assert table.rewritten(made, tmp_path) == made


def test_without_a_file_of_a_gpu_the_command_for_it_is_named(tmp_path: Path) -> None:
    assert "not measured yet; run `draftscope bench gpu" in table.rewritten(MARKS, tmp_path)
    write(tmp_path, "2026-01-02-h200-gpu.json", GPU)
    made = table.rewritten(MARKS, tmp_path)
    assert "not measured yet" not in made
    assert "| big with small (timing pair): ours, speculative | 1.00 | 4.00 [3.50, 4.50] | A GPU | bfloat16 |" in made
    assert "gpt-fast, speculative | 2.00 | 2.00 (gpt-fast over ours) |" in made
    assert "reading the weights alone | 2.50 |" in made


def test_answers_from_documents_have_a_table_of_their_own_without_what_failed(tmp_path: Path) -> None:
    write(tmp_path, "2026-01-02-h200-rag.json", RAG)
    made = table.rewritten(MARKS, tmp_path)
    assert "| Speculative RAG at fixed counts | standard RAG ms |" in made
    line = (
        "| big with small (timing pair), 10 × 200, rationale 40, answer 10 | 900 | 900 | 400 | 55% [54%, 56%] | -10% |"
    )
    assert f"{line} A GPU | bfloat16 | 2026-01-02 |" in made
    assert "10 × 400" not in made
    write(tmp_path, "2026-01-03-h200-rag.json", {"rows": 1})
    with pytest.raises(InputError, match=r"2026-01-03-h200-rag\.json"):
        table.rewritten(MARKS, tmp_path)


def test_a_file_that_is_not_what_its_name_says_is_named(tmp_path: Path) -> None:
    write(tmp_path, "2026-01-02-cpu-decode.json", {"ms_per_token": 1})
    with pytest.raises(InputError, match=r"2026-01-02-cpu-decode\.json"):
        table.rewritten(MARKS, tmp_path)


def test_a_readme_without_marks_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("nothing here")
    assert main(["bench", "table", "--readme", str(readme)]) == 2
    assert main(["bench", "table", "--readme", str(tmp_path / "none.md")]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert readme.read_text() == "nothing here"
