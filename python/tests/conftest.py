"""What the tests have in common: the built-in study's adapters, and the commands."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STUDY = REPOSITORY / "experiments/minilm-sst2"
COMMANDS = Path(os.environ.get("LORA_SUBSPACE_COMMANDS", REPOSITORY / "target/debug"))
MODULE = "bert.encoder.layer.5.attention.self.value"


def _heeds_ctrl_c():
    """For a child's start: a shell may have had its jobs in the background ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(line, lock, **options):
    """Starts a run, sends it Ctrl-C once its lock is there, and gives its exit code and what it said."""
    run = subprocess.Popen(
        line, stderr=subprocess.PIPE, text=True, preexec_fn=_heeds_ctrl_c, **options
    )
    try:
        until = time.monotonic() + 60
        while not lock.exists() and run.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        assert lock.exists(), run.communicate()[1]
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=120)
    finally:
        run.kill()
    return run.returncode, said


@pytest.fixture
def adapters():
    return STUDY / "adapters"


@pytest.fixture
def base():
    return STUDY / "base"


@pytest.fixture
def command():
    """Runs one of the commands; gives what it did."""

    def run(name, *arguments):
        program = COMMANDS / name
        if not program.is_file():
            text = f"{program} is not built: run `cargo build`"
            if "LORA_SUBSPACE_ALL_TESTS" in os.environ:
                pytest.fail(text)
            pytest.skip(text)
        line = [program, *map(str, arguments)]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    return run
