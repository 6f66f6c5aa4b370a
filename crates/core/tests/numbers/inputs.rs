//! Which bytes a digest is of: those that were read, whatever lies at the path by now.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use lora_subspace_core::adapter::{Adapter, ReadOptions};
use lora_subspace_core::base::Base;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::files::{Tensors, golden};

const WEIGHTS: &str = "adapter_model.safetensors";
const CONFIG: &str = "adapter_config.json";

/// A copy of a golden adapter.
fn adapter() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in [CONFIG, WEIGHTS] {
        let file = golden("layouts/peft-lora-bias/adapter").join(name);
        fs::copy(file, folder.path().join(name)).unwrap();
    }
    folder
}

fn open(path: &Path) -> Adapter {
    Adapter::open(path, &ReadOptions::new()).unwrap()
}

/// The digests of an adapter's files, config first.
fn digests(adapter: &Adapter) -> Vec<Result<String, String>> {
    let of = |file: &lora_subspace_core::files::InputFile| {
        file.sha256().map_err(|error| error.to_string())
    };
    adapter.files().iter().map(of).collect()
}

/// Writes other bytes of one length over a file, at a time that no clock gave before.
fn write_over(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(9))
        .unwrap();
}

#[test]
fn a_file_that_is_replaced_has_the_digest_of_what_was_read() {
    let folder = adapter();
    let before = digests(&open(folder.path()));
    let opened = open(folder.path());
    for name in [CONFIG, WEIGHTS] {
        let next = folder.path().join("next");
        fs::write(&next, "other bytes").unwrap();
        fs::rename(&next, folder.path().join(name)).unwrap();
    }
    assert_eq!(digests(&opened), before);
    assert!(before.iter().all(Result::is_ok));
    // The numbers are still there, too.
    let path = &opened.modules[0].path;
    assert!(opened.delta(path).is_ok());
}

#[test]
fn a_file_that_is_written_over_or_shortened_is_an_error() {
    let folder = adapter();
    let opened = open(folder.path());
    let weights = folder.path().join(WEIGHTS);
    write_over(&weights);
    let path = opened.modules[0].path.clone();
    let errors = |opened: &Adapter| {
        let read = opened.delta(&path).unwrap_err().to_string();
        [read, digests(opened)[1].clone().unwrap_err()]
    };
    for error in errors(&opened) {
        assert!(error.contains("it changed while it was read"), "{error}");
        assert!(error.contains("its bytes were written over"), "{error}");
    }
    // The config was read whole before: its digest is of that.
    assert!(digests(&opened)[0].is_ok());
    let opened = open(folder.path());
    File::options()
        .write(true)
        .open(&weights)
        .unwrap()
        .set_len(100)
        .unwrap();
    for error in errors(&opened) {
        assert!(error.contains("and has 100"), "{error}");
    }
}

#[test]
fn a_base_s_files_are_known_by_their_handles() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    let base = |salt| Tensors::default().with("layers.0.q_proj.weight", &[6, 5], salt);
    base(1).save(&file);
    let adapter = Tensors::default()
        .with("base_model.model.layers.0.q_proj.lora_A.weight", &[2, 5], 1)
        .with("base_model.model.layers.0.q_proj.lora_B.weight", &[6, 2], 2);
    adapter.save(&folder.path().join("r2").join(WEIGHTS));
    fs::write(
        folder.path().join("r2").join(CONFIG),
        r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#,
    )
    .unwrap();
    let adapter = open(&folder.path().join("r2"));
    let opened = Base::open(&file).unwrap();
    let digest = |opened: &Base| {
        let files = opened.files(adapter.modules.iter()).unwrap();
        assert_eq!(files.len(), 1);
        files[0].sha256().map_err(|error| error.to_string())
    };
    let before = digest(&opened);
    base(2).save(&folder.path().join("next"));
    fs::rename(folder.path().join("next"), &file).unwrap();
    assert_eq!(digest(&opened), before);
    let opened = Base::open(&file).unwrap();
    assert_ne!(digest(&opened), before);
    write_over(&file);
    assert!(
        digest(&opened)
            .unwrap_err()
            .contains("it changed while it was read")
    );
    assert!(opened.weight(&adapter.modules[0]).is_err());
}

