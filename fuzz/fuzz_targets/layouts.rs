//! The layouts of adapters, told by names and shapes: from the bytes come some modules, each with a
//! method's tensors under names that the layouts know, and a config, metadata and a base.
#![no_main]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use lora_subspace::adapter::ReadOptions;
use lora_subspace::base::Base;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

mod settings;
mod shared;
mod words;

use settings::{CONFIGS, FIELDS, METADATA, MODELS};
use words::{DTYPES, FILES, METHODS, PARTS, PATHS, PREFIXES, Side};

#[derive(Debug, Arbitrary)]
struct Case<'a> {
    file: u8,
    /// What the modules have that have none of their own.
    prefix: u8,
    dtype: u8,
    config: Option<Config<'a>>,
    metadata: Vec<(u8, &'a str)>,
    modules: Vec<Module<'a>>,
    loose: Option<Vec<Loose<'a>>>,
    base: Option<BaseOf<'a>>,
    looking: bool,
    alpha: bool,
    allow_unmapped: bool,
}

/// A module with all tensors of one method.
#[derive(Debug, Arbitrary)]
struct Module<'a> {
    prefix: Option<u8>,
    path: Spot<'a>,
    method: u8,
    /// d_out, d_in and rank.
    sides: [u8; 3],
    dtype: Option<u8>,
    value: u8,
    /// One of its tensors that is left out.
    without: Option<u8>,
    /// One of its tensors that has another shape.
    bent: Option<(u8, u8)>,
}

#[derive(Debug, Arbitrary)]
enum Spot<'a> {
    Known(u8),
    Numbered(u8, u8),
    Free(&'a str),
}

/// A tensor of any name.
#[derive(Debug, Arbitrary)]
struct Loose<'a> {
    words: Vec<u8>,
    free: &'a str,
    shape: Vec<u8>,
    dtype: u8,
}

#[derive(Debug, Arbitrary)]
struct Config<'a> {
    kind: u8,
    rank: u8,
    fields: Vec<(u8, u8)>,
    free: Option<(&'a str, &'a str)>,
}

#[derive(Debug, Arbitrary)]
struct BaseOf<'a> {
    cut: bool,
    prefix: u8,
    others: Vec<(Spot<'a>, u8, u8)>,
    model: u8,
}

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, u8)>;

libfuzzer_sys::fuzz_target!(|case: Case| {
    let loose = case.loose.as_ref().map_or(0, Vec::len);
    if !(1..=6).contains(&(case.modules.len() + loose)) {
        return;
    }
    shared::with_empty_folder(|folder| {
        let place = folder.join("adapter");
        std::fs::create_dir(&place).expect("made");
        let file = place.join(FILES[usize::from(case.file) % FILES.len()]);
        save(&file, &adapter(&case), metadata(&case));
        if let Some(config) = &case.config {
            let (name, text) = config.text();
            shared::write(&place.join(name), text.as_bytes());
        }
        let base = case.base.as_ref().and_then(|base| {
            let place = folder.join("base/model.safetensors");
            std::fs::create_dir(folder.join("base")).expect("made");
            save(&place, &base.tensors(&case.modules), None);
            let config = base.config();
            shared::write(&folder.join("base/config.json"), config.as_bytes());
            shared::hold(Base::open(&folder.join("base")))
        });
        let mut options = ReadOptions::new();
        options.looking = case.looking;
        options.allow_unmapped = case.allow_unmapped;
        options.alpha = case.alpha.then_some(4.0);
        for path in [&place, &file] {
            shared::use_adapter(path, &options, base.as_ref());
        }
    });
});

fn adapter(case: &Case) -> Tensors {
    let mut tensors = Tensors::new();
    for module in &case.modules {
        let path = format!(
            "{}{}",
            pick(&PREFIXES, module.prefix.unwrap_or(case.prefix)),
            module.path.text()
        );
        let dtype = *pick(&DTYPES, module.dtype.unwrap_or(case.dtype));
        let parts = pick(&METHODS, module.method);
        let wrong = |at: Option<u8>, place: usize| at.is_some_and(|at| usize::from(at) == place);
        for (place, (name, sides)) in parts.iter().enumerate() {
            if wrong(module.without, place) {
                continue;
            }
            let mut shape = sides
                .iter()
                .map(|side| module.side(*side))
                .collect::<Vec<_>>();
            if wrong(module.bent.map(|(at, _)| at), place) {
                bend(&mut shape, module.bent.map_or(0, |(_, how)| how));
            }
            // What begins with `=` belongs to the whole file.
            let name = match name.strip_prefix('=') {
                Some(whole) => whole.to_string(),
                None => format!("{path}{name}"),
            };
            tensors.insert(name, (dtype, shape, module.value));
        }
    }
    for loose in case.loose.iter().flatten() {
        let words = loose.words.iter().take(8);
        let name: String = words.map(|word| *pick(&PARTS, *word)).collect();
        let shape = loose.shape.iter().take(4).map(|side| usize::from(side % 7));
        let dtype = *pick(&DTYPES, loose.dtype);
        let name = format!("{name}{}", loose.free);
        tensors.insert(name, (dtype, shape.collect(), 3));
    }
    tensors
}

