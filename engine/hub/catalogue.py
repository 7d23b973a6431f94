"""The short list of pairs that fit each other: ids, sizes, shapes and licences as their makers published them.

* imports neither Qt nor torch.

Written down from general knowledge on the date below, not asked of a hub: before a download the hub's own figures are
shown. The number of parameters follows from the shape, which a test holds; files are in bfloat16, in round figures."""

from typing import Literal, NamedTuple, TypeAlias

STATED = "2026-11-29"
ModelType: TypeAlias = Literal["llama", "qwen2", "qwen3", "gemma3_text"]


class CatalogueShape(NamedTuple):
    """The sizes of a published model. tied: its head is its embedding. window: of its sliding layers, 0 for none."""

    model_type: ModelType
    hidden: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head: int
    intermediate: int
    n_vocabulary: int
    context: int
    tied: bool
    window: int = 0


class CatalogueModel(NamedTuple):
    """A published model. n_bytes: of its files."""

    spec: str
    n_parameters: int
    n_bytes: int
    licence: str
    shape: CatalogueShape
    gated: bool = False


class CataloguePair(NamedTuple):
    """A target and a drafter with the same tokenizer."""

    family: str
    target: CatalogueModel
    drafter: CatalogueModel


_GB = 10**9
_QWEN_25 = {
    size: CatalogueModel(f"Qwen/Qwen2.5-{size}-Instruct", n_parameters, int(gigabytes * _GB), "apache-2.0", shape)
    for size, n_parameters, gigabytes, shape in (
        ("0.5B", 494_032_768, 1.00, CatalogueShape("qwen2", 896, 24, 14, 2, 64, 4864, 151_936, 32_768, True)),
        ("1.5B", 1_543_714_304, 3.10, CatalogueShape("qwen2", 1536, 28, 12, 2, 128, 8960, 151_936, 32_768, True)),
        ("7B", 7_615_616_512, 15.25, CatalogueShape("qwen2", 3584, 28, 28, 4, 128, 18_944, 152_064, 32_768, False)),
        ("14B", 14_770_033_664, 29.55, CatalogueShape("qwen2", 5120, 48, 40, 8, 128, 13_824, 152_064, 32_768, False)),
        ("32B", 32_763_876_352, 65.54, CatalogueShape("qwen2", 5120, 64, 40, 8, 128, 27_648, 152_064, 32_768, False)),
    )
}
_QWEN_3 = {
    size: CatalogueModel(f"Qwen/Qwen3-{size}", n_parameters, int(gigabytes * _GB), "apache-2.0", shape)
    for size, n_parameters, gigabytes, shape in (
        ("0.6B", 596_049_920, 1.52, CatalogueShape("qwen3", 1024, 28, 16, 8, 128, 3072, 151_936, 40_960, True)),
        ("1.7B", 1_720_574_976, 4.08, CatalogueShape("qwen3", 2048, 28, 16, 8, 128, 6144, 151_936, 40_960, True)),
        ("4B", 4_022_468_096, 8.06, CatalogueShape("qwen3", 2560, 36, 32, 8, 128, 9728, 151_936, 40_960, True)),
        ("8B", 8_190_735_360, 16.40, CatalogueShape("qwen3", 4096, 36, 32, 8, 128, 12_288, 151_936, 40_960, False)),
        ("14B", 14_768_307_200, 29.55, CatalogueShape("qwen3", 5120, 40, 40, 8, 128, 17_408, 151_936, 40_960, False)),
        ("32B", 32_762_123_264, 65.54, CatalogueShape("qwen3", 5120, 64, 64, 8, 128, 25_600, 151_936, 40_960, False)),
    )
}
_LLAMA_1B = CatalogueShape("llama", 2048, 16, 32, 8, 64, 8192, 128_256, 131_072, True)
_LLAMA_3B = CatalogueShape("llama", 3072, 28, 24, 8, 128, 8192, 128_256, 131_072, True)
_LLAMA_8B = CatalogueShape("llama", 4096, 32, 32, 8, 128, 14_336, 128_256, 131_072, False)
_LLAMA_70B = CatalogueShape("llama", 8192, 80, 64, 8, 128, 28_672, 128_256, 131_072, False)
_LLAMA_3 = {
    size: CatalogueModel(f"meta-llama/Llama-{size}-Instruct", n, int(gigabytes * _GB), licence, shape, gated=True)
    for size, n, gigabytes, licence, shape in (
        ("3.2-1B", 1_235_814_400, 2.48, "llama3.2", _LLAMA_1B),
        ("3.2-3B", 3_212_749_824, 6.44, "llama3.2", _LLAMA_3B),
        ("3.1-8B", 8_030_261_248, 16.07, "llama3.1", _LLAMA_8B),
        ("3.3-70B", 70_553_706_496, 141.12, "llama3.3", _LLAMA_70B),
    )
}
_SMOLLM_2 = {
    size: CatalogueModel(f"HuggingFaceTB/SmolLM2-{size}-Instruct", n, int(gigabytes * _GB), "apache-2.0", shape)
    for size, n, gigabytes, shape in (
        ("135M", 134_515_008, 0.27, CatalogueShape("llama", 576, 30, 9, 3, 64, 1536, 49_152, 8192, True)),
        ("360M", 361_821_120, 0.73, CatalogueShape("llama", 960, 32, 15, 5, 64, 2560, 49_152, 8192, True)),
        ("1.7B", 1_711_376_384, 3.43, CatalogueShape("llama", 2048, 24, 32, 32, 64, 8192, 49_152, 8192, True)),
    )
}
_GEMMA_3 = {
    size: CatalogueModel(f"google/gemma-3-{size}-it", n, int(gigabytes * _GB), "gemma", shape, gated=True)
    for size, n, gigabytes, shape in (
        (
            "270m",
            268_098_176,
            0.58,
            CatalogueShape("gemma3_text", 640, 18, 4, 1, 256, 2048, 262_144, 32_768, True, 512),
        ),
        ("1b", 999_885_952, 2.04, CatalogueShape("gemma3_text", 1152, 26, 4, 1, 256, 6912, 262_144, 32_768, True, 512)),
    )
}
# Large first within a family, so that what is best of what fits comes first.
PAIRS = (
    CataloguePair("SmolLM2", _SMOLLM_2["1.7B"], _SMOLLM_2["135M"]),
    CataloguePair("SmolLM2", _SMOLLM_2["360M"], _SMOLLM_2["135M"]),
    CataloguePair("Qwen2.5", _QWEN_25["32B"], _QWEN_25["1.5B"]),
    CataloguePair("Qwen2.5", _QWEN_25["14B"], _QWEN_25["0.5B"]),
    CataloguePair("Qwen2.5", _QWEN_25["7B"], _QWEN_25["0.5B"]),
    CataloguePair("Qwen2.5", _QWEN_25["1.5B"], _QWEN_25["0.5B"]),
    CataloguePair("Qwen3", _QWEN_3["32B"], _QWEN_3["1.7B"]),
    CataloguePair("Qwen3", _QWEN_3["14B"], _QWEN_3["0.6B"]),
    CataloguePair("Qwen3", _QWEN_3["8B"], _QWEN_3["0.6B"]),
    CataloguePair("Qwen3", _QWEN_3["4B"], _QWEN_3["0.6B"]),
    CataloguePair("Llama 3", _LLAMA_3["3.3-70B"], _LLAMA_3["3.2-1B"]),
    CataloguePair("Llama 3", _LLAMA_3["3.1-8B"], _LLAMA_3["3.2-1B"]),
    CataloguePair("Llama 3", _LLAMA_3["3.2-3B"], _LLAMA_3["3.2-1B"]),
    CataloguePair("Gemma 3", _GEMMA_3["1b"], _GEMMA_3["270m"]),
)


