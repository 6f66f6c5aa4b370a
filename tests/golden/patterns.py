"""patterns.json: which paths of modules Python's `re` finds under keys of PEFT's patterns.

PEFT's rule is `re.match(r"(.*\\.)?(KEY)$", path)`; null stands for a key that Python refuses.
Needs nothing but Python (3.11 or later: before, flags might stand anywhere, and `*+` was an error).
"""

import json
import pathlib
import re
import warnings

warnings.simplefilter("ignore")

PATHS = [
    "model.layers.0.self_attn.q_proj",
    "model.layers.1.self_attn.k_proj",
    "model.layers.11.self_attn.v_proj",
    "model.layers.11.mlp.down_proj",
    "model.layers.12.mlp.gate_up_proj",
    "model.layers.3.mlp.experts.3.w1",
    "model.vision_tower.encoder.layers.3.self_attn.q_proj",
    "encoder.block.0.layer.0.SelfAttention.q",
    "encoder.block.0.layer.1.DenseReluDense.wi_0",
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
    "down_blocks.1.attentions.1.transformer_blocks.0.attn2.to_out.0",
    "unet.up_blocks.2.resnets.1.conv1",
    "lm_head",
    "q_proj",
    "xq_proj",
    "a[0].b{2}.c&d~e-f",
    "größe.schicht.1",
    "A.LAYERS.2.Q_PROJ",
    "aa.bb.aa",
    "",
]

KEYS = [
    # plain names, which hit whole last parts
    "q_proj", "self_attn.q_proj", "lm_head", "to_q", "model", "layers.0.self_attn.q_proj", "w1", "",
    # alternatives, sets, repetitions
    "q_proj|v_proj", "(q|k|v)_proj", "[qkv]_proj", "[^qk]_proj", r".*\.layers\.1\..*", ".*proj", ".+_proj",
    r"layers\.\d+\.self_attn\..*", r"layers\.(0|1)\..*", r".*\.layers\.1\d\..*", r".*\d{2}.*", r".*l{1}m_head",
    r"layers\.1{2}\..*", r"layers\.1{,2}\..*", r"layers\.1{1,}\..*", r"b{2}", r"b\{2\}.*", r"a\[0\].*", r"b{x}", r"b{2",
    # anchors
    "^q_proj", "^model.*q_proj", "q_proj$", r"q_proj\Z", r"\Aq_proj", r".*\bq_proj", r".*\Bq_proj", "^", "$", "q_proj$$",
    # looking around
    r"(?!.*k_proj).*_proj", r"(?=.*self_attn).*q_proj", r".*(?<!x)q_proj", r".*(?<=\.)q_proj", r".*(?<!gate)_up_proj",
    r"^(?!.*vision_tower).*q_proj", r"model\.(?!vision).*_proj", r".*\.(?!3\b)\d+\..*", r".*(?<=attn)\d\.to_q",
    # references and names: PEFT's own groups are 1 and 2
    r".*(\d)\.mlp\.experts\.\3\.w1", r".*(\d)\..*\.\3\..*", r"(?P<name>aa)\.bb\.(?P=name)", r"(?P<n>q|k)_proj", r"(aa)\.bb\.\3",
    r"\1q_proj", r"bb\.\1?aa", r"(?:a(b)?)+.*", r"(x)?q_proj", r"(x)?(?(3)q_proj|k_proj)",
    # greed and groups without number
    r"(?:q|k)_proj", ".*?q_proj", ".*+q_proj", r"(?>.*)q_proj", r"(?>q|k)_proj", r"\w++", r"(?#a note)q_proj",
    # letters in either case, by a group of their own
    "(?i:q_proj)", "(?i:layers).2.(?i:q_proj)", r"(?s:.)_proj", r"(?-i:q)_proj",
    # sets of characters where dialects differ
    "[[]0].*", r"[\[]", r"[]\[a-z]+.*", r"[a-z&&[qk]]_proj", r".*[&~]d.*", r".*d~[e]-f", r"[\w.]+", r"[\d]+", r"[^\W\d_]+",
    r"[-a]+.*", r"[a\-z]+", r"[a-f-]+", r"größ[eé]\..*", r"\w+e\..*", r"sch.*\.1", r"[^\.]+", r"\.q_proj", r"[.]",
    r".*[+*?(){}|^$].*", r"[\]0]+", "[:alpha:]+", r"\x71_proj", r"\u0071_proj", r"\161_proj", "q\\_proj", r"q\-proj|q_proj",
    # what Python refuses
    "(?i)q_proj", "q(?i)_proj", "*q_proj", "(q_proj", "q_proj)", "[q_proj", "q**", r"\hq_proj", r"\p{L}_proj", r"\Kq", "\\",
    r"\zq", r"(?<!a+)q_proj", r"(?P<n>a)(?P<n>b)", r"(?P=m)", r"\9q", "a{2,1}", r"\e", r"\Rq", r"\Xq", "(?P<1>a)", "[z-a]", "(?<n>a)", "(?'n'a)",
    "(*FAIL)q", "(?|a)", "(?R)", "(?1)", r"\g<1>q", "(?+1)q", r"q\k<a>",
]

golden = {"paths": PATHS, "keys": {}}
for key in KEYS:
    try:
        golden["keys"][key] = [bool(re.match(rf"(.*\.)?({key})$", path)) for path in PATHS]
    except re.error:
        golden["keys"][key] = None
lines = ",\n".join(f"    {json.dumps(key, ensure_ascii=False)}: {json.dumps(hits)}" for key, hits in golden["keys"].items())
paths = json.dumps(PATHS, ensure_ascii=False)
text = f'{{\n  "paths": {paths},\n  "keys": {{\n{lines}\n  }}\n}}\n'
assert json.loads(text) == golden
pathlib.Path(__file__).with_suffix(".json").write_text(text, encoding="utf-8")
