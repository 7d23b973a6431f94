"""What is done before anything is timed, and done once."""

import subprocess
import sys

from engine.methods.speculative_rag.warming import warm_clustering
from engine.rag.memo import Memo

_IMPORTED = """
import sys
from engine.rag.memo import Memo
from engine.methods.speculative_rag.warming import warm_clustering
before = "sklearn.cluster" in sys.modules
warm_clustering(Memo())
print(before, "sklearn.cluster" in sys.modules)
"""


def test_the_library_that_clusters_is_there_before_a_question_is_timed() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_clustering_is_warmed_once() -> None:
    memo = Memo()
    warm_clustering(memo)
    first = set(memo.warm)
    warm_clustering(memo)
    assert memo.warm == first and len(first) == 1
