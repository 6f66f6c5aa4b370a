//! `inspect`: what it says of a file.

use crate::files::Tensors;
use crate::made::{done, sha256sum};
use crate::programs::run;
use crate::workshop::{AdapterFolder, D_OUT, MODULES, factor, workshop};
use serde_json::{Value, json};

#[test]
fn inspect_says_what_a_file_is() {
    let folder = workshop();
    AdapterFolder::new(2, 1)
        .field("use_rslora", json!(true))
        .tensors(|tensors| {
            tensors
                .with("base_model.model.classifier.weight", &[3, 6], 1)
                .with("base_model.model.m.embed.lora_sideways", &[2, 30], 1)
        })
        .save(&folder.path().join("odd"));
    for path in ["odd", "odd/adapter_model.safetensors"] {
        let outcome = done("inspect", &[path, "--json"], folder.path());
        let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(object["layout"], "PEFT LoRA");
        assert_eq!(object["base"], "tiny");
        assert_eq!(
            object["scale_rule"],
            "s = α/√r (use_rslora), α = 4 from lora_alpha"
        );
        let module = &object["modules"][0];
        assert_eq!(
            (&module["module"], &module["rank"]),
            (&json!("m.layers.0.q_proj"), &json!(2))
        );
        assert_eq!(module["numerical_rank"], 2);
        assert!((module["scale"].as_f64().unwrap() - 8f64.sqrt()).abs() < 1e-12);
        assert!(module["delta_norm"].as_f64().unwrap() > 0.0);
        assert_eq!(
            object["replaced"],
            json!(["base_model.model.classifier.weight"])
        );
        assert_eq!(
            object["unmapped"],
            json!(["base_model.model.m.embed.lora_sideways"])
        );
        assert!(object["evidence"].is_string());
    }
    let page = done("inspect", &["odd"], folder.path()).stdout;
    for word in ["PEFT LoRA", "m.layers.1.v_proj", "6 × 5", "lora_sideways"] {
        assert!(page.contains(word), "{word} is not in {page}");
    }
    assert_eq!(run("inspect", &["base"], folder.path()).code, 1);

    // An untrained adapter can be looked at, though nothing can be computed from it.
    let zero =
        |tensors, module: &&str| Tensors::constant(tensors, &factor(module, 'B'), &[D_OUT, 2], 0.0);
    AdapterFolder::new(2, 1)
        .tensors(|tensors| MODULES.iter().fold(tensors, zero))
        .save(&folder.path().join("fresh"));
    let outcome = done("inspect", &["fresh", "--json"], folder.path());
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (
            &object["modules"][0]["numerical_rank"],
            &object["modules"][0]["delta_norm"]
        ),
        (&json!(0), &json!(0.0))
    );
}

#[test]
fn several_adapters_one_after_the_other() {
    let folder = workshop();
    let alone = |name: &str| done("inspect", &[name], folder.path()).stdout;
    let both = done("inspect", &["one", "two", "-q"], folder.path());
    // Without its notes, of which these have none.
    assert_eq!(both.stdout, alone("one") + "\n" + &alone("two"));
    let objects = done("inspect", &["one", "two", "--json"], folder.path()).stdout;
    let objects = serde_json::Deserializer::from_str(&objects).into_iter::<Value>();
    let ranks = objects.map(|object| object.unwrap()["modules"][0]["rank"].clone());
    assert_eq!(ranks.collect::<Vec<_>>(), [json!(2), json!(3)]);
    // One that cannot be read: nothing is said of the others.
    let outcome = run("inspect", &["one", "base"], folder.path());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
}

#[test]
fn a_card_for_the_page_of_an_adapter() {
    let folder = workshop();
    let odd = AdapterFolder::new(2, 1).field("base_model_name_or_path", json!("a|b`c"));
    odd.save(&folder.path().join("odd"));
    let card = done("inspect", &["odd", "--card"], folder.path()).stdout;
    let weights = sha256sum(&folder.path().join("odd/adapter_model.safetensors"));
    for words in [
        "## What this adapter changes\n",
        "| layout | PEFT LoRA |\n",
        "| base | `a\\|b'c` |\n",
        "| modules | 2 layers (0 to 1); 4 of 6 × 5 |\n",
        "| scale | s = α/r, α = 4 from lora_alpha |\n",
        "\n| `q_proj` | 2 | 2 | ",
        "\n| `v_proj` | 2 | 2 | ",
        "inspect --card`](https://github.com/lora-subspace/lora-subspace), version ",
        &format!("`adapter_model.safetensors`, SHA-256 `{weights}`"),
    ] {
        assert!(card.contains(words), "{words} is not in {card}");
    }
    // ‖ΔW‖ of each module, as --json has it.
    let object = done("inspect", &["odd", "--json"], folder.path()).stdout;
    let object: Value = serde_json::from_str(&object).unwrap();
    let norms = [0, 2].map(|place| object["modules"][place]["delta_norm"].as_f64().unwrap());
    let row = card.lines().find(|line| line.starts_with("| `q_proj`"));
    for norm in norms {
        assert!(row.unwrap().contains(&format!("{norm:.3}")), "{card}");
    }
    // All rows of a table have as many cells.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    for line in card.lines().filter(|line| line.starts_with('|')) {
        assert!([3, 6].contains(&cells(line)), "{line}");
    }
    let outcome = run("inspect", &["odd", "--card", "--json"], folder.path());
    assert_eq!(outcome.code, 2);
}
