//! `files.json` of an earlier run, whatever it says: the next run goes on, and lists its own files.
#![no_main]

use lora_subspace::publish::{Options, Silent, write};
use lora_subspace::study::{Plan, Request};

mod shared;

const ROWS: &[u8] = b"module,layer,projection,basis,first,second,i,j,overlap,chance,z\n\
    h.1.q,1,q,a,one,two,1,1,0.5,0.25,\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_empty_folder(|folder| {
        shared::write(&folder.join("rows/overlap.csv"), ROWS);
        let study = folder.join("study.toml");
        shared::write(&study, b"name = \"s\"\nrows = \"rows\"\n");
        let plan = Plan::from_file(&study, &Request::everything()).expect("a study of rows");
        let list = folder.join("notebooks-export/s/files.json");
        shared::write(&list, bytes);
        let mut options = Options::new(folder);
        (options.figures, options.report) = (false, false);
        write(&plan, &options, &Silent).expect("an earlier list stops no run");
        let first = std::fs::read(&list).expect("a list");
        write(&plan, &options, &Silent).expect("a list of its own");
        let second = std::fs::read(&list).expect("a list");
        assert!(first == second, "{}", String::from_utf8_lossy(&second));
        let said: serde_json::Value = serde_json::from_slice(&second).expect("JSON");
        let sets = said["sets"].as_array().expect("sets");
        let has = |set: &serde_json::Value| set["files"].get("overlap.npz").is_some();
        assert_eq!(sets.iter().filter(|set| has(set)).count(), 1);
    });
});
