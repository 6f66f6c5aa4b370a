//! What a pickle is made into: small values that point into the pickle or into flat lists.

use super::tensor::{Storage, Tensor};
use crate::tensors::Number;
use crate::tensors::contents::Fault;

/// Why a pickle was not read.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It goes on after the bytes that are there.
    Short,
    /// What is wrong with it, after "its pickle".
    Bad(String),
    /// A name or an instruction that is not for data.
    Refused(String),
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Short => Fault::Corrupt("its pickle has no end".into()),
            Trouble::Bad(problem) => Fault::Corrupt(format!("its pickle {problem}")),
            Trouble::Refused(what) => Fault::Refused(what),
        }
    }
}

/// What comes of reading a part of a pickle.
pub(super) type Outcome<T> = Result<T, Trouble>;

/// A pickle with this problem, after "its pickle".
pub(super) fn bad(problem: &str) -> Trouble {
    Trouble::Bad(problem.into())
}

/// A name that is known. None of them is anything but data here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Global {
    OrderedDict,
    /// `_rebuild_tensor` and `_rebuild_tensor_v2`: the type is the storage's.
    RebuildTensor,
    /// `_rebuild_tensor_v3`: the type is among the arguments.
    RebuildTyped,
    RebuildParameter,
    /// Calls one of the three above for a tensor with attributes.
    RebuildFromType,
    /// `torch.Tensor` and `Parameter`, as arguments of the former.
    TensorType,
    /// A storage's type; without a number it is bytes.
    Storage(Option<Number>),
    Type(Number, &'static str),
    Size,
    Device,
}

/// What is on the stack. A `usize` is a place in one of the lists of [`Heap`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// Little-endian, at most 16 bytes.
    Long(&'a [u8]),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Tuple(usize),
    List(usize),
    Dict(usize),
    Global(Global),
    Storage(usize),
    Tensor(usize),
}

/// Everything that a pickle has made.
#[derive(Default)]
pub(super) struct Heap<'a> {
    /// Of lists and tuples.
    pub(super) sequences: Vec<Vec<Value<'a>>>,
    pub(super) dicts: Vec<Vec<(Value<'a>, Value<'a>)>>,
    pub(super) storages: Vec<Storage<'a>>,
    pub(super) tensors: Vec<Tensor>,
}

impl<'a> Heap<'a> {
    /// Keeps these pairs as a dict.
    pub(super) fn new_dict(&mut self, pairs: Vec<(Value<'a>, Value<'a>)>) -> Value<'a> {
        self.dicts.push(pairs);
        Value::Dict(self.dicts.len() - 1)
    }

    /// Keeps the values of a list or a tuple, and gives their place.
    pub(super) fn new_sequence(&mut self, values: Vec<Value<'a>>) -> usize {
        self.sequences.push(values);
        self.sequences.len() - 1
    }
}
