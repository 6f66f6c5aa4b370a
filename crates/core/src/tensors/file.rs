//! One file of tensors, in any format that is read.
//!
//! # Decisions
//!
//! - Weights are read, not mapped. Mapped pages count as memory, and a file that is shortened
//!   meanwhile would be a signal. Chunks of 128 KiB stay in the cache until they are converted.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Array2, ArrayD, IxDyn};

use crate::error::{Error, Result};
use crate::files::{InputFile, OpenFile, is_there, read_exact_at};

use super::contents::{Contents, Fault};
use super::stored::{Stored, same_bytes};
use super::zipped::{Kind, entries, kind};
use super::{header, npz, text, torch};

const DAMAGED: &str = "the download or the copy was probably cut short: fetch the file again";

/// An open weight file: safetensors, what `torch.save` writes, old or new, or NumPy's `.npz`.
///
/// The format is recognised by the first bytes, whatever the name. Everything that the file says
/// of itself has been checked against its length. A pickle is read by a small machine that knows
/// tensors and plain values and can run nothing.
///
/// Tensors are read, not mapped: what was converted takes no memory any more, and a file that
/// someone shortens meanwhile is an error instead of a signal.
pub struct TensorFile {
    path: PathBuf,
    /// Where its numbers are.
    file: Arc<OpenFile>,
    /// What it is known by: itself, or the archive that it came in.
    origin: Arc<OpenFile>,
    contents: Contents,
}

impl TensorFile {
    /// Opens a file and checks all that it says of its tensors.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Io`], [`Error::Corrupt`] with what the file says,
    /// [`Error::Unsupported`] when a pickle asks for anything but tensors and plain values, or
    /// [`Error::Tensor`] when one of its tensors cannot be.
    pub fn open(path: &Path) -> Result<Self> {
        if !is_there(path) {
            return Err(Error::not_found(
                path,
                "no such file",
                "check the path; a .safetensors file or a PyTorch file was expected",
            ));
        }
        let file = Arc::new(OpenFile::open(path)?);
        Self::of(path, file.clone(), file)
    }

