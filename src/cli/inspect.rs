//! `inspect`: what a file is, and everything in it that was not understood.

use std::io::Write;

use serde_json::{Value, json};

use crate::adapter::{AdaptedModule, Adapter, ReadOptions};
use crate::error::Result;
use crate::linalg::numerical_rank;

use super::Failure;
use super::flags::Inspect;

struct Row<'a> {
    module: &'a AdaptedModule,
    numerical_rank: usize,
    delta_norm: f64,
}

/// Runs `inspect`.
///
/// # Errors
///
/// When the file is nothing that this toolkit reads, with the reason.
pub fn inspect(flags: Inspect) -> std::result::Result<(), Failure> {
    // Looking must not fail on what a computation would refuse: a tensor that is not understood.
    let options = ReadOptions {
        alpha: flags.alpha,
        scaled: true,
        allow_unmapped: true,
    };
    let adapter = Adapter::open(&flags.path, &options)?;
    let rows = adapter
        .modules
        .iter()
        .map(|module| row(&adapter, module))
        .collect::<Result<Vec<_>>>()?;
    let text = match flags.json {
        true => format!("{:#}\n", object(&adapter, &rows)),
        false => page(&adapter, &rows),
    };
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

fn row<'a>(adapter: &Adapter, module: &'a AdaptedModule) -> Result<Row<'a>> {
    let sigma = adapter.delta(&module.path)?.sigma()?;
    Ok(Row {
        module,
        numerical_rank: numerical_rank(&sigma, (module.d_out, module.d_in)),
        delta_norm: sigma.iter().map(|x| x * x).sum::<f64>().sqrt(),
    })
}

fn object(adapter: &Adapter, rows: &[Row]) -> Value {
    let modules: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "module": row.module.path,
                "rank": row.module.rank,
                "numerical_rank": row.numerical_rank,
                "scale": row.module.scale,
                "delta_norm": row.delta_norm,
            })
        })
        .collect();
    json!({
        "layout": adapter.layout,
        "evidence": adapter.evidence,
        "base": adapter.base_name,
        "scale_rule": adapter.scale_rule,
        "modules": modules,
        "replaced": adapter.replaced,
        "unmapped": adapter.unmapped,
    })
}

fn page(adapter: &Adapter, rows: &[Row]) -> String {
    let mut text = format!("{}: {}\n", adapter.path().display(), adapter.layout);
    text += &format!("  evidence  {}\n", adapter.evidence);
    text += &format!(
        "  base      {}\n",
        adapter.base_name.as_deref().unwrap_or("not named")
    );
    text += &format!("  scale     {}\n\n", adapter.scale_rule);
    let width = rows
        .iter()
        .map(|row| row.module.path.len())
        .max()
        .unwrap_or(0)
        .max(6);
    text += &format!(
        "{:width$}  d_out × d_in    rank  numerical      scale  ‖ΔW‖_F\n",
        "module"
    );
    for row in rows {
        let module = row.module;
        let shape = format!("{} × {}", module.d_out, module.d_in);
        text += &format!(
            "{:width$}  {shape:14}  {:4}  {:9}  {:9.4}  {:.6}\n",
            module.path, module.rank, row.numerical_rank, module.scale, row.delta_norm
        );
    }
    for (tensors, what) in [
        (
            &adapter.replaced,
            "full tensors beside the factors (no part of any ΔW)",
        ),
        (&adapter.unmapped, "not understood"),
    ] {
        text += &format!(
            "\n{what}: {}\n",
            if tensors.is_empty() { "none" } else { "" }
        );
        text += &tensors
            .iter()
            .map(|name| format!("  {name}\n"))
            .collect::<String>();
    }
    text
}