fn metadata(case: &Case) -> Option<HashMap<String, String>> {
    let entry = |(key, value): &(u8, &str)| (pick(&METADATA, *key).to_string(), value.to_string());
    let entries: HashMap<String, String> = case.metadata.iter().map(entry).collect();
    (!entries.is_empty()).then_some(entries)
}

fn bend(shape: &mut Vec<usize>, how: u8) {
    match how % 5 {
        0 => shape.push(1),
        1 => drop(shape.pop()),
        2 => shape.reverse(),
        3 => shape.iter_mut().for_each(|side| *side += 1),
        _ => shape.iter_mut().for_each(|side| *side = 0),
    }
}

impl Module<'_> {
    fn side(&self, side: Side) -> usize {
        let [d_out, d_in, rank] = self.sides.map(|side| usize::from(side % 6) + 1);
        match side {
            Side::Out => 2 * d_out,
            Side::In => 2 * d_in,
            Side::Rank => rank,
            Side::HalfOut => d_out,
            Side::HalfIn => d_in,
            Side::Times(count) => count,
            Side::RankTimes(count) => count * rank,
        }
    }
}

impl Spot<'_> {
    fn text(&self) -> String {
        match self {
            Spot::Known(number) => pick(&PATHS, *number).to_string(),
            Spot::Numbered(number, layer) => pick(&PATHS, *number).replace('0', &layer.to_string()),
            Spot::Free(text) => text.to_string(),
        }
    }
}

impl Config<'_> {
    fn text(&self) -> (&'static str, String) {
        let (name, kind) = *pick(&CONFIGS, self.kind);
        let mut fields = serde_json::Map::new();
        let mut put = |key: &str, value: serde_json::Value| fields.insert(key.into(), value);
        let kind: serde_json::Value = serde_json::from_str(kind).expect("a constant");
        for (key, value) in kind.as_object().expect("an object") {
            put(key, value.clone());
        }
        put("r", (self.rank % 8).into());
        for (key, value) in self.fields.iter().take(6) {
            let &(key, values) = pick(&FIELDS, *key);
            put(
                key,
                serde_json::from_str(*pick(values, *value)).expect("a constant"),
            );
        }
        if let Some((key, value)) = self.free {
            let read = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            put(key, read);
        }
        (name, serde_json::Value::Object(fields).to_string())
    }
}

impl BaseOf<'_> {
    /// W of the modules, and of others.
    fn tensors(&self, modules: &[Module]) -> Tensors {
        let prefix = pick(&PREFIXES, self.prefix).to_string();
        let own = modules.iter().map(|module| {
            let path = match self.cut {
                true => module.path.text().trim_end_matches(".0").replace('_', "."),
                false => module.path.text(),
            };
            (path, vec![module.side(Side::Out), module.side(Side::In)])
        });
        let others = self.others.iter().take(6).map(|(path, rows, columns)| {
            let sides = [rows, columns].map(|side| usize::from(side % 13));
            (path.text(), sides.to_vec())
        });
        let named = own.chain(others);
        named
            .map(|(path, shape)| (format!("{prefix}{path}.weight"), (Dtype::F32, shape, 5)))
            .collect()
    }

    fn config(&self) -> String {
        let model = pick(&MODELS, self.model);
        format!(
            "{{\"model_type\": \"{model}\", \"num_attention_heads\": 2, \"hidden_size\": 4, \
             \"num_key_value_heads\": 1}}"
        )
    }
}

fn pick<T>(all: &[T], number: u8) -> &T {
    &all[usize::from(number) % all.len()]
}

fn save(path: &Path, tensors: &Tensors, metadata: Option<HashMap<String, String>>) {
    let bytes: Vec<Vec<u8>> = tensors.values().map(bytes_of).collect();
    let views = tensors.iter().zip(&bytes);
    let views = views.map(|((name, (dtype, shape, _)), bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes);
        (name.clone(), view.expect("as many bytes as the shape says"))
    });
    let file = safetensors::serialize(views, metadata).expect("a file");
    std::fs::write(path, file).expect("written");
}

/// Entries that are small and irregular, all 0, or any bytes at all.
fn bytes_of((dtype, shape, value): &(Dtype, Vec<usize>, u8)) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let entry = |n: usize| match value {
        0 => 0.0,
        _ => ((n * n + 3 * n + usize::from(*value)) as f32 * 0.37).sin(),
    };
    let width = dtype.bitsize() / 8;
    match (dtype, value) {
        (Dtype::F32, 0..250) => (0..count).flat_map(|n| entry(n).to_le_bytes()).collect(),
        (Dtype::F64, 0..250) => {
            let entry = |n| f64::from(entry(n)).to_le_bytes();
            (0..count).flat_map(entry).collect()
        }
        (_, 0) => vec![0; count * width],
        _ => (0..count * width)
            .map(|n| (n * 31 + usize::from(*value)) as u8)
            .collect(),
    }
}