/// An archive of some files.
pub(crate) fn archive(path: &Path, files: &[(&str, &Path)], method: CompressionMethod) {
    let mut archive = ZipWriter::new(File::create(path).unwrap());
    for (name, file) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(*name, options).unwrap();
        archive.write_all(&fs::read(file).unwrap()).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn an_archive_of_an_adapter_is_the_adapter() {
    let folder = adapter();
    let whole = open(folder.path());
    let [config, weights] = [CONFIG, WEIGHTS].map(|name| folder.path().join(name));
    let zip = folder.path().join("r8.zip");
    for (start, method) in [
        ("", CompressionMethod::Stored),
        ("my adapter/", CompressionMethod::Deflated),
    ] {
        let [in_config, in_weights] = [CONFIG, WEIGHTS].map(|name| format!("{start}{name}"));
        let hidden = format!("__MACOSX/{start}._{CONFIG}");
        let files: [(&str, &Path); 3] = [
            (&hidden, &config),
            (&in_config, &config),
            (&in_weights, &weights),
        ];
        archive(&zip, &files, method);
        let packed = open(&zip);
        assert_eq!(packed.layout, whole.layout);
        assert_eq!(packed.scale_rule, whole.scale_rule);
        assert_eq!(packed.modules.len(), whole.modules.len());
        for module in &whole.modules {
            let [one, other] =
                [&whole, &packed].map(|adapter| adapter.delta(&module.path).unwrap());
            assert_eq!(one.dense(), other.dense());
        }
        // What was read is the archive, and it is known by its own bytes.
        let [file] = packed.files() else {
            panic!("{:?}", packed.files());
        };
        assert_eq!(file.path(), zip);
        let own = lora_subspace_core::files::InputFile::read(&zip, &fs::read(&zip).unwrap());
        assert_eq!(file.sha256().unwrap(), own.sha256().unwrap());
        assert!(
            packed.notes.iter().any(|note| note.contains(WEIGHTS)),
            "{:?}",
            packed.notes
        );
    }
}

#[test]
fn an_archive_of_one_file_of_kohya_s() {
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("style.zip");
    let file = golden("layouts/kohya-lora/adapter.safetensors");
    archive(
        &zip,
        &[("style.safetensors", &file)],
        CompressionMethod::Deflated,
    );
    let (packed, whole) = (open(&zip), open(&file));
    assert_eq!(packed.layout, whole.layout);
    let paths = |adapter: &Adapter| -> Vec<String> {
        adapter
            .modules
            .iter()
            .map(|module| module.path.clone())
            .collect()
    };
    assert_eq!(paths(&packed), paths(&whole));
}

#[test]
fn an_archive_that_lies_or_has_no_one_adapter_is_refused() {
    let folder = adapter();
    let [config, weights] = [CONFIG, WEIGHTS].map(|name| folder.path().join(name));
    let zip = folder.path().join("r8.zip");
    let refused = |words: &str| {
        let error = Adapter::open(&zip, &ReadOptions::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{words} is not in {error}");
    };
    let one: [(&str, &Path); 2] = [
        ("a/adapter_config.json", &config),
        ("a/adapter_model.safetensors", &weights),
    ];
    let two = [one[0], one[1], ("b/adapter_config.json", &config)];
    archive(&zip, &two, CompressionMethod::Deflated);
    refused("an archive with 2 adapters");
    archive(
        &zip,
        &[("readme/README.md", &config), one[0]],
        CompressionMethod::Deflated,
    );
    refused("an archive without adapter_model.safetensors");
    archive(&zip, &one, CompressionMethod::Deflated);
    let mut bytes = fs::read(&zip).unwrap();
    let whole = bytes.clone();
    // The sizes that the archive's directory says: of the second entry.
    let entry = b"PK\x01\x02";
    let places: Vec<usize> = (0..bytes.len() - 4)
        .filter(|&at| &bytes[at..at + 4] == entry)
        .collect();
    let size = places[1] + 24;
    let real = u32::from_le_bytes(bytes[size..size + 4].try_into().unwrap());
    bytes[size..size + 4].copy_from_slice(&(real - 8).to_le_bytes());
    fs::write(&zip, &bytes).unwrap();
    refused("bytes it should");
    bytes[size..size + 4].copy_from_slice(&0xF000_0000_u32.to_le_bytes());
    fs::write(&zip, &bytes).unwrap();
    refused("is said to have 4026531840 bytes");
    fs::write(&zip, &whole[..whole.len() - 30]).unwrap();
    refused("not a valid zip file");
}

#[test]
fn a_changed_byte_of_an_archive_is_no_panic() {
    let folder = adapter();
    let [config, weights] = [CONFIG, WEIGHTS].map(|name| folder.path().join(name));
    let zip = folder.path().join("r8.zip");
    let files: [(&str, &Path); 2] = [(CONFIG, &config), (WEIGHTS, &weights)];
    archive(&zip, &files, CompressionMethod::Deflated);
    let bytes = fs::read(&zip).unwrap();
    let count = open(&zip).modules.len();
    let (mut read, mut refused) = (0, 0);
    // All of the archive's directory, and some of what is packed.
    let directory = bytes.len() - 220..bytes.len();
    for place in directory.chain((0..bytes.len()).step_by(97)) {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << (place % 8);
        fs::write(&zip, changed).unwrap();
        match Adapter::open(&zip, &ReadOptions::new()) {
            // A time of day or the name of a program that packed it.
            Ok(adapter) => {
                assert_eq!(adapter.modules.len(), count);
                read += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(read > 0 && refused > read, "{read} read, {refused} refused");
}

#[test]
fn the_files_of_own_weights_are_none_of_the_start_s() {
    let (folder, start) = (adapter(), adapter());
    let names = |adapter: &Adapter| -> Vec<std::path::PathBuf> {
        let files = adapter.weight_files().iter();
        files.map(|file| file.path().to_path_buf()).collect()
    };
    let [config, weights] = [CONFIG, WEIGHTS].map(|name| folder.path().join(name));
    assert_eq!(names(&open(folder.path())), [weights.as_path()]);
    let options = ReadOptions::new().initial(start.path());
    let later = Adapter::open(folder.path(), &options).unwrap();
    assert_eq!(names(&later), [weights.as_path()]);
    assert!(later.files().len() > 2, "the start was read too");
    // An archive is its own weight file: two of them are two adapters.
    let zip = folder.path().join("r8.zip");
    let files: [(&str, &Path); 2] = [(CONFIG, &config), (WEIGHTS, &weights)];
    archive(&zip, &files, CompressionMethod::Stored);
    let (one, whole) = (open(&zip), open(folder.path()));
    assert_eq!(names(&one), [zip.as_path()]);
    let is_same = one.weight_files()[0].has_bytes_of(&whole.weight_files()[0]);
    assert!(!is_same.unwrap());
}
