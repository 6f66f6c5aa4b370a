//! The names that a pickle may use, and what they make of their arguments.

use super::tensor::Tensor;
use super::value::{Global, Heap, Outcome, Trouble, Value};
use crate::tensors::Number;

/// Finds a name; refuses it otherwise.
pub(super) fn find(module: &str, name: &str) -> Outcome<Global> {
    let found = match (module, name) {
        ("collections", "OrderedDict") => Some(Global::OrderedDict),
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Some(Global::RebuildTensor),
        ("torch._utils", "_rebuild_tensor_v3") => Some(Global::RebuildTyped),
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Some(Global::RebuildParameter)
        }
        ("torch._tensor", "_rebuild_from_type_v2") => Some(Global::RebuildFromType),
        ("torch", "Tensor") | ("torch.nn.parameter", "Parameter") => Some(Global::TensorType),
        ("torch.storage", "UntypedStorage") => Some(Global::Storage(None)),
        ("torch", "Size") => Some(Global::Size),
        ("torch", "device") => Some(Global::Device),
        ("torch", name) => of_torch(name),
        _ => None,
    };
    found.ok_or_else(|| Trouble::Refused(format!("`{}` in its pickle", shown(module, name))))
}

fn of_torch(name: &str) -> Option<Global> {
    let kind = |number, text| Some(Global::Type(number, text));
    let storage = |number| Some(Global::Storage(Some(number)));
    match name {
        "DoubleStorage" => storage(Number::F64),
        "FloatStorage" => storage(Number::F32),
        "HalfStorage" => storage(Number::F16),
        "BFloat16Storage" => storage(Number::Bf16),
        "LongStorage" => storage(Number::I64),
        "IntStorage" => storage(Number::I32),
        "ShortStorage" => storage(Number::I16),
        "CharStorage" => storage(Number::I8),
        "ByteStorage" => storage(Number::U8),
        "BoolStorage" => storage(Number::Bool),
        "float64" => kind(Number::F64, "torch.float64"),
        "float32" => kind(Number::F32, "torch.float32"),
        "float16" => kind(Number::F16, "torch.float16"),
        "bfloat16" => kind(Number::Bf16, "torch.bfloat16"),
        "float8_e4m3fn" => kind(Number::F8E4M3, "torch.float8_e4m3fn"),
        "float8_e5m2" => kind(Number::F8E5M2, "torch.float8_e5m2"),
        "int64" => kind(Number::I64, "torch.int64"),
        "int32" => kind(Number::I32, "torch.int32"),
        "int16" => kind(Number::I16, "torch.int16"),
        "int8" => kind(Number::I8, "torch.int8"),
        "uint8" => kind(Number::U8, "torch.uint8"),
        "bool" => kind(Number::Bool, "torch.bool"),
        _ => None,
    }
}

/// A name from a file, fit for one line of a terminal.
fn shown(module: &str, name: &str) -> String {
    const LONGEST: usize = 80;
    let full = format!("{module}.{name}");
    let printable = |c: char| if c.is_control() { '?' } else { c };
    full.chars().take(LONGEST).map(printable).collect()
}

/// What a name makes of its arguments.
pub(super) fn call<'a>(
    heap: &mut Heap<'a>,
    function: Global,
    arguments: usize,
) -> Outcome<Value<'a>> {
    let values = &heap.sequences[arguments];
    match (function, values.as_slice()) {
        (Global::OrderedDict, []) => Ok(heap.new_dict(Vec::new())),
        (Global::OrderedDict, &[Value::List(pairs)]) => {
            let pairs = heap.sequences[pairs].iter();
            let pairs = pairs.map(|&pair| as_pair(heap, pair));
            let pairs = pairs.collect::<Option<Vec<_>>>();
            let pairs = pairs.ok_or_else(|| odd("OrderedDict"))?;
            Ok(heap.new_dict(pairs))
        }
        (
            Global::RebuildTensor,
            &[
                Value::Storage(storage),
                Value::Int(offset),
                shape,
                strides,
                ..,
            ],
        ) => rebuild(heap, storage, offset, shape, strides, None),
        (
            Global::RebuildTyped,
            &[
                Value::Storage(storage),
                Value::Int(offset),
                shape,
                strides,
                _,
                _,
                Value::Global(Global::Type(number, _)),
                ..,
            ],
        ) => rebuild(heap, storage, offset, shape, strides, Some(number)),
        (Global::RebuildParameter, &[tensor @ Value::Tensor(_), ..]) => Ok(tensor),
        (
            Global::RebuildFromType,
            &[
                Value::Global(
                    inner @ (Global::RebuildTensor
                    | Global::RebuildTyped
                    | Global::RebuildParameter),
                ),
                Value::Global(Global::TensorType),
                Value::Tuple(arguments),
                ..,
            ],
        ) => call(heap, inner, arguments),
        (Global::Size, &[size @ Value::Tuple(_)]) => Ok(size),
        (Global::Device, &[name @ Value::Text(_), ..]) => Ok(name),
        (function, _) => Err(odd(&format!("{function:?}"))),
    }
}

fn as_pair<'a>(heap: &Heap<'a>, value: Value<'a>) -> Option<(Value<'a>, Value<'a>)> {
    let (Value::List(pair) | Value::Tuple(pair)) = value else {
        return None;
    };
    match heap.sequences[pair].as_slice() {
        &[key, value] => Some((key, value)),
        _ => None,
    }
}

fn rebuild<'a>(
    heap: &mut Heap<'a>,
    storage: usize,
    offset: i64,
    shape: Value<'a>,
    strides: Value<'a>,
    number: Option<Number>,
) -> Outcome<Value<'a>> {
    let shape = integers(heap, shape)?;
    let strides = integers(heap, strides)?;
    // Bytes are what an untyped storage has.
    let number = number
        .or(heap.storages[storage].number)
        .unwrap_or(Number::U8);
    heap.tensors.push(Tensor {
        storage,
        number,
        offset,
        shape,
        strides,
    });
    Ok(Value::Tensor(heap.tensors.len() - 1))
}

/// A short tuple of integers.
fn integers(heap: &Heap<'_>, value: Value<'_>) -> Outcome<Vec<i64>> {
    const MOST_AXES: usize = 64;
    let Value::Tuple(place) = value else {
        return Err(odd("a tensor's shape"));
    };
    let values = &heap.sequences[place];
    if values.len() > MOST_AXES {
        return Err(odd("a tensor's shape"));
    }
    let integer = |value: &Value<'_>| match value {
        Value::Int(number) => Ok(*number),
        _ => Err(odd("a tensor's shape")),
    };
    values.iter().map(integer).collect()
}

fn odd(what: &str) -> Trouble {
    Trouble::Bad(format!("gives {what} a value that torch never writes"))
}
