//! What the targets have in common: a folder in memory, reading all of a file, and what holds of
//! every error.
#![allow(dead_code, reason = "each target uses a part of this")]

use std::cell::OnceCell;
use std::fmt::Display;
use std::fs;
use std::path::{Component, Path, PathBuf};

use lora_subspace::adapter::{AdaptedModule, Adapter, BaseIndex, ReadOptions};
use lora_subspace::base::{Base, fused};
use lora_subspace::tensors::TensorFile;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

/// Runs on a folder of this process, the same each time.
pub fn with_folder<T>(run: impl FnOnce(&Path) -> T) -> T {
    FOLDER.with(|folder| {
        let memory = Path::new("/dev/shm");
        let folder = folder.get_or_init(|| match memory.is_dir() {
            true => tempfile::tempdir_in(memory).expect("a folder"),
            false => tempfile::tempdir().expect("a folder"),
        });
        run(folder.path())
    })
}

/// Runs on an empty folder of this process.
pub fn with_empty_folder<T>(run: impl FnOnce(&Path) -> T) -> T {
    with_folder(|folder| {
        let place = folder.join("case");
        if place.exists() {
            fs::remove_dir_all(&place).expect("removed");
        }
        fs::create_dir(&place).expect("made");
        run(&place)
    })
}

/// What holds of every error: it says something.
pub fn hold<T, E: Display>(outcome: Result<T, E>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(error) => {
            let said = error.to_string();
            assert!(!said.trim().is_empty());
            None
        }
    }
}

/// The texts between bytes 0: as many as are wanted, those that are missing empty.
pub fn texts<const N: usize>(bytes: &[u8]) -> [&[u8]; N] {
    let mut parts = bytes.splitn(N, |byte| *byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// A path below a folder; `None` for a name that would lead elsewhere, or that no file has.
pub fn below(folder: &Path, name: &[u8]) -> Option<PathBuf> {
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|name| !name.contains('\0'))?;
    let mut parts = Path::new(name).components().peekable();
    parts.peek()?;
    let mut plain = parts.clone();
    let is_plain = plain.all(|part| matches!(part, Component::Normal(name) if name.len() < 100));
    // By its parts: a slash behind the last would make a folder of it.
    (is_plain && name.len() < 300).then(|| folder.join(parts.collect::<PathBuf>()))
}

/// Writes a file where there is something to write.
pub fn write(path: &Path, bytes: &[u8]) {
    if !bytes.is_empty() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }
}

/// Opens an adapter as a study does, and asks it for everything.
pub fn use_adapter(path: &Path, options: &ReadOptions, base: Option<&Base>) {
    let index = base.map(|base| base as &dyn BaseIndex);
    let Some(mut adapter) = hold(Adapter::open_on(path, options, index)) else {
        return;
    };
    hold(adapter.check_trained());
    ask(&adapter, base);
    adapter.split(&|module| fused::slices(module, base));
    ask(&adapter, base);
}

/// ΔW and W of each module: their shapes are the module's, σ falls, and the norms agree.
fn ask(adapter: &Adapter, base: Option<&Base>) {
    let _ = (adapter.rank_in_words(), adapter.factor_entries());
    // Of a weight that is saved whole beside its factors the path leads to these.
    let is_alone = |one: &&AdaptedModule| !adapter.modules.iter().any(|of| of.path == one.path);
    let replaced = adapter.replacements.iter().filter(is_alone);
    for module in adapter.modules.iter().chain(replaced) {
        let shape = (module.d_out, module.d_in);
        let w = base.and_then(|base| hold(base.whole(module)));
        if let Some(weight) = base.and_then(|base| hold(base.weight(module))) {
            assert_eq!(weight.dim(), shape, "W of {}", module.path);
        }
        let w = w.as_ref().map(|w| w.view());
        let Some(delta) = hold(adapter.delta_with(&module.path, w, 2)) else {
            continue;
        };
        assert_eq!(delta.shape(), shape, "the update of {}", module.path);
        let (sigma, norm) = (hold(delta.sigma()), hold(delta.frobenius_norm()));
        if let (Some(sigma), Some(norm)) = (sigma, norm.filter(|norm| norm.is_finite())) {
            let mut falls = sigma.iter().zip(sigma.iter().skip(1));
            assert!(falls.all(|(one, next)| one >= next), "{sigma}");
            let within = sigma.iter().all(|one| *one <= norm * (1.0 + 1e-9));
            assert!(within, "a singular value above the norm {norm}: {sigma}");
        }
        hold(delta.numerical_rank());
        hold(delta.svd());
    }
}

/// Opens the bytes as a weight file and reads every tensor in every way.
pub fn read_all(bytes: &[u8]) {
    with_folder(|folder| {
        let path = folder.join("file");
        std::fs::write(&path, bytes).expect("written");
        let file = match TensorFile::open(&path) {
            Ok(file) => file,
            Err(error) => return assert!(!error.to_string().is_empty()),
        };
        for name in file.names() {
            let count: usize = file.shape(name).expect("a shape").iter().product();
            // No type is smaller than a byte, and nothing is read that the file has not.
            if let Ok(array) = file.array(name) {
                assert!(count <= bytes.len() && array.len() == count);
            }
            let _ = (file.matrix(name), file.is_zero(name), file.scalar(name));
            let _ = (file.matrix_as(name, (1, count)), file.matrix_at(name, 0));
        }
        let _ = (file.values(), file.metadata());
    });
}

/// A small safetensors file with these tensors of ones.
pub fn weights(path: &Path, tensors: &[(&str, [usize; 2])]) {
    let bytes = 1_f32.to_le_bytes().repeat(64);
    let views = tensors.iter().map(|&(name, shape)| {
        let bytes = &bytes[..4 * shape[0] * shape[1]];
        let view =
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes);
        (name, view.expect("a view"))
    });
    let file = safetensors::serialize(views, None).expect("a file");
    std::fs::write(path, file).expect("written");
}

/// A small safetensors file with these tensors, of which no two have the same numbers.
pub fn numbered(path: &Path, tensors: &[(&str, [usize; 2])], salt: u8) {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .zip(1u8..)
        .map(|((_, shape), place)| {
            let count = (shape[0] * shape[1]) as u16;
            let value = |n: u16| f32::from(n * n + n * u16::from(salt) + u16::from(place)).sin();
            (0..count).flat_map(|n| value(n).to_le_bytes()).collect()
        })
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
        let dtype = safetensors::Dtype::F32;
        let view = safetensors::tensor::TensorView::new(dtype, shape.to_vec(), bytes);
        (*name, view.expect("a view"))
    });
    let file = safetensors::serialize(views, None).expect("a file");
    fs::write(path, file).expect("written");
}