    /// The tensors of a file that is open. `path` is what messages call it, and `origin` what its
    /// numbers came in.
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::open`].
    pub(super) fn of(path: &Path, file: Arc<OpenFile>, origin: Arc<OpenFile>) -> Result<Self> {
        let mut first = [0; text::ENOUGH];
        let first = &mut first[..file.length().min(text::ENOUGH as u64) as usize];
        let handle = file.handle();
        read_exact_at(handle, first, 0).map_err(|source| file.failed(source))?;
        let (kind, contents) = match torch::Format::of(first) {
            Some(torch::Format::Zip) => zipped(handle, file.length()),
            Some(format) => ("PyTorch", torch::read(handle, file.length(), format, &[])),
            None => match text::kind(first) {
                Some(what) => ("weight", Err(Fault::Text(what))),
                None => ("safetensors", header::read(handle, file.length())),
            },
        };
        let contents = contents.map_err(|fault| match file.check() {
            Err(changed) => changed,
            Ok(()) => error(path, kind, fault),
        })?;
        Ok(TensorFile {
            path: path.into(),
            file,
            origin,
            contents,
        })
    }

    /// What identifies the bytes that are read.
    pub fn input(&self) -> InputFile {
        InputFile::open(&self.origin)
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tensors' names: of a safetensors file in the order of their bytes, of a pickle in the
    /// order of its dicts.
    ///
    /// Nested dicts are joined with dots, without the outermost one where that only wraps the
    /// tensors (`model_state_dict`, `state_dict`, `model`, `module`, `weights`); what a list or a
    /// tuple holds is named 0, 1, ….
    pub fn names(&self) -> &[String] {
        &self.contents.names
    }

    /// The shape of a tensor, or `None` where no tensor has this name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.contents
            .tensors
            .get(name)
            .map(|stored| stored.shape.as_slice())
    }

    /// What a pickle holds beside tensors (an epoch, a learning rate), as text that
    /// `str::parse` reads back; named as tensors are. Empty for safetensors.
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.contents.values
    }

    /// The `__metadata__` of a safetensors header; empty for pickles.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.contents.metadata
    }

    /// Reads a tensor of two axes as a matrix in f64, each number exactly as it is stored.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] when there is no such tensor, it is not a matrix, its type is not one of
    /// [`super::Number`], an entry is NaN or infinite, or an integer is beyond 2⁵³.
    pub fn matrix(&self, name: &str) -> Result<Array2<f64>> {
        let stored = self.stored(name)?;
        let &[rows, columns] = stored.shape.as_slice() else {
            let problem = format!("shape {:?}, where a matrix was expected", stored.shape);
            return Err(self.tensor_error(name, problem, "only two-dimensional weights are read"));
        };
        self.filled(name, stored, (rows, columns))
    }

    /// Reads a tensor of any shape whose numbers, row by row, are those of a rows × columns matrix: a
    /// convolution's (out, in, 1, 1) as (out, in), say.
    ///
    /// # Errors
    ///
    /// As [`TensorFile::matrix`], and [`Error::Tensor`] when the number of entries is another.
    pub fn matrix_as(&self, name: &str, shape: (usize, usize)) -> Result<Array2<f64>> {
        let stored = self.stored(name)?;
        if shape.0.checked_mul(shape.1) != Some(stored.count()) {
            let problem = format!("shape {:?}, which is no {shape:?} matrix", stored.shape);
            return Err(self.tensor_error(name, problem, "check what it belongs to"));
        }
        self.filled(name, stored, shape)
    }

    /// Reads one matrix of a stack: d × e of an n × d × e tensor, at `index` (from 0) of the first
    /// axis. The rest is not read.
    ///
    /// # Errors
    ///
    /// As [`TensorFile::matrix`], and [`Error::Tensor`] when it has not three axes, or no such
    /// part.
    pub fn matrix_at(&self, name: &str, index: usize) -> Result<Array2<f64>> {
        let stored = self.stored(name)?;
        let &[parts, rows, columns] = stored.shape.as_slice() else {
            let problem = format!("shape {:?}, where three axes were expected", stored.shape);
            return Err(self.tensor_error(name, problem, "check what it belongs to"));
        };
        match stored.part(index) {
            Some(part) => self.filled(name, &part, (rows, columns)),
            None => {
                let problem = format!("no part {index} among {parts} that can be read");
                Err(self.tensor_error(name, problem, "check what it belongs to"))
            }
        }
    }

    /// Reads a tensor of any shape, a single number without axes included.
    ///
    /// # Errors
    ///
    /// As [`TensorFile::matrix`], but for the shape.
    pub fn array(&self, name: &str) -> Result<ArrayD<f64>> {
        let stored = self.stored(name)?;
        let values = self.finite(name, stored)?;
        ArrayD::from_shape_vec(IxDyn(&stored.shape), values)
            .map_err(|error| self.disagreement(name, error))
    }

    /// Reads the only number of a tensor that has one, whatever its shape.
    ///
    /// # Errors
    ///
    /// As [`TensorFile::array`], and [`Error::Tensor`] when it has more numbers or none.
    pub fn scalar(&self, name: &str) -> Result<f64> {
        let stored = self.stored(name)?;
        if stored.count() != 1 {
            let problem = format!("shape {:?}, where one number was expected", stored.shape);
            return Err(self.tensor_error(name, problem, "check what it belongs to"));
        }
        Ok(self.finite(name, stored)?[0])
    }

    /// Hands on a tensor's numbers, some at a time, until `take` has enough. None is held.
    pub(super) fn pass(&self, name: &str, mut take: impl FnMut(&[f64]) -> bool) -> Result<()> {
        self.read(name, self.stored(name)?, None, |_, chunk| take(chunk))
    }

    /// Whether a tensor is stored in an eight-bit floating-point type.
    pub(super) fn is_fp8(&self, name: &str) -> bool {
        let stored = self.contents.tensors.get(name);
        stored.is_some_and(|stored| matches!(&stored.number, Ok(number) if number.is_fp8()))
    }

    /// Whether a tensor is stored in whole numbers.
    pub(crate) fn is_integer(&self, name: &str) -> bool {
        let stored = self.contents.tensors.get(name);
        stored.is_some_and(|stored| matches!(&stored.number, Ok(number) if number.is_integer()))
    }

    /// Whether another file has the same tensor under this name: its type, its shape, its numbers.
    pub(super) fn has_same(&self, name: &str, other: &TensorFile) -> Result<bool> {
        let (one, two) = (self.stored(name)?, other.stored(name)?);
        if (&one.number, &one.shape) != (&two.number, &two.shape) {
            return Ok(false);
        }
        if let (Ok(number), None, None) = (&one.number, &one.strides, &two.strides) {
            let length = (one.count() * number.size()) as u64;
            let (ours, theirs) = ((&*self.file, one.start), (&*other.file, two.start));
            let same = same_bytes(ours, theirs, length)?;
            return self.file.check().and(other.file.check()).map(|()| same);
        }
        let (mut ours, mut theirs) = (vec![0.0; one.count()], vec![0.0; two.count()]);
        self.read(name, one, Some(&mut ours), |_, _| true)?;
        other.read(name, two, Some(&mut theirs), |_, _| true)?;
        let mut both = ours.iter().zip(&theirs);
        Ok(both.all(|(one, two): (&f64, &f64)| one.to_bits() == two.to_bits()))
    }

    pub(super) fn stored(&self, name: &str) -> Result<&Stored> {
        self.contents.tensors.get(name).ok_or_else(|| {
            self.tensor_error(
                name,
                "not in this file".into(),
                "check the file that names it",
            )
        })
    }

    pub(super) fn filled(
        &self,
        name: &str,
        stored: &Stored,
        shape: (usize, usize),
    ) -> Result<Array2<f64>> {
        let values = self.finite(name, stored)?;
        Array2::from_shape_vec(shape, values).map_err(|error| self.disagreement(name, error))
    }

    /// All numbers row by row; an error for the first that is none.
    fn finite(&self, name: &str, stored: &Stored) -> Result<Vec<f64>> {
        // The type first: without it, nothing says how much there is to hold.
        self.number(name, stored)?;
        let mut values = vec![0.0; stored.count()];
        let mut bad = None;
        self.read(name, stored, Some(&mut values), |start, chunk| {
            // Without a branch per number, so that it costs next to nothing.
            if !chunk.iter().fold(true, |fine, x| fine & x.is_finite()) {
                let place = chunk.iter().position(|x| !x.is_finite());
                bad = place.map(|place| start + place);
            }
            bad.is_none()
        })?;
        let Some(place) = bad else {
            return Ok(values);
        };
        let index = stored.index(place);
        if stored.number == Ok(super::Number::I64) {
            let problem = format!("entry {index:?} is an integer beyond 2^53");
            return Err(self.tensor_error(
                name,
                problem,
                "no weight is: check what this tensor is",
            ));
        }
        let problem = format!("entry {index:?} is {}", values[place]);
        let remedy = "training has diverged or the file is damaged: save this tensor again";
        Err(self.tensor_error(name, problem, remedy))
    }

    fn number(&self, name: &str, stored: &Stored) -> Result<super::Number> {
        stored.number.clone().map_err(|other| {
            let remedy = "f64, f32, f16, bf16, fp8, whole numbers up to i64 and bool are read: save the weights in one of these";
            self.tensor_error(name, format!("stored as {other}"), remedy)
        })
    }

    fn read(
        &self,
        name: &str,
        stored: &Stored,
        all: Option<&mut [f64]>,
        take: impl FnMut(usize, &[f64]) -> bool,
    ) -> Result<()> {
        let number = self.number(name, stored)?;
        stored
            .read(self.file.handle(), number, all, take)
            .map_err(|source| self.file.failed(source))?;
        self.file.check()
    }

    fn disagreement(&self, tensor: &str, error: ndarray::ShapeError) -> Error {
        self.tensor_error(tensor, error.to_string(), "the shape and the data disagree")
    }

    fn tensor_error(&self, tensor: &str, problem: String, remedy: &str) -> Error {
        Error::Tensor {
            path: self.path.clone(),
            tensor: tensor.into(),
            problem,
            remedy: remedy.into(),
        }
    }
}

/// A zip archive is NumPy's or torch's: its entries tell.
fn zipped(file: &File, length: u64) -> (&'static str, std::result::Result<Contents, Fault>) {
    match entries(file, length) {
        Ok(entries) => match kind(entries.iter().map(|entry| entry.name.as_str())) {
            Kind::Numpy => ("NumPy", npz::read(file, &entries)),
            // Who reads torch's says what is not there of other archives.
            Kind::Torch | Kind::Other => {
                let contents = torch::read(file, length, torch::Format::Zip, &entries);
                ("PyTorch", contents)
            }
        },
        Err(fault) => ("PyTorch", Err(fault)),
    }
}

fn io_error(path: &Path, source: std::io::Error) -> Error {
    Error::io(
        path,
        "read",
        source,
        "check that it is a file and that you may read it",
    )
}

fn error(path: &Path, kind: &'static str, fault: Fault) -> Error {
    match fault {
        Fault::Io(source) => io_error(path, source),
        Fault::Text(what) => Error::Corrupt {
            path: path.into(),
            kind,
            problem: format!("it is {what}"),
            remedy: "give the folder of the adapter or the model, or its weight file, such as adapter_model.safetensors",
        },
        Fault::Corrupt(problem) => Error::Corrupt {
            path: path.into(),
            kind,
            problem,
            remedy: DAMAGED,
        },
        Fault::Refused(feature) => Error::Unsupported {
            path: path.into(),
            feature,
            reason: "only tensors and plain values are read from a pickle, and nothing in this file was run"
                .into(),
            remedy: "load it with torch.load(FILE, map_location=\"cpu\", weights_only=True) and save its tensors with safetensors.torch.save_file"
                .into(),
        },
        Fault::Compressed(entry) => Error::Unsupported {
            path: path.into(),
            feature: format!("the compressed entry `{entry}`"),
            reason: "numbers are read where they lie in the file".into(),
            remedy: "load it with numpy.load and save its arrays with numpy.savez, which does not compress"
                .into(),
        },
        Fault::Tensor(tensor, problem) => Error::Tensor {
            path: path.into(),
            tensor,
            problem,
            remedy: DAMAGED.into(),
        },
    }
}
