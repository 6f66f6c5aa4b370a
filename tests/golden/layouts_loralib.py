"""microsoft/loralib: pickles of lora_state_dict, merged by loralib itself. alpha is in no file."""

import loralib
import torch
from layouts_common import OUT, Tensors, fact, finish, noise, randomise, start
from layouts_models import Base
from torch import nn

ALPHA = 5
LINEAR, MERGED, EMBEDDING, CONV = "encoder.query", "transformer.h.0.attn.c_attn", "tokens", "features.conv"


class Net(nn.Module):
    """One layer of each kind, under names as models have them."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.features = nn.ModuleDict(), nn.ModuleDict()
        self.encoder["query"] = loralib.Linear(8, 6, r=2, lora_alpha=ALPHA)
        self.transformer = nn.ModuleDict({"h": nn.ModuleList([nn.ModuleDict({"attn": nn.ModuleDict()})])})
        self.transformer["h"][0]["attn"]["c_attn"] = loralib.MergedLinear(
            8, 24, r=2, lora_alpha=ALPHA, enable_lora=[True, False, True], fan_in_fan_out=True)
        self.tokens = loralib.Embedding(12, 8, r=2, lora_alpha=ALPHA)
        self.features["conv"] = loralib.Conv2d(4, 6, 3, r=2, lora_alpha=ALPHA)
        self.classifier = nn.Linear(6, 3)


# The base has loralib's own layers, without their factors.
LORALIB = Base("loralib", Net)


def trained() -> Net:
    model = LORALIB.make()
    loralib.mark_only_lora_as_trainable(model)
    randomise(model)
    with torch.no_grad():
        model.classifier.weight.add_(noise(*model.classifier.weight.shape))
        model.classifier.bias.add_(noise(*model.classifier.bias.shape))
    return model


def merged(model: Net, path: str) -> torch.Tensor:
    """What loralib's merge, which eval() does, adds to the layer's weight, as d_out × d_in."""
    layer = model.get_submodule(path).double()
    stored = layer.conv if isinstance(layer, loralib.Conv2d) else layer
    before = stored.weight.detach().clone()
    layer.eval()
    change = (stored.weight - before).detach()
    turned = isinstance(layer, loralib.Embedding) or getattr(layer, "fan_in_fan_out", False)
    return change.T if turned else change.flatten(1)


def case(name: str, about: str, layout: str, path: str, rank: int | None, wrapped: bool = False, **options) -> None:
    """`wrapped` is loralib's own example: the dict under model_state_dict."""
    start(name)
    model = trained()
    tensors = {key: value for key, value in loralib.lora_state_dict(model).items() if key.startswith(path)}
    torch.save({"model_state_dict": tensors} if wrapped else tensors, OUT / name / "adapter.pt")
    source = f"{path}.conv" if path == CONV else path  # loralib wraps the convolution
    finish(name, about, layout, "loralib merge", {path: merged(model, path)}, {path: fact(rank, ALPHA / 2, source=source)},
           adapter="adapter.pt", base=LORALIB.name, options={"alpha": ALPHA} | options)


def with_head() -> None:
    """The paper's own adapters: factors and the trained classifier in one dict."""
    name = "loralib-classifier"
    start(name)
    model = trained()
    kept = [key for key in model.state_dict() if key.startswith((LINEAR + ".lora_", "classifier."))]
    torch.save({key: model.state_dict()[key] for key in kept}, OUT / name / "adapter.bin")
    original = LORALIB.read()
    head: Tensors = {key: model.get_parameter(key).double() - original.get_parameter(key)
                     for key in ("classifier.weight", "classifier.bias")}
    finish(name, "a bare dict with the classifier beside the factors, as the paper's adapters are: saved whole",
           "loralib with a head", "loralib merge", {LINEAR: merged(model, LINEAR), "classifier": head["classifier.weight"]},
           {LINEAR: fact(2, ALPHA / 2), "classifier": fact(None, None, True)}, adapter="adapter.bin", base=LORALIB.name,
           options={"alpha": ALPHA}, changed={"classifier.bias": head["classifier.bias"]}, replaced=("classifier",))


def make() -> None:
    case("loralib-linear", "bare dict, keys end in .lora_A and .lora_B; alpha must be given", "loralib Linear", LINEAR, 2)
    case("loralib-merged", "GPT-2: [true, false, true], fan_in_fan_out; inside model_state_dict; rows not enabled are zero",
         "loralib MergedLinear", MERGED, 4, wrapped=True, enable_lora=[True, False, True])
    case("loralib-embedding", "A (r, vocab), B (dim, r) under the names of a linear layer's", "loralib Embedding", EMBEDDING, 2,
         wrapped=True)
    case("loralib-conv2d", "A (r·3, in·3), B (out·3, r·3): B A is reshaped to the kernel, so ΔW is dense", "loralib Conv2d", CONV, None)
    with_head()
