"""The program `lora-subspace` of the wheel, beside the one that cargo builds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import STUDY, interrupted

OWN = Path(sys.executable).with_name("lora-subspace")


def own(*arguments, program=(OWN,), **options):
    line = [*program, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, **options)


def said(done):
    return done.returncode, done.stdout, done.stderr


def test_it_says_what_the_other_says(command, adapters, tmp_path):
    (tmp_path / "adapter_model.safetensors").write_bytes(
        (adapters / "r4-seed0/adapter_model.safetensors").read_bytes()
    )
    code, page, _ = said(own("inspect", adapters / "r8-seed0"))
    assert code == 0 and "PEFT LoRA" in page
    for arguments, code in [
        (["--version"], 0),
        (["overlap", "--help"], 0),
        (["inspect", adapters / "r8-seed0"], 0),
        (["inspect", tmp_path], 0),
        (["overlap", adapters / "r8-seed0", tmp_path], 1),
        (["overlap", adapters / "r8-seed0", tmp_path / "missing"], 1),
        (["overlap", "--draws", "3"], 2),
        ([], 2),
        (["overlop"], 2),
    ]:
        answer = said(own(*arguments))
        assert answer == said(command("lora-subspace", *arguments))
        assert answer == said(own(*arguments, program=[sys.executable, "-m", "lora_subspace"]))
        assert answer[0] == code, answer


def test_it_writes_the_bytes_of_the_other(command, adapters, tmp_path):
    pair = [adapters / "r4-seed0", adapters / "r8-seed1", "--layers", "5"]
    one, other = tmp_path / "one", tmp_path / "other"
    assert own("overlap", *pair, "--out", one).returncode == 0
    assert command("lora-subspace", "overlap", *pair, "--out", other).returncode == 0
    files = [path.relative_to(one) for path in sorted(one.rglob("*")) if path.is_file()]
    assert any(path.suffix == ".pdf" for path in files) and any(path.suffix == ".npz" for path in files)
    # The wheel's OpenBLAS is the one that the commands are linked with here; a run record has a time.
    for path in [path for path in files if not path.name.startswith("run-")]:
        assert (one / path).read_bytes() == (other / path).read_bytes(), path


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_ends_it_as_it_ends_the_other(tmp_path):
    out = tmp_path / "out"
    line = [OWN, "regenerate", STUDY / "study.toml", "--draws", "3000", "--out", out]
    code, text = interrupted(line, out / "notebooks-export/minilm-sst2/.lora-subspace-lock")
    assert code == 130, text
    assert text.splitlines()[-1] == "error: stopped by SIGINT"
    assert not out.exists()
