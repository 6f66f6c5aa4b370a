//! The machine that reads a pickle: a stack, a memo, and instructions that only make data.
//!
//! Values are small copies that point into the pickle or into the lists of a heap, so that
//! nothing here recurses, whatever is nested in what, and memory grows with the number of
//! instructions alone, which is bounded.

use std::collections::HashMap;

use super::globals;
use super::opcode as op;
use super::reader::Reader;
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
    reader: Reader<'a>,
    stack: Vec<Value<'a>>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value<'a>>,
}

/// Runs the pickle at the start of `bytes`; gives what it made, its value and the bytes after it.
pub(super) fn run(bytes: &[u8]) -> Outcome<(Heap<'_>, Value<'_>, &[u8])> {
    let mut machine = Machine {
        reader: Reader(bytes),
        ..Machine::default()
    };
    for _ in 0..MOST_INSTRUCTIONS {
        let opcode = machine.reader.byte()?;
        if opcode == op::STOP {
            let value = machine.pop()?;
            return Ok((machine.heap, value, machine.reader.0));
        }
        machine.step(opcode)?;
        if machine.stack.len() + machine.marks.len() > DEEPEST_STACK {
            return Err(bad("keeps too many values on its stack"));
        }
    }
    Err(bad("is too long"))
}

impl<'a> Machine<'a> {
    fn step(&mut self, opcode: u8) -> Outcome<()> {
        match opcode {
            op::PROTO => self.check_protocol()?,
            op::FRAME => {
                self.reader.take(8)?;
            }
            op::MARK => self.marks.push(self.stack.len()),
            op::POP => self.drop_top()?,
            op::POP_MARK => {
                self.pop_mark()?;
            }
            op::DUP => {
                let top = self.pop()?;
                self.push(top);
                self.push(top);
            }
            op::BINGET | op::LONG_BINGET => self.recall(opcode)?,
            op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => self.note(opcode)?,
            op::APPEND | op::APPENDS | op::SETITEM | op::SETITEMS | op::BUILD => {
                self.fill(opcode)?;
            }
            _ => {
                let value = self.value(opcode)?;
                self.push(value);
            }
        }
        Ok(())
    }

    fn check_protocol(&mut self) -> Outcome<()> {
        match self.reader.byte()? {
            2..=5 => Ok(()),
            other => Err(bad(&format!("has protocol {other}, where 2 to 5 are read"))),
        }
    }

    fn recall(&mut self, opcode: u8) -> Outcome<()> {
        let place = self.place(opcode)?;
        let value = self.memo.get(&place).copied();
        self.push(value.ok_or_else(|| bad("reads a note that it never wrote"))?);
        Ok(())
    }

    fn note(&mut self, opcode: u8) -> Outcome<()> {
        let place = self.place(opcode)?;
        let top = self.pop()?;
        self.memo.insert(place, top);
        self.push(top);
        Ok(())
    }

    /// A place in the memo.
    fn place(&mut self, opcode: u8) -> Outcome<u32> {
        Ok(match opcode {
            op::BINGET | op::BINPUT => u32::from(self.reader.byte()?),
            op::LONG_BINGET | op::LONG_BINPUT => u32::from_le_bytes(self.reader.fixed()?),
            _ => self.memo.len() as u32,
        })
    }

