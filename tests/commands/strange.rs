//! A study whose names are markup, script or code wherever somebody forgot to escape them.

use std::fs;

use crate::files::Tensors;
use crate::programs::run;
use crate::workshop::{AdapterFolder, D_IN, D_OUT};
use serde_json::json;

/// The name of [`strange_study`].
pub(crate) const STRANGE: &str = "strange";

/// Results of a small study in which whatever a file may name would be markup, script or code where
/// somebody forgot to escape it; modules have long names, and the larger of two ranks comes first.
pub(crate) fn strange_study(flags: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let long = "<i>a_module_with_a_very_long_name".repeat(4);
    let other = "v</script><script>alert(1)</script>\"\\n{{x}}<img src=x onerror=alert(2)>";
    let of_layer = |layer| ["q_proj", other].map(|name| format!("h.{layer}.{long}.{name}"));
    let modules = [0, 1].map(of_layer).concat();
    let mut base = Tensors::default();
    for (module, salt) in modules.iter().zip(100..) {
        base = base.with(&format!("{module}.weight"), &[D_OUT, D_IN], salt);
    }
    base.save(&folder.path().join("base/model.safetensors"));
    for (name, rank, seed) in [("one", 2, 1), ("two", 3, 2), ("three", 2, 3)] {
        let mut tensors = Tensors::default();
        for (module, place) in modules.iter().zip(0..) {
            let factor = |factor| format!("base_model.model.{module}.lora_{factor}.weight");
            tensors = tensors.with(&factor('A'), &[rank, D_IN], seed + 10 * place);
            tensors = tensors.with(&factor('B'), &[D_OUT, rank], seed + 10 * place + 5);
        }
        let config = json!({"peft_type": "LORA", "r": rank, "lora_alpha": 4});
        AdapterFolder { config, tensors }.save(&folder.path().join(name));
    }
    let adapter = |name| format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\n");
    let study = format!(
        "name = \"{STRANGE}\"\ntitle = '</title><script>alert(3)</script>'\nbase = \"base\"\n{}\
         [text]\nquestion = 'Is 1 < 2 & <script>alert(4)</script>?'\n\
         [compare]\nranks = [\"two\", \"one\"]\nseeds = [\"one\", \"three\"]\nbase = [\"one\", \"two\"]\n\
         [amplification]\nadapters = [\"two\", \"*e\"]\n\
         [figures]\nlayer = 0\nbases = [\"a\", \"delta-left\"]\n",
        ["one", "two", "three"].map(adapter).concat()
    );
    fs::write(folder.path().join("study.toml"), study).unwrap();
    let arguments = [&["study.toml", "-q"][..], flags].concat();
    let outcome = run("regenerate", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    folder
}
