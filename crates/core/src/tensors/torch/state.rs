//! A pickled state dict as named tensors and values.

use std::collections::BTreeMap;

use super::tensor::Places;
use super::value::{Global, Heap, Value};
use crate::tensors::contents::{Contents, Fault};

/// Keys under which training scripts keep the state dict, the likelier first.
const WRAPPERS: [&str; 5] = [
    "model_state_dict",
    "state_dict",
    "model",
    "module",
    "weights",
];
/// Dicts in dicts.
const DEEPEST: usize = 32;
/// A tensor's name.
const LONGEST_NAME: usize = 4096;
/// What all names and values may take, beside [`NAMES_PER_BYTE`] for each byte of the pickle: what
/// a pickle holds once may be in many places.
const LEAST_NAMES: usize = 1 << 20;
const NAMES_PER_BYTE: usize = 32;

/// Names everything that the pickle made, and finds its tensors in the file.
pub(super) fn contents(
    heap: &Heap<'_>,
    root: Value<'_>,
    pickle: usize,
    places: &Places,
    length: u64,
) -> Result<Contents, Fault> {
    let mut walk = Walk {
        heap,
        places,
        length,
        left: LEAST_NAMES + NAMES_PER_BYTE * pickle,
        found: Contents {
            names: Vec::new(),
            tensors: BTreeMap::new(),
            values: BTreeMap::new(),
            metadata: BTreeMap::new(),
        },
    };
    match wrapper(heap, root) {
        None => walk.visit("", root, 0)?,
        Some((pairs, wrapped)) => {
            for (place, &(key, value)) in pairs.iter().enumerate() {
                let name = if place == wrapped {
                    String::new()
                } else {
                    text(heap, key)?
                };
                walk.visit(&name, value, 1)?;
            }
        }
    }
    Ok(walk.found)
}

/// The dict that wraps another one with tensors, and which entry that is.
fn wrapper<'m, 'a>(
    heap: &'m Heap<'a>,
    root: Value<'a>,
) -> Option<(&'m [(Value<'a>, Value<'a>)], usize)> {
    let Value::Dict(root) = root else {
        return None;
    };
    let pairs = heap.dicts[root].as_slice();
    let holds = |name: &str| {
        pairs.iter().position(|&(key, value)| {
            matches!(key, Value::Text(key) if key == name) && has_tensor(heap, value, 0)
        })
    };
    let wrapped = WRAPPERS.iter().find_map(|name| holds(name))?;
    Some((pairs, wrapped))
}

/// Whether a dict holds a tensor, itself or a dict or two further in.
fn has_tensor(heap: &Heap<'_>, value: Value<'_>, depth: usize) -> bool {
    let Value::Dict(place) = value else {
        return false;
    };
    heap.dicts[place].iter().any(|&(_, value)| {
        matches!(value, Value::Tensor(_)) || depth < 2 && has_tensor(heap, value, depth + 1)
    })
}

struct Walk<'m, 'a> {
    heap: &'m Heap<'a>,
    places: &'m Places,
    length: u64,
    /// Bytes of names and values that may still come.
    left: usize,
    found: Contents,
}

impl<'a> Walk<'_, 'a> {
    fn visit(&mut self, name: &str, value: Value<'a>, depth: usize) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err(bad("nests too deeply"));
        }
        if name.len() > LONGEST_NAME {
            return Err(bad("has a name that is too long"));
        }
        self.spend(name.len() + 1)?;
        match value {
            Value::Dict(place) => {
                for &(key, value) in &self.heap.dicts[place] {
                    let key = text(self.heap, key)?;
                    self.visit(&joined(name, &key), value, depth + 1)?;
                }
                Ok(())
            }
            Value::List(place) | Value::Tuple(place) => {
                for (number, &value) in self.heap.sequences[place].iter().enumerate() {
                    self.visit(&joined(name, &number.to_string()), value, depth + 1)?;
                }
                Ok(())
            }
            Value::Tensor(place) => self.tensor(name, place),
            plain => {
                let text = text(self.heap, plain)?;
                self.spend(text.len())?;
                self.found.values.insert(name.into(), text);
                Ok(())
            }
        }
    }

    fn tensor(&mut self, name: &str, place: usize) -> Result<(), Fault> {
        let tensor = &self.heap.tensors[place];
        let storage = &self.heap.storages[tensor.storage];
        let stored = tensor
            .locate(storage, self.places, self.length)
            .map_err(|problem| Fault::Tensor(name.into(), problem))?;
        if self.found.tensors.insert(name.into(), stored).is_some() {
            let problem = "two tensors have this name".to_string();
            return Err(Fault::Tensor(name.into(), problem));
        }
        self.found.names.push(name.into());
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Fault> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| bad("repeats itself without end"))?;
        Ok(())
    }
}

fn joined(name: &str, key: &str) -> String {
    if name.is_empty() {
        key.into()
    } else {
        format!("{name}.{key}")
    }
}

/// A value in words, so that `str::parse` gives numbers back.
fn text(heap: &Heap<'_>, value: Value<'_>) -> Result<String, Fault> {
    Ok(match value {
        Value::None => "None".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Long(bytes) => {
            let mut full = [if bytes[bytes.len() - 1] > 127 { 255 } else { 0 }; 16];
            full[..bytes.len()].copy_from_slice(bytes);
            i128::from_le_bytes(full).to_string()
        }
        Value::Float(value) => value.to_string(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Global(Global::Type(_, name)) => name.into(),
        Value::Global(other) => format!("{other:?}"),
        Value::Storage(place) => format!("storage {}", heap.storages[place].key),
        Value::Tuple(_) | Value::List(_) | Value::Dict(_) | Value::Tensor(_) => {
            return Err(bad("has a key that is no plain value"));
        }
    })
}

fn bad(problem: &str) -> Fault {
    Fault::Corrupt(format!("its pickle {problem}"))
}
