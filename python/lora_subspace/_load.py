"""Imports the extension, with the kernels of OpenBLAS that this processor has.

OpenBLAS reads its environment once, when it is loaded. One thread is enough: work is spread above it.
An OpenBLAS that does not know the processor takes kernels of twenty years ago, which are three to six
times slower. The commands start themselves again with `OPENBLAS_CORETYPE` then. A Python process
cannot, so the extension is loaded for a moment and asked. The variables are as they were afterwards.
"""

import ctypes
import importlib
import importlib.util
import os

_KERNELS = "OPENBLAS_CORETYPE"
_THREADS = "OPENBLAS_NUM_THREADS"


def _load():
    before = {name: os.environ.get(name) for name in (_KERNELS, _THREADS)}
    try:
        os.environ[_THREADS] = "1"
        if before[_KERNELS] is None:
            kernels = _better_kernels()
            if kernels is not None:
                os.environ[_KERNELS] = kernels
        return importlib.import_module("lora_subspace._native")
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _better_kernels():
    """The kernels that OpenBLAS has for this processor and did not choose; None where it chose well."""
    spec = importlib.util.find_spec("lora_subspace._native")
    if os.name != "posix" or spec is None or not spec.origin:
        return None
    try:
        library = ctypes.CDLL(spec.origin)
    except OSError:
        # The import says why.
        return None
    try:
        ask = library.lora_subspace_better_kernels
        ask.restype = ctypes.c_char_p
        answer = ask()
    finally:
        _unload(library)
    return answer.decode() if answer else None


def _unload(library):
    close = ctypes.CDLL(None).dlclose
    close.argtypes = [ctypes.c_void_p]
    close(library._handle)


native = _load()
