"""The package in a process: its OpenBLAS, its environment, its errors, its lock, Ctrl-C."""

import os
import subprocess
import sys
import threading
import time

import lora_subspace as ls
import pytest
from conftest import MODULE, STUDY, interrupted


def python(code, **variables):
    """What a fresh interpreter prints."""
    environment = {**os.environ, **variables}
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS"):
        if name not in variables:
            environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_wheel_has_an_openblas_of_its_own():
    lines = python("import lora_subspace; print(open('/proc/self/maps').read())").splitlines()
    libraries = {line.split()[-1] for line in lines if "openblas" in line}
    own = [path for path in libraries if "/lora_subspace.libs/" in path]
    others = [path for path in libraries if path not in own and "/numpy.libs/" not in path]
    assert len(own) == 1 and not others, libraries
    lapack = [line for line in lines if "liblapack" in line or "libblas." in line]
    assert not lapack, lapack


STATE = """
import ctypes, os
import lora_subspace
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS"):
    print(os.environ.get(name), getenv(name.encode()))
"""


def test_the_environment_is_as_it_was():
    assert python(STATE).split() == ["None"] * 4
    set_before = python(STATE, OPENBLAS_CORETYPE="Haswell", OPENBLAS_NUM_THREADS="3").split()
    assert set_before == ["Haswell", "b'Haswell'", "3", "b'3'"]


def test_kernels_suit_the_processor():
    """Those of a processor that OpenBLAS does not know are asked for; a user's choice stands."""
    code = "from lora_subspace._load import native; print(native.blas())"
    assert "Nehalem" in python(code, OPENBLAS_CORETYPE="Nehalem")
    try:
        with open("/proc/cpuinfo") as file:
            flags = file.read().split()
    except OSError:
        flags = []
    if "avx2" in flags and "fma" in flags:
        old = {"Katmai", "Northwood", "Prescott", "Core2", "Penryn", "Dunnington", "Nehalem"}
        assert not old & set(python(code).split())


def test_an_error_is_the_line_of_the_commands(command, tmp_path):
    (tmp_path / "adapter_model.safetensors").write_bytes(b"not weights")
    for path in [tmp_path / "missing", tmp_path]:
        printed = command("inspect", path).stderr.splitlines()[-1]
        with pytest.raises(ls.Error) as raised:
            ls.open(path)
        assert printed == f"error: {raised.value}"
        assert "\n" not in str(raised.value)


def test_what_can_be_set_is_named_as_here(adapters, tmp_path):
    weights = adapters / "r4-seed0" / "adapter_model.safetensors"
    (tmp_path / "adapter_model.safetensors").write_bytes(weights.read_bytes())
    with pytest.raises(ls.Error, match="`alpha=`"):
        ls.open(tmp_path)
    assert ls.open(tmp_path, alpha=8)[MODULE].scale == 2.0


def test_wrong_questions_are_errors(adapters):
    a, b = ls.open(adapters / "r4-seed0"), ls.open(adapters / "r8-seed0")
    with pytest.raises(ls.Error, match="basis `c`: there is no such basis"):
        ls.overlap(a, b, basis="c")
    with pytest.raises(ls.Error, match="`modules=`"):
        ls.overlap(a, b, modules="*no_such*")
    with pytest.raises(ls.Error, match="different options"):
        ls.overlap(a, ls.open(adapters / "r8-seed0", scaled=False))
    with pytest.raises(KeyError):
        a["no.such.module"]
    with pytest.raises(KeyError):
        ls.overlap(a, b)["no.such.module"]


def test_an_adapter_tells_what_it_is(adapters):
    a = ls.open(adapters / "r8-seed0")
    assert len(a) == len(a.modules) == 12 and MODULE in a and list(a) == a.modules
    assert (a.layout, a.rank) == ("PEFT LoRA", 8)
    assert "12 modules, rank 8" in repr(a)


def test_other_threads_go_on_meanwhile(adapters):
    counted = 0
    worker = threading.Thread(
        target=lambda: ls.findings([adapters / "r8-seed0", adapters / "r64-seed0"])
    )
    worker.start()
    while worker.is_alive():
        counted += 1
        time.sleep(0.001)
    assert counted > 10


RUN = """
import sys, lora_subspace as ls
try:
    ls.Study(sys.argv[1]).run(out=sys.argv[2], draws=int(sys.argv[3]))
except KeyboardInterrupt:
    sys.exit(77)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_ends_a_run_and_leaves_nothing(tmp_path):
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    temporary.mkdir()
    code, said = interrupted(
        [sys.executable, "-c", RUN, STUDY / "study.toml", out, "3000"],
        out / "notebooks-export/minilm-sst2/.lora-subspace-lock",
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert code == 77, said
    assert not out.exists() and not list(temporary.iterdir())
