"""Tells how the weights of a checkpoint are quantised, and which package reads them. * imports neither Qt nor torch."""

from collections.abc import Mapping
from importlib.util import find_spec

from engine.errors import ModelError

_HINT = "use the checkpoint of the unquantised model: Draftscope quantises it while loading (--quantize)"
# The module that reads each method of transformers, and the package that has it; no entry where torch is enough.
_PACKAGES = {
    "aqlm": ("aqlm", "aqlm"),
    "auto-round": ("auto_round", "auto-round"),
    "awq": ("gptqmodel", "gptqmodel"),
    "bitsandbytes": ("bitsandbytes", "bitsandbytes"),
    "compressed-tensors": ("compressed_tensors", "compressed-tensors"),
    "eetq": ("kernels", "kernels"),
    "fbgemm_fp8": ("fbgemm_gpu", "fbgemm-gpu"),
    "fouroversix": ("fouroversix", "fouroversix"),
    "fp_quant": ("fp_quant", "fp-quant"),
    "gptq": ("gptqmodel", "gptqmodel"),
    "higgs": ("flute", "flute-kernel"),
    "hqq": ("hqq", "hqq"),
    "mxfp4": ("kernels", "kernels"),
    "quanto": ("optimum.quanto", "optimum-quanto"),
    "quark": ("quark", "amd-quark"),
    "sinq": ("sinq", "sinq"),
    "spqr": ("spqr_quant", "spqr-quant"),
    "vptq": ("vptq", "vptq"),
}
# Its settings name classes of their package; transformers makes those of whatever the file says.
_NOT_READ = ("torchao",)


def refuse_unread(spec: str, config: Mapping[str, object]) -> None:
    """Raises ModelError for quantised weights that nothing installed here can read."""
    method = quantisation_method(config)
    if not method:
        return
    if method in _NOT_READ:
        raise ModelError(f"{spec} holds weights quantised with {method}, which Draftscope does not read", _HINT)
    module, package = _PACKAGES.get(method, ("", ""))
    if module and not _is_installed(module):
        reason = f"{spec} holds weights quantised with {method}, and the package {package} that reads them is missing"
        raise ModelError(reason, f"pip install {package}, or {_HINT}")


def quantisation_method(config: Mapping[str, object]) -> str:
    """How the weights of a configuration are quantised, in transformers' words; empty where they are not."""
    settings = config.get("quantization_config")
    text = config.get("text_config")
    if settings is None and isinstance(text, Mapping):
        settings = text.get("quantization_config")
    if not isinstance(settings, Mapping):
        return ""
    if settings.get("load_in_4bit") or settings.get("load_in_8bit"):
        return "bitsandbytes"
    return str(settings.get("quant_method") or "an unnamed method")[:80].strip().lower()


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