def n_parameters(shape: CatalogueShape) -> int:
    """Number of weights of a model of this shape; a tied head counts once."""
    d, width, kv_width = shape.hidden, shape.n_heads * shape.head, shape.n_kv_heads * shape.head
    norms = {"llama": 2 * d, "qwen2": 2 * d, "qwen3": 2 * d + 2 * shape.head, "gemma3_text": 4 * d + 2 * shape.head}
    biases = width + 2 * kv_width if shape.model_type == "qwen2" else 0
    layer = 2 * d * width + 2 * d * kv_width + biases + 3 * d * shape.intermediate + norms[shape.model_type]
    embeddings = (1 if shape.tied else 2) * shape.n_vocabulary * d
    return embeddings + shape.n_layers * layer + d


def configuration(shape: CatalogueShape) -> dict[str, object]:
    """What a checkpoint of this shape has in its config.json, as far as memory depends on it."""
    sliding = {"sliding_window": shape.window} if shape.window else {}
    return {
        "model_type": shape.model_type,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.n_layers,
        "num_attention_heads": shape.n_heads,
        "num_key_value_heads": shape.n_kv_heads,
        "head_dim": shape.head,
        "intermediate_size": shape.intermediate,
        "vocab_size": shape.n_vocabulary,
        "max_position_embeddings": shape.context,
        "tie_word_embeddings": shape.tied,
        **sliding,
    }