    /// What an instruction makes that adds to the stack.
    fn value(&mut self, opcode: u8) -> Outcome<Value<'a>> {
        Ok(match opcode {
            op::GLOBAL | op::STACK_GLOBAL => self.global(opcode)?,
            op::BINPERSID => self.storage()?,
            op::REDUCE => self.call()?,
            op::EMPTY_DICT => self.heap.new_dict(Vec::new()),
            op::EMPTY_LIST => Value::List(self.heap.new_sequence(Vec::new())),
            op::EMPTY_TUPLE | op::TUPLE | op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                let values = self.members(opcode)?;
                Value::Tuple(self.heap.new_sequence(values))
            }
            _ => self.reader.plain(opcode)?,
        })
    }

    /// What a tuple takes off the stack.
    fn members(&mut self, opcode: u8) -> Outcome<Vec<Value<'a>>> {
        let count = match opcode {
            op::TUPLE => return self.pop_mark(),
            op::TUPLE1 => 1,
            op::TUPLE2 => 2,
            op::TUPLE3 => 3,
            _ => 0,
        };
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.pop()?);
        }
        values.reverse();
        Ok(values)
    }

    /// Adds to the container below the values; the values go, the container stays.
    fn fill(&mut self, opcode: u8) -> Outcome<()> {
        let values = match opcode {
            op::APPEND | op::BUILD => vec![self.pop()?],
            op::SETITEM => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_mark()?,
        };
        let target = self.pop()?;
        match (opcode, target) {
            (op::APPEND | op::APPENDS, Value::List(place)) => {
                self.heap.sequences[place].extend(values);
            }
            (op::SETITEM | op::SETITEMS, Value::Dict(place)) => {
                let (pairs, odd) = values.as_chunks::<2>();
                if !odd.is_empty() {
                    return Err(bad("has a key without a value"));
                }
                let pairs = pairs.iter().map(|&[key, value]| (key, value));
                self.heap.dicts[place].extend(pairs);
            }
            // Attributes of a state dict, such as `_metadata`.
            (op::BUILD, Value::Dict(_)) => {}
            (op::BUILD, _) => return Err(Trouble::Refused("opcode BUILD in its pickle".into())),
            _ => return Err(bad("fills what is no container")),
        }
        self.push(target);
        Ok(())
    }

    fn global(&mut self, opcode: u8) -> Outcome<Value<'a>> {
        let (module, name) = if opcode == op::GLOBAL {
            (self.reader.line()?, self.reader.line()?)
        } else {
            match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => (module, name),
                _ => return Err(bad("has a name that is no text")),
            }
        };
        globals::find(module, name).map(Value::Global)
    }

    fn call(&mut self) -> Outcome<Value<'a>> {
        match (self.pop()?, self.pop()?) {
            (Value::Tuple(arguments), Value::Global(function)) => {
                globals::call(&mut self.heap, function, arguments)
            }
            _ => Err(bad("calls what is no function")),
        }
    }

    /// `("storage", TYPE, key, location, count)`, and in old files a view, which must be None.
    fn storage(&mut self) -> Outcome<Value<'a>> {
        let Value::Tuple(id) = self.pop()? else {
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

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(value);
    }

    /// The top of the stack, down to the last mark.
    fn pop(&mut self) -> Outcome<Value<'a>> {
        let top = if self.is_at_mark() {
            None
        } else {
            self.stack.pop()
        };
        top.ok_or_else(|| bad("takes from an empty stack"))
    }

    /// Whether nothing lies above the last mark. The stack is never shorter than that.
    fn is_at_mark(&self) -> bool {
        self.marks.last() == Some(&self.stack.len())
    }

    /// POP takes a mark away where one is on top.
    fn drop_top(&mut self) -> Outcome<()> {
        if self.is_at_mark() {
            self.marks.pop();
        } else {
            self.pop()?;
        }
        Ok(())
    }

    fn pop_mark(&mut self) -> Outcome<Vec<Value<'a>>> {
        let mark = self.marks.pop().ok_or_else(|| bad("has no mark"))?;
        Ok(self.stack.split_off(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of a pickle of protocol 2 as `Debug` has it.
    fn value(body: &[u8]) -> Outcome<String> {
        let pickle = [b"\x80\x02", body, b"."].concat();
        run(&pickle).map(|(_, value, _)| format!("{value:?}"))
    }

    fn problem(body: &[u8]) -> String {
        match value(body) {
            Err(Trouble::Bad(problem)) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn plain_values() {
        for (body, expected) in [
            (&b"N"[..], "None"),
            (b"\x88", "Bool(true)"),
            (b"K\xff", "Int(255)"),
            (b"M\x01\x02", "Int(513)"),
            (b"J\xfe\xff\xff\xff", "Int(-2)"),
            (b"\x8a\x00", "Int(0)"),
            (b"\x8a\x02\x00\xff", "Int(-256)"),
            (b"\x8b\x01\x00\x00\x00\x07", "Int(7)"),
            (b"G\xbf\xf8\0\0\0\0\0\0", "Float(-1.5)"),
            (b"\x8c\x02\xc3\xa9", "Text(\"é\")"),
            (b"X\x01\0\0\0a", "Text(\"a\")"),
            (b"\x8d\x01\0\0\0\0\0\0\0a", "Text(\"a\")"),
            (b"U\x01\xff", "Bytes([255])"),
            (b"C\x01a", "Bytes([97])"),
            (b"ctorch\nSize\n", "Global(Size)"),
            (b"\x8c\x05torch\x8c\x04Size\x93", "Global(Size)"),
            // What is above the mark goes, or the mark itself.
            (b"K\x01(K\x02K\x031", "Int(1)"),
            (b"K\x01(0", "Int(1)"),
            (b"K\x01K\x020", "Int(1)"),
            // Noted as 0 twice over, in two ways, and recalled.
            (b"K\x01\x94K\x02h\x00", "Int(1)"),
            (b"K\x01q\x00K\x02j\0\0\0\0", "Int(1)"),
        ] {
            assert_eq!(value(body).unwrap(), expected, "{body:?}");
        }
    }

    #[test]
    fn containers_are_filled_in_order() {
        // {1: [2, 3, 4], 5: (6, 6)} and a byte that is not the pickle's.
        let pickle = b"\x80\x04}(K\x01]K\x02a(K\x03K\x04eK\x05K\x062\x86u.!";
        let (heap, root, rest) = run(pickle).unwrap();
        assert_eq!(rest, b"!");
        assert!(matches!(root, Value::Dict(0)));
        let pairs = format!("{:?}", heap.dicts[0]);
        assert_eq!(pairs, "[(Int(1), List(0)), (Int(5), Tuple(1))]");
        let sequences = format!("{:?}", heap.sequences);
        assert_eq!(sequences, "[[Int(2), Int(3), Int(4)], [Int(6), Int(6)]]");
    }

    #[test]
    fn a_tensor_and_its_storage() {
        let storage = b"((\x8c\x07storagectorch\nFloatStorage\n\x8c\x010\x8c\x03cpuK\x06tQ";
        let call = b"ctorch._utils\n_rebuild_tensor_v2\n";
        let rest = b"K\x00K\x02K\x03\x86K\x03K\x01\x86tR.";
        let pickle = [b"\x80\x02", &call[..], storage, rest].concat();
        let (heap, root, _) = run(&pickle).unwrap();
        assert!(matches!(root, Value::Tensor(0)));
        assert_eq!(
            (heap.storages[0].key, heap.storages[0].bytes()),
            ("0", Some(24))
        );
        let tensor = &heap.tensors[0];
        assert_eq!(
            (&tensor.shape[..], &tensor.strides[..]),
            (&[2, 3][..], &[3, 1][..])
        );
    }

    #[test]
    fn refusals() {
        assert_eq!(problem(b""), "takes from an empty stack");
        assert_eq!(problem(b"K\x01(2"), "takes from an empty stack");
        assert_eq!(problem(b"t"), "has no mark");
        assert_eq!(problem(b"h\x05"), "reads a note that it never wrote");
        assert_eq!(problem(b"}(K\x01u"), "has a key without a value");
        assert_eq!(problem(b"K\x01K\x02a"), "fills what is no container");
        assert_eq!(problem(b"NNR"), "calls what is no function");
        assert_eq!(problem(b"NN\x93"), "has a name that is no text");
        assert_eq!(problem(b"NQ"), "has a persistent id that is no tuple");
        assert_eq!(problem(b"\x8c\x01\xff"), "has text not in UTF-8");
        assert_eq!(
            problem(b"\x80\x01"),
            "has protocol 1, where 2 to 5 are read"
        );
        let long = [b"\x8a\x11", &[1; 17][..]].concat();
        assert_eq!(problem(&long), "has an integer that is too long");
        let marks = vec![op::MARK; DEEPEST_STACK + 1];
        assert_eq!(problem(&marks), "keeps too many values on its stack");
        for (body, expected) in [
            (&b"cos\nsystem\n"[..], "`os.system` in its pickle"),
            (b"NN\x81", "opcode NEWOBJ in its pickle"),
            (b"\x83", "opcode EXT in its pickle"),
            (b"\xfe", "opcode 0xfe in its pickle"),
            (b"NNb", "opcode BUILD in its pickle"),
        ] {
            match value(body) {
                Err(Trouble::Refused(what)) => assert_eq!(what, expected),
                other => panic!("{other:?}"),
            }
        }
        for whole in [
            &b"\x80\x02N"[..],
            b"\x80\x02X\x09\0\0\0a",
            b"\x80\x02ctorch",
        ] {
            assert!(matches!(run(whole), Err(Trouble::Short)), "{whole:?}");
        }
    }
}
