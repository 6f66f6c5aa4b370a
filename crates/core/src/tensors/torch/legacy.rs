//! A torch file from before 1.6: pickles of a magic number, the protocol, the system, the object
//! and the storages' keys, then each storage as its length and its numbers.

use std::fs::File;

use super::machine::{LONGEST_PICKLE, run};
use super::state;
use super::tensor::Places;
use super::value::{Heap, Outcome, Trouble, Value};
use crate::files::read_exact_at;
use crate::tensors::contents::{Contents, Fault};
use crate::tensors::stored::read_start;

const PROTOCOL: i64 = 1001;
/// What is read at first; most files have no more before their storages.
const FIRST_PART: u64 = 1 << 20;
/// Each storage begins with its length in as many bytes.
const COUNT: u64 = 8;

/// Reads what a file's pickles say of its tensors.
pub(super) fn read(file: &File, length: u64) -> Result<Contents, Fault> {
    let most = length.min(LONGEST_PICKLE);
    let mut part = FIRST_PART.min(most);
    loop {
        let bytes = read_start(file, part)?;
        match parse(&bytes) {
            // Where the pickles end is known only when they have been read.
            Err(Trouble::Short) if part < most => part = (part * 8).min(most),
            Err(trouble) => return Err(trouble.into()),
            Ok(parsed) => {
                let places = storages(file, length, &parsed)?;
                let Parsed {
                    heap, root, end, ..
                } = &parsed;
                return state::contents(heap, *root, *end as usize, &places, length);
            }
        }
    }
}

struct Parsed<'a> {
    heap: Heap<'a>,
    root: Value<'a>,
    keys: Vec<&'a str>,
    /// Where the pickles end.
    end: u64,
}

fn parse(bytes: &[u8]) -> Outcome<Parsed<'_>> {
    let (_, _, rest) = run(bytes)?;
    let (_, protocol, rest) = run(rest)?;
    if !matches!(protocol, Value::Int(PROTOCOL)) {
        return Err(Trouble::Bad("is of another protocol than 1001".into()));
    }
    let (system, info, rest) = run(rest)?;
    let little = match info {
        Value::Dict(place) => system.dicts[place]
            .iter()
            .any(|pair| matches!(pair, (Value::Text("little_endian"), Value::Bool(true)))),
        _ => false,
    };
    if !little {
        let what = "a byte order other than little".to_string();
        return Err(Trouble::Refused(what));
    }
    let (heap, root, rest) = run(rest)?;
    let (list, keys, rest) = run(rest)?;
    let Value::List(keys) = keys else {
        return Err(Trouble::Bad("does not list its storages".into()));
    };
    let keys = list.sequences[keys].iter().map(|&value| match value {
        Value::Text(key) => Some(key),
        _ => None,
    });
    let keys = keys.collect::<Option<_>>();
    Ok(Parsed {
        heap,
        root,
        keys: keys.ok_or_else(|| Trouble::Bad("does not list its storages".into()))?,
        end: (bytes.len() - rest.len()) as u64,
    })
}

/// Where each storage is: they follow each other in the order of the keys.
fn storages(file: &File, length: u64, parsed: &Parsed<'_>) -> Result<Places, Fault> {
    let mut units = std::collections::HashMap::new();
    for storage in &parsed.heap.storages {
        units.insert(storage.key, storage.unit());
    }
    let mut places = Places::new();
    let mut start = parsed.end;
    for &key in &parsed.keys {
        let short = || Fault::Corrupt(format!("storage `{key}` goes on after the file's end"));
        let unit = units.get(key).copied();
        let unit =
            unit.ok_or_else(|| Fault::Corrupt(format!("no tensor uses its storage `{key}`")))?;
        let after = start.checked_add(COUNT).filter(|&after| after <= length);
        let after = after.ok_or_else(short)?;
        let mut count = [0; COUNT as usize];
        read_exact_at(file, &mut count, start)?;
        let bytes = u64::from_le_bytes(count).checked_mul(unit);
        let end = bytes.and_then(|bytes| after.checked_add(bytes));
        let end = end.filter(|&end| end <= length).ok_or_else(short)?;
        places.insert(key.into(), (after, end - after));
        start = end;
    }
    Ok(places)
}
