//! The machine that reads a pickle: a stack, a memo, and instructions that only make data.
//!
//! Values are small copies that point into the pickle or into the lists of a heap, so that
//! nothing here recurses, whatever is nested in what, and memory grows with the number of
//! instructions alone, which is bounded.

use std::collections::HashMap;

use super::globals;
use super::opcode;
use super::tensor::Storage;
use super::value::{Global, Heap, Outcome, Trouble, Value, bad};

/// The longest pickle: tensors are outside, so that this is some hundred thousand of them.
pub(super) const LONGEST_PICKLE: u64 = 64 << 20;
const MOST_INSTRUCTIONS: usize = 8 << 20;
const DEEPEST_STACK: usize = 1 << 20;

/// The state between two instructions.
#[derive(Default)]
struct Machine<'a> {
    heap: Heap<'a>,
    rest: &'a [u8],
    stack: Vec<Value<'a>>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value<'a>>,
}

/// Runs the pickle at the start of `bytes`; gives what it made, its value and the bytes after it.
pub(super) fn run(bytes: &[u8]) -> Outcome<(Heap<'_>, Value<'_>, &[u8])> {
    let mut machine = Machine {
        rest: bytes,
        ..Machine::default()
    };
    for _ in 0..MOST_INSTRUCTIONS {
        let opcode = machine.byte()?;
        if opcode == b'.' {
            let value = machine.pop()?;
            return Ok((machine.heap, value, machine.rest));
        }
        machine.step(opcode)?;
        if machine.stack.len() + machine.marks.len() > DEEPEST_STACK {
            return Err(bad("piles up too many values"));
        }
    }
    Err(bad("is too long"))
}

impl<'a> Machine<'a> {
    fn step(&mut self, opcode: u8) -> Outcome<()> {
        match opcode {
            0x80 => match self.byte()? {
                2..=5 => Ok(()),
                other => Err(bad(&format!("has protocol {other}, where 2 to 5 are read"))),
            },
            0x95 => self.take(8).map(|_| ()),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.drop_top(),
            b'1' => self.pop_mark().map(|_| ()),
            b'2' => {
                let top = self.pop()?;
                self.push(top)?;
                self.push(top)
            }
            b'h' | b'j' | b'q' | b'r' | 0x94 => self.step_memo(opcode),
            b'a' | b'e' | b's' | b'u' | b'b' => self.step_fill(opcode),
            b'c' | 0x93 | b'Q' | b'R' => self.step_name(opcode),
            b')' | b't' | 0x85..=0x87 | b']' | b'}' => self.step_container(opcode),
            _ => {
                let value = self.plain(opcode)?;
                self.push(value)
            }
        }
    }

