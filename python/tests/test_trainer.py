"""The Trainer's callback, on a stub of a Trainer."""

import types

import lora_subspace as ls
import numpy as np
import pytest
from lora_subspace.trainer import OverlapCallback
from test_memory import Layer, Model


class Trainer:
    """Calls a callback as transformers' Trainer does."""

    def __init__(self, model, callback):
        self.model, self.callback = model, callback
        self.state = types.SimpleNamespace(global_step=0, log_history=[])

    def train(self, steps, update):
        control = types.SimpleNamespace(should_log=False)
        for step in range(1, steps + 1):
            self.state.global_step = step
            update(self.model, step)
            self.callback.on_step_end(None, self.state, control, model=self.model)
            if control.should_log:
                control.should_log = False
                logs = {"loss": 1.0 / step}
                self.state.log_history.append({**logs, "step": step})
                self.callback.on_log(None, self.state, control, logs=logs, model=self.model)
        self.callback.on_train_end(None, self.state, control, model=self.model)


def fresh(seed=0, d=32, rank=4):
    draw = np.random.default_rng(seed)
    layers = {
        f"h.{layer}.query": Layer(np.zeros((d, rank)), draw.normal(size=(rank, d)), 2.0)
        for layer in range(2)
    }
    return Model(layers)


def learn(model, step):
    """The step's change of both factors, smaller from step to step."""
    draw = np.random.default_rng(100 + step)
    for layer in model.layers.values():
        for part in (layer.lora_A, layer.lora_B):
            weight = part["default"].weight
            weight += draw.normal(size=weight.shape) / step**3


def test_phi_is_logged_over_steps_and_rises():
    callback = OverlapCallback(every=2, k=2)
    trainer = Trainer(fresh(), callback)
    trainer.train(9, learn)
    assert [entry["step"] for entry in callback.history] == [4, 6, 8, 9]
    phi = [entry["phi"] for entry in callback.history]
    assert phi[-1] > phi[0] and phi[-1] > 0.95
    assert callback.history[0]["chance"] == 2 / 32 and callback.history[0]["modules"] == 2
    logged = [entry for entry in trainer.state.log_history if "overlap/phi_2" in entry]
    assert [entry["step"] for entry in logged] == [4, 6, 8]
    assert logged[0]["overlap/phi_2"] == phi[0] and logged[0]["overlap/chance_2"] == 2 / 32


def test_phi_with_a_reference():
    reference = ls.adapter(
        {
            f"h.{layer}.query": (np.ones((32, 4)), np.eye(4, 32), 1.0)
            for layer in range(2)
        },
        name="reference",
    )
    callback = OverlapCallback(every=3, k=1, reference=reference)
    Trainer(fresh(), callback).train(3, learn)
    assert [entry["step"] for entry in callback.history] == [3]


def test_an_adapter_at_its_start_is_passed_over():
    callback = OverlapCallback(every=1)
    Trainer(fresh(), callback).train(2, lambda model, step: None)
    assert callback.history == []


def test_counts_begin_at_one():
    with pytest.raises(ls.Error, match="every=0"):
        OverlapCallback(every=0)
