"""Factors in memory, and live PEFT models, as stubs without PyTorch."""

import lora_subspace as ls
import numpy as np
import pytest
from conftest import MODULE


def copy(opened, name):
    factors = {path: (*opened[path].factors, opened[path].scale) for path in opened.modules}
    return ls.adapter(factors, name=name)


def test_factors_in_memory_give_the_bits_of_their_file(adapters, base):
    a, b = ls.open(adapters / "r8-seed0"), ls.open(adapters / "r64-seed0")
    in_files, in_memory = ls.overlap(a, b), ls.overlap(copy(a, "r8-seed0"), copy(b, "r64-seed0"))
    assert list(in_files) == list(in_memory)
    for module in in_files:
        assert in_files[module].values.tobytes() == in_memory[module].values.tobytes()
    tables = [ls.amplification(one, base=base) for one in (a, copy(a, "r8-seed0"))]
    assert tables[0].to_csv() == tables[1].to_csv()


def test_a_file_and_memory_can_be_compared(adapters):
    a = ls.open(adapters / "r8-seed0")
    phi = ls.overlap(a, copy(ls.open(adapters / "r8-seed1"), "mine"))
    assert (phi.first, phi.second) == ("r8-seed0", "mine")


def test_bad_factors_are_refused():
    with pytest.raises(ls.Error, match="do not multiply"):
        ls.adapter({"q": (np.ones((3, 2)), np.ones((1, 3)), 1.0)})
    with pytest.raises(ls.Error, match="a matrix was expected"):
        ls.adapter({"q": (np.ones(3), np.ones((1, 3)), 1.0)})
    with pytest.raises(ls.Error, match="it has no factors"):
        ls.adapter({})
    zero = ls.adapter({"q": (np.zeros((3, 1)), np.ones((1, 3)), 1.0)})
    one = ls.adapter({"q": (np.ones((3, 1)), np.ones((1, 3)), 1.0)}, name="one")
    with pytest.raises(ls.Error, match="untrained"):
        ls.overlap(zero, one)


class Weight:
    def __init__(self, weight):
        self.weight = weight


class Layer:
    """A LoRA layer as PEFT has it."""

    def __init__(self, b, a, scale, name="default"):
        self.lora_A, self.lora_B = {name: Weight(a)}, {name: Weight(b)}
        self.scaling = {name: scale}
        self.lora_magnitude_vector = {}


class Model:
    def __init__(self, layers):
        self.layers = layers
        self.peft_config = {}

    def named_modules(self):
        yield "", self
        for path, layer in self.layers.items():
            yield f"base_model.model.{path}", layer


def model(opened):
    return Model({path: Layer(*opened[path].factors, opened[path].scale) for path in opened.modules})


def test_a_live_model_is_its_saved_adapter(adapters):
    saved = ls.open(adapters / "r4-seed0")
    live = ls.from_peft(model(saved))
    assert live.modules == saved.modules
    for path in saved:
        assert np.array_equal(live[path].delta(), saved[path].delta())


def test_a_live_model_is_copied():
    b = np.ones((3, 1))
    live = ls.from_peft(Model({"q": Layer(b, np.ones((1, 2)), 2.0)}))
    b[:] = 0
    assert np.array_equal(live["q"].delta(), np.full((3, 2), 2.0))


def test_convolutions_are_matrices():
    layer = Layer(np.ones((5, 2, 1, 1)), np.arange(2 * 3 * 3 * 3.0).reshape(2, 3, 3, 3), 1.0)
    assert ls.from_peft(Model({"conv": layer}))["conv"].shape == (5, 27)


def test_what_a_live_model_cannot_tell_is_refused():
    with pytest.raises(ls.Error, match="adapter `other`: the model has no layer"):
        ls.from_peft(Model({"q": Layer(np.ones((2, 1)), np.ones((1, 2)), 1.0)}), "other")
    dora = Layer(np.ones((2, 1)), np.ones((1, 2)), 1.0)
    dora.lora_magnitude_vector = {"default": object()}
    with pytest.raises(ls.Error, match="q: DoRA is not read from a live model"):
        ls.from_peft(Model({"q": dora}))


def test_one_module_of_one_direction():
    one = ls.adapter({"h.0.query": ([[1.0], [2.0]], [[3.0, 4.0]], 1.0)}, name="one")
    two = ls.adapter({"h.0.query": ([[1.0], [2.0]], [[4.0, 3.0]], 1.0)}, name="two")
    # cos² of the angle between (3, 4) and (4, 3)
    assert abs(ls.overlap(one, two)["h.0.query"].values[0, 0] - 0.96**2) < 1e-12
    assert MODULE not in one