    /// Numbers and strings.
    fn plain(&mut self, opcode: u8) -> Outcome<Value<'a>> {
        Ok(match opcode {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.fixed()?))),
            b'K' => Value::Int(i64::from(self.byte()?)),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.fixed()?))),
            b'G' => Value::Float(f64::from_be_bytes(self.fixed()?)),
            0x8a => {
                let length = u64::from(self.byte()?);
                integer(self.take(length)?)?
            }
            0x8b => {
                let length = u64::from(u32::from_le_bytes(self.fixed()?));
                integer(self.take(length)?)?
            }
            0x8c | b'X' | 0x8d => {
                let bytes = self.counted(opcode)?;
                let text = std::str::from_utf8(bytes).map_err(|_| bad("has text not in UTF-8"))?;
                Value::Text(text)
            }
            // Python 2 has no other strings.
            b'U' | b'T' => {
                let bytes = self.counted(opcode)?;
                std::str::from_utf8(bytes).map_or(Value::Bytes(bytes), Value::Text)
            }
            b'C' | b'B' | 0x8e => Value::Bytes(self.counted(opcode)?),
            other => return Err(Trouble::Refused(opcode::name(other))),
        })
    }

    /// A string after its length, of one, four or eight bytes.
    fn counted(&mut self, opcode: u8) -> Outcome<&'a [u8]> {
        let length = match opcode {
            0x8c | b'U' | b'C' => u64::from(self.byte()?),
            0x8d | 0x8e => u64::from_le_bytes(self.fixed()?),
            _ => u64::from(u32::from_le_bytes(self.fixed()?)),
        };
        self.take(length)
    }

    fn step_memo(&mut self, opcode: u8) -> Outcome<()> {
        let place = match opcode {
            b'h' | b'q' => u32::from(self.byte()?),
            b'j' | b'r' => u32::from_le_bytes(self.fixed()?),
            _ => self.memo.len() as u32,
        };
        if matches!(opcode, b'h' | b'j') {
            let value = self.memo.get(&place).copied();
            let value = value.ok_or_else(|| bad("recalls what it never noted"))?;
            return self.push(value);
        }
        let top = self.pop()?;
        self.memo.insert(place, top);
        self.push(top)
    }

    fn step_container(&mut self, opcode: u8) -> Outcome<()> {
        let value = match opcode {
            b'}' => self.heap.new_dict(Vec::new()),
            b']' => {
                self.heap.sequences.push(Vec::new());
                Value::List(self.heap.sequences.len() - 1)
            }
            _ => {
                let values = match opcode {
                    b')' => Vec::new(),
                    b't' => self.pop_mark()?,
                    _ => {
                        let mut values = Vec::new();
                        for _ in 0..opcode - 0x84 {
                            values.push(self.pop()?);
                        }
                        values.reverse();
                        values
                    }
                };
                self.heap.sequences.push(values);
                Value::Tuple(self.heap.sequences.len() - 1)
            }
        };
        self.push(value)
    }

    /// APPEND, APPENDS, SETITEM, SETITEMS and BUILD.
    fn step_fill(&mut self, opcode: u8) -> Outcome<()> {
        let values = match opcode {
            b'a' | b'b' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_mark()?,
        };
        let target = self.pop()?;
        match (opcode, target) {
            (b'a' | b'e', Value::List(place)) => self.heap.sequences[place].extend(values),
            (b's' | b'u', Value::Dict(place)) => {
                let (pairs, odd) = values.as_chunks::<2>();
                if !odd.is_empty() {
                    return Err(bad("has a key without a value"));
                }
                let pairs = pairs.iter().map(|&[key, value]| (key, value));
                self.heap.dicts[place].extend(pairs);
            }
            // Attributes of a state dict, such as `_metadata`.
            (b'b', Value::Dict(_)) => {}
            (b'b', _) => return Err(Trouble::Refused("opcode BUILD in its pickle".into())),
            _ => return Err(bad("fills what is no container")),
        }
        self.push(target)
    }

    /// GLOBAL, STACK_GLOBAL, BINPERSID and REDUCE.
    fn step_name(&mut self, opcode: u8) -> Outcome<()> {
        let value = match opcode {
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                Value::Global(globals::find(module, name)?)
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => {
                    Value::Global(globals::find(module, name)?)
                }
                _ => return Err(bad("has a name that is no text")),
            },
            b'Q' => {
                let id = self.pop()?;
                self.storage(id)?
            }
            _ => match (self.pop()?, self.pop()?) {
                (Value::Tuple(arguments), Value::Global(function)) => {
                    globals::call(&mut self.heap, function, arguments)?
                }
                _ => return Err(bad("calls what is no function")),
            },
        };
        self.push(value)
    }

    /// `("storage", TYPE, key, location, count)`, and in old files a view, which must be None.
    fn storage(&mut self, id: Value<'a>) -> Outcome<Value<'a>> {
        let Value::Tuple(id) = id else {
            return Err(bad("has a persistent id that is no tuple"));
        };
        let (number, key, count) = match self.heap.sequences[id].as_slice() {
            &[
                Value::Text("storage"),
                Value::Global(Global::Storage(number)),
                Value::Text(key),
                Value::Text(_),
                Value::Int(count),
                ref view @ ..,
            ] if matches!(view, [] | [Value::None]) => (number, key, count),
            _ => return Err(bad("has a persistent id that is no storage's")),
        };
        let count = u64::try_from(count).map_err(|_| bad("has a storage of negative size"))?;
        self.heap.storages.push(Storage { key, number, count });
        Ok(Value::Storage(self.heap.storages.len() - 1))
    }

    fn push(&mut self, value: Value<'a>) -> Outcome<()> {
        self.stack.push(value);
        Ok(())
    }

    /// The top of the stack, down to the last mark.
    fn pop(&mut self) -> Outcome<Value<'a>> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(bad("takes from an empty stack"));
        }
        self.stack
            .pop()
            .ok_or_else(|| bad("takes from an empty stack"))
    }

    /// POP takes a mark away where one is on top.
    fn drop_top(&mut self) -> Outcome<()> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(|_| ())
    }

    fn pop_mark(&mut self) -> Outcome<Vec<Value<'a>>> {
        let mark = self.marks.pop().ok_or_else(|| bad("has no mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn byte(&mut self) -> Outcome<u8> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    fn fixed<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Trouble::Short)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn take(&mut self, length: u64) -> Outcome<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| Trouble::Short)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Trouble::Short)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn line(&mut self) -> Outcome<&'a str> {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let bytes = self.take(end.ok_or(Trouble::Short)? as u64 + 1)?;
        let text = std::str::from_utf8(&bytes[..bytes.len() - 1]);
        text.map_err(|_| bad("has a name not in UTF-8"))
    }
}

/// A little-endian integer of up to 16 bytes.
fn integer(bytes: &[u8]) -> Outcome<Value<'_>> {
    const LONGEST: usize = 16;
    let mut short = [if bytes.last().is_some_and(|&b| b > 127) {
        255
    } else {
        0
    }; 8];
    match bytes.len() {
        0..=8 => {
            short[..bytes.len()].copy_from_slice(bytes);
            Ok(Value::Int(i64::from_le_bytes(short)))
        }
        9..=LONGEST => Ok(Value::Long(bytes)),
        _ => Err(bad("has an integer that is too long")),
    }
}
