"""Hand-made answers about models of a hub."""

from engine.events import (
    CachedModel,
    HubFile,
    ModelDescribed,
    ModelDownloaded,
    ModelsListed,
    OfferedModel,
    OfferedPair,
    PairsOffered,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = (HubFile("config.json", 800, 0), HubFile("model.safetensors", 5_000_000, 3_000_000), HubFile("x.json", 9, 9))
DESCRIBED = ModelDescribed(
    "org/x", COMMIT, "apache-2.0", FILES, "/cache/models--org--x", 10**10, "hub.example", n_parameters=135_000_000,
    family="llama", notes=("it has code of its own, which is neither downloaded nor run",),
)  # fmt: skip
DOWNLOADED = ModelDownloaded("org/x", "/cache/x", 5_000_809, ("config.json", "model.safetensors"), COMMIT, "apache-2.0")
SMALL = OfferedModel("org/small", 10**8, 2 * 10**8, "apache-2.0", cached=True)
LARGE = OfferedModel("org/large", 10**9, 2 * 10**9, "gemma", gated=True)
HUGE = OfferedModel("org/huge", 7 * 10**10, 14 * 10**10, "gemma", gated=True)
OFFERED = PairsOffered(
    (
        OfferedPair("Org", LARGE, SMALL, 5 * 2**30),
        OfferedPair("Org", HUGE, SMALL, 280 * 2**30, "the models need 280.0 GiB, 21.5 GiB are free on cpu"),
        OfferedPair("Org", SMALL, SMALL, 2**30),
    ),
    "cpu", "float32", "2026-11-29",
)  # fmt: skip
LISTED = ModelsListed(
    (
        CachedModel("org/small", "org/small", 2 * 10**8, 0, "apache-2.0", "llama", 8192, True, True),
        CachedModel("org/<b>", "org/<b>", 10**6, why_not="it has no weights"),
    ),
    "/cache", ("models--broken cannot be read",),
    (
        CachedModel(
            "/files/m.gguf", "/files/m.gguf", 3 * 10**8, 0, "", "llama", 8192, True, True,
            converted_into="/own/gguf/m-1", dtype="float32",
        ),
    ),
)  # fmt: skip
