"""A callback of transformers' Trainer that logs φ while an adapter is trained.

    >>> from lora_subspace.trainer import OverlapCallback
    >>> trainer.add_callback(OverlapCallback(every=100))

At each of its steps φ(k,k) of the adapter as it is now with the adapter as it was at the step before is
logged: it rises towards 1 as the leading directions settle. With ``reference=`` the adapter is held
against that one instead.
"""

import warnings

import numpy as np

from . import _adapters, _measures
from ._load import native

try:
    from transformers import TrainerCallback
except ImportError:
    # Whoever has a Trainer has its callbacks; others may call these methods themselves.
    TrainerCallback = object


class OverlapCallback(TrainerCallback):
    """Logs φ(k,k) of a live PEFT model, its mean over modules, beside its chance level.

    The Trainer's log gets ``overlap/phi_K`` and ``overlap/chance_K``. ``history`` keeps what was
    measured, a dictionary a step.

    Parameters
    ----------
    every
        How many steps lie between two measurements.
    k
        How many leading directions are compared; of modules of a smaller rank, all.
    basis, modules, layers
        As in `lora_subspace.overlap`.
    reference
        An adapter, or what `lora_subspace.open` takes, in place of the step before.
    adapter_name
        Which of the model's adapters.
    """

    def __init__(
        self,
        every=100,
        *,
        k=4,
        basis="a",
        modules=None,
        layers=None,
        reference=None,
        adapter_name="default",
    ):
        if every < 1 or k < 1:
            raise native.Error(f"every={every}, k={k}: both count from 1; give positive numbers")
        self.every, self.k = every, k
        self.history = []
        self._asked = {"basis": basis, "modules": modules, "layers": layers}
        self._name = adapter_name
        self._is_fixed = reference is not None
        self._other = _measures._opened(reference) if self._is_fixed else None
        self._step = None
        self._logged = 0

    def on_step_end(self, args, state, control, model=None, **rest):
        """Measures at each ``every``-th step, and asks the Trainer to log."""
        if model is not None and state.global_step % self.every == 0:
            self._measure(model, state.global_step)
            if len(self.history) > self._logged:
                control.should_log = True
        return control

    def on_train_end(self, args, state, control, model=None, **rest):
        """Measures the end, where it is no ``every``-th step."""
        if model is not None and state.global_step != self._step:
            self._measure(model, state.global_step)
        return control

    def on_log(self, args, state, control, logs=None, **rest):
        """Adds what was measured since to the Trainer's log."""
        if logs is not None:
            for entry in self.history[self._logged:]:
                logs.update(self._named(entry))
            if state.log_history and self._logged < len(self.history):
                state.log_history[-1].update(self._named(self.history[-1]))
            self._logged = len(self.history)
        return control

    def _named(self, entry):
        return {
            f"overlap/phi_{self.k}": entry["phi"],
            f"overlap/chance_{self.k}": entry["chance"],
        }

    def _measure(self, model, step):
        name = f"step-{step}"
        now = _adapters.from_peft(_bare(model), self._name, name=name)
        if not _is_trained(now):
            return
        if self._other is not None:
            with warnings.catch_warnings():
                # That two steps began as one is known.
                warnings.simplefilter("ignore")
                phi = _measures.overlap(self._other, now, **self._asked)
            self.history.append({"step": step, **self._mean(phi)})
        if not self._is_fixed:
            self._other = now
        self._step = step

    def _mean(self, phi):
        """The means over modules of φ(k,k) and of its chance level."""
        cells = []
        for one in phi.values():
            k = min(self.k, *one.values.shape) - 1
            cells.append((one.values[k, k], one.chance[k, k]))
        values, chance = np.array(cells, dtype=float).reshape(-1, 2).T
        known = ~np.isnan(values)
        mean = lambda of: float(of[known].mean()) if known.any() else float("nan")  # noqa: E731
        return {"phi": mean(values), "chance": mean(chance), "modules": int(known.sum())}


def _bare(model):
    """A model without what accelerators wrap around it."""
    while hasattr(model, "module") and not hasattr(model, "peft_config"):
        model = model.module
    return model


def _is_trained(adapter):
    """Whether some ΔW is not zero: B is 0 at the start."""
    return any(adapter[module].factors[0].any() for module in adapter.modules)
