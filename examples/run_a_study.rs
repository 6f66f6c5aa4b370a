//! A study run from code: its rows, then all of its files.
//!
//! ```text
//! cargo run --example run_a_study
//! ```

use std::path::Path;

use lora_subspace::findings::{Evidence, findings};
use lora_subspace::publish::{Options, Silent, check, write};
use lora_subspace::study::{Plan, Request};

fn main() -> Result<(), lora_subspace::Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let study = root.join("experiments/minilm-sst2/study.toml");
    // Everything is checked here: names, shapes, that nothing is there twice.
    let plan = Plan::from_file(&study, &Request::everything())?;

    // The rows alone, for whatever they are wanted for.
    let results = plan.run(&|| ())?;
    println!(
        "{} grids, {} rows of table 7",
        results.grids.len(),
        results.amplification.len()
    );
    let mut evidence = Evidence::of_plan(&plan);
    evidence.take(&results);
    for finding in findings(&evidence.finish(&results.amplification)?) {
        println!("{}: {}", finding.claim, finding.verdict);
    }

    // All files, as `regenerate` writes them; they are held against themselves.
    let out = root.join("target/examples/study");
    let written = write(&plan, &Options::new(&out), &Silent)?;
    let checked = check(&plan, &out, &Silent)?;
    println!(
        "{} files in {}, {} of {} compared differ",
        written.files.len(),
        out.display(),
        checked.differences.len(),
        checked.files
    );
    Ok(())
}
