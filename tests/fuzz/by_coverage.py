"""Inputs of one target led by what they reach of our code: `python -m tests.fuzz.by_coverage TARGET RUNS FOLDER`, by atheris.

The input that failed is left in FOLDER.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

from tests.fuzz.run import LONGEST_WAIT_S, MOST_MEMORY_MB, attempt, peak_mb
from tests.fuzz.targets import target_named

_LONGEST_INPUT_BYTES = 16_384


def main(name: str, runs: str, folder: str) -> None:
    warnings.simplefilter("ignore")
    target = target_named(name)
    with atheris.instrument_imports(include=["node", "models", "sr_templates"], enable_loader_override=False):
        scratch = Path(tempfile.mkdtemp())
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(target.seeds()):
            assert not attempt(target, seed, scratch), f"{name}: a valid input is refused"
            (corpus / f"seed-{number}").write_bytes(seed)

    def one(data: bytes) -> None:
        if problem := attempt(target, data, scratch):
            raise AssertionError(problem)

    options = [
        f"-runs={runs}", "-seed=1", f"-max_len={_LONGEST_INPUT_BYTES}", f"-timeout={int(LONGEST_WAIT_S)}",
        f"-rss_limit_mb={peak_mb() + 4 * MOST_MEMORY_MB}", f"-artifact_prefix={folder}/", "-verbosity=0",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
