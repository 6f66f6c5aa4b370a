//! What the targets have in common: a folder in memory, and reading all of a file.

use std::cell::OnceCell;
use std::path::Path;

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

/// Opens the bytes as a weight file and reads every tensor in every way.
#[allow(dead_code)]
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
#[allow(dead_code)]
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
