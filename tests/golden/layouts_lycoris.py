"""Single files of kohya's scripts, LyCORIS and ComfyUI. LyCORIS makes, writes and reads them; the
answer is its forward on unit inputs, because its get_diff_weight has been wrong about the scale."""

import torch
from layouts_common import (
    CASES, OUT, Tensors, contiguous, fact, finish, forward_delta, load_file, randomise, refuse, save_file, start,
)
from layouts_methods import CONV, CONV_1, LINEAR, OUT_0
from layouts_models import LLAMA, UNET, Base
from lycoris.logging import logger
from lycoris.wrapper import LycorisNetwork

FORWARD = "LyCORIS forward"
FILE = "adapter.safetensors"
# Several entries would be written in an order that changes from run to run.
METADATA = {"ss_network_module": "lycoris.kohya"}


# ---------------------------------------------------------------- making and reading


def network(base: torch.nn.Module, targets: list[str], prefix: str, options: dict) -> LycorisNetwork:
    """LyCORIS modules on the targets only, in place of the layers' forward."""
    LycorisNetwork.apply_preset({"lora_prefix": prefix, "target_module": [], "target_name": targets})
    net = LycorisNetwork(base, **options)
    assert len(net.loras) == len(targets)
    return net


def write(name: str, base: Base, targets: list[str], prefix: str, options: dict, dtype=None) -> None:
    """Trained modules, saved by LyCORIS."""
    net = network(base.make(), targets, prefix, options)
    net.apply_to()
    with torch.no_grad():
        for lora in net.loras:
            randomise(lora)
    net.save_weights(str(OUT / name / FILE), dtype, METADATA)


def read(name: str, base: Base, targets: list[str], prefix: str, options: dict) -> dict[str, torch.nn.Module]:
    """module path → LyCORIS module with the file's weights, in float64."""
    net = network(base.read(), targets, prefix, options)
    assert not net.load_weights(str(OUT / name / FILE)).get("missing keys")
    net.apply_to()
    net.double()
    token = {f"{prefix}_{path}".replace(".", "_"): path for path in targets}
    return {token[lora.lora_name]: lora for lora in net.loras}


def forward_answer(modules: dict[str, torch.nn.Module], base: Base) -> Tensors:
    original = base.read()
    delta = {}
    for path, module in modules.items():
        plain = original.get_submodule(path)
        delta[path] = forward_delta(module, plain, tuple(plain.weight.shape[1:]))
    return delta


def tokens(targets: list[str], prefix: str) -> dict[str, str]:
    return {path: f"{prefix}_{path}".replace(".", "_") for path in targets}


def case(
    name: str, about: str, layout: str, targets: list[str], algo: str, rank: int | None, *, base: Base = UNET,
    prefix: str = "lora_unet", dtype=None, scale: float | None = None, needs_base: bool = False, **options,
) -> None:
    """`rank` is None where ΔW is dense; the scale is LyCORIS's unless it is given."""
    options = {"network_module": algo, "lora_dim": 2, "conv_lora_dim": 2, "alpha": 3, "conv_alpha": 3} | options
    start(name)
    write(name, base, targets, prefix, options, dtype)
    modules = read(name, base, targets, prefix, options)
    facts = {
        path: fact(rank, getattr(modules[path], "scale", None) if scale is None else scale, needs_base, token=token)
        for path, token in tokens(targets, prefix).items()
    }
    finish(name, about, layout, FORWARD, forward_answer(modules, base), facts, adapter=FILE, base=base.name)


def rewrite(name: str, change) -> None:
    """Changes a file's tensors after LyCORIS has written them."""
    save_file(contiguous(change(load_file(OUT / name / FILE))), OUT / name / FILE, metadata=METADATA)


# ---------------------------------------------------------------- low rank


def lora() -> None:
    kohya = "kohya LoRA"
    case("kohya-lora", "tokens with the dots turned into underscores; linear and 1 × 1 convolution; alpha is 0-d", kohya,
         [OUT_0, CONV_1], "lora", 2)
    case("kohya-locon", "3 × 2 kernel: lora_down (r, in, 3, 2), lora_up (out, r, 1, 1)", "LyCORIS LoCon", [CONV], "locon", 2)
    case("kohya-locon-tucker", "lora_mid: down and up are 1 × 1; the flattened ΔW still has rank r", "LyCORIS LoCon, Tucker",
         [CONV], "locon", 2, use_tucker=True)
    case("kohya-f16", "every tensor in float16, alpha too", kohya, [OUT_0], "lora", 2, dtype=torch.float16)
    case("kohya-rs-lora", "rs_lora: the stored alpha is α·√r, so that alpha/r is α/√r", kohya, [OUT_0], "lora", 2, rs_lora=True)
    case("lycoris-prefix", "lycoris_ tokens on a LLaMA: layers_0_self_attn_q_proj", "LyCORIS LoRA",
         ["model.layers.0.self_attn.q_proj", "model.layers.1.mlp.up_proj"], "lora", 2, base=LLAMA, prefix="lycoris")


def no_alpha() -> None:
    """Without .alpha every loader takes s = 1, which is training with alpha = r."""
    name = "kohya-no-alpha"
    case(name, "no .alpha: s = 1", "kohya LoRA", [OUT_0, CONV_1], "lora", 2, alpha=2, conv_alpha=2)
    rewrite(name, lambda stored: {key: value for key, value in stored.items() if not key.endswith(".alpha")})


def comfy() -> None:
    """ComfyUI's keys keep the dots. The factors and ΔW are LyCORIS's."""
    name = "comfy-dotted"
    case(name, "diffusion_model.<path>.lora_down.weight, dots kept; the manifest's paths are the base's", "ComfyUI LoRA",
         [OUT_0, CONV_1], "lora", 2)
    dotted = {token: f"diffusion_model.{path}" for path, token in tokens([OUT_0, CONV_1], "lora_unet").items()}
    rewrite(name, lambda stored: {
        f"{dotted[key.split('.', 1)[0]]}.{key.split('.', 1)[1]}": value for key, value in stored.items()
    })
    for module in CASES[name]["modules"].values():
        del module["token"]


def dora() -> None:
    case("kohya-dora-out", "dora_scale (out, 1, …): a norm an output row", "LyCORIS DoRA", [OUT_0, CONV], "lora", None,
         needs_base=True, weight_decompose=True, wd_on_out=True)
    case("kohya-dora-in", "dora_scale (1, in, …): a norm an input channel", "LyCORIS DoRA", [OUT_0, CONV], "lora", None,
         needs_base=True, weight_decompose=True, wd_on_out=False)


# ---------------------------------------------------------------- dense


def loha() -> None:
    case("lycoris-loha", "(w1_a w1_b) ⊙ (w2_a w2_b), no .weight in the keys", "LyCORIS LoHa", [OUT_0, CONV], "loha", None)
    case("lycoris-loha-tucker", "hada_t1 and hada_t2", "LyCORIS LoHa, Tucker", [CONV], "loha", None, use_tucker=True)


def lokr() -> None:
    case("lycoris-lokr", "w1 full, w2 in two factors", "LyCORIS LoKr", [OUT_0, CONV], "lokr", None, factor=2)
    case("lycoris-lokr-both", "decompose_both: four factors", "LyCORIS LoKr", [LINEAR], "lokr", None, decompose_both=True)
    case("lycoris-lokr-tucker", "lokr_t2 with w2_a (r, out) and w2_b (r, in)", "LyCORIS LoKr, Tucker", [CONV], "lokr", None,
         factor=2, use_tucker=True)
    case("lycoris-lokr-full", "w1 and w2 full: s = 1 whatever alpha says", "LyCORIS LoKr", [OUT_0, CONV_1], "lokr", None,
         full_matrix=True)


def full() -> None:
    """`.diff` is ΔW itself, so the answer is the file's own tensor; LyCORIS's forward agrees."""
    name, targets = "lycoris-full", [OUT_0, CONV_1]
    options = {"network_module": "full"}
    start(name)
    write(name, UNET, targets, "lora_unet", options)
    stored = load_file(OUT / name / FILE)
    spoken = forward_answer(read(name, UNET, targets, "lora_unet", options), UNET)
    delta, changed = {}, {}
    for path, token in tokens(targets, "lora_unet").items():
        delta[path] = stored[f"{token}.diff"].double().flatten(1)
        changed[f"{path}.bias"] = stored[f"{token}.diff_b"].double()
        torch.testing.assert_close(delta[path], spoken[path], rtol=1e-5, atol=1e-6)
    facts = {path: fact(None, 1.0, token=token) for path, token in tokens(targets, "lora_unet").items()}
    finish(name, ".diff is ΔW, .diff_b the bias's change (in changed)", "LyCORIS full", "the stored ΔW (LyCORIS forward)",
           delta, facts, adapter=FILE, base=UNET.name, changed=changed)


# ---------------------------------------------------------------- refused


def refused() -> None:
    for algo, key in {"diag-oft": "oft_blocks", "boft": "oft_blocks", "ia3": "weight, on_input", "glora": "a1, a2, b1, b2"}.items():
        name = f"refused-lycoris-{algo}"
        start(name)
        write(name, UNET, [OUT_0], "lora_unet", {"network_module": algo, "lora_dim": 2, "alpha": 3, "block_size": 2})
        refuse(name, f"{algo}: {key}", f"LyCORIS {algo}", UNET.name, FILE)


def make() -> None:
    logger.setLevel("ERROR")
    lora()
    no_alpha()
    comfy()
    dora()
    loha()
    lokr()
    full()
    refused()
