//! The bytes of a pickle as they are read: instructions, numbers and strings.

use super::opcode as op;
use super::value::{Outcome, Trouble, Value, bad};

/// The bytes that are still to be read. Where they run out, the pickle is [`Trouble::Short`].
#[derive(Default)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next byte.
    pub(super) fn byte(&mut self) -> Outcome<u8> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    /// As many bytes as the type says.
    pub(super) fn fixed<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Trouble::Short)?;
        self.0 = rest;
        Ok(*bytes)
    }

    /// The next so many bytes.
    pub(super) fn take(&mut self, length: u64) -> Outcome<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| Trouble::Short)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Trouble::Short)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A line of text, without its end.
    pub(super) fn line(&mut self) -> Outcome<&'a str> {
        let end = self.0.iter().position(|&byte| byte == b'\n');
        let bytes = self.take(end.ok_or(Trouble::Short)? as u64 + 1)?;
        let text = std::str::from_utf8(&bytes[..bytes.len() - 1]);
        text.map_err(|_| bad("has a name not in UTF-8"))
    }

    /// The number or the string of an instruction; any other instruction is refused by its name.
    pub(super) fn plain(&mut self, opcode: u8) -> Outcome<Value<'a>> {
        Ok(match opcode {
            op::NONE => Value::None,
            op::NEWTRUE => Value::Bool(true),
            op::NEWFALSE => Value::Bool(false),
            op::BININT => Value::Int(i64::from(i32::from_le_bytes(self.fixed()?))),
            op::BININT1 => Value::Int(i64::from(self.byte()?)),
            op::BININT2 => Value::Int(i64::from(u16::from_le_bytes(self.fixed()?))),
            op::BINFLOAT => Value::Float(f64::from_be_bytes(self.fixed()?)),
            op::LONG1 => {
                let length = u64::from(self.byte()?);
                integer(self.take(length)?)?
            }
            op::LONG4 => {
                let length = u64::from(u32::from_le_bytes(self.fixed()?));
                integer(self.take(length)?)?
            }
            op::SHORT_BINUNICODE | op::BINUNICODE | op::BINUNICODE8 => {
                let bytes = self.counted(opcode)?;
                let text = std::str::from_utf8(bytes).map_err(|_| bad("has text not in UTF-8"))?;
                Value::Text(text)
            }
            // Python 2 has no other strings.
            op::SHORT_BINSTRING | op::BINSTRING => {
                let bytes = self.counted(opcode)?;
                std::str::from_utf8(bytes).map_or(Value::Bytes(bytes), Value::Text)
            }
            op::SHORT_BINBYTES | op::BINBYTES | op::BINBYTES8 => {
                Value::Bytes(self.counted(opcode)?)
            }
            other => return Err(Trouble::Refused(op::refused(other))),
        })
    }

    /// A string after its length, of one, four or eight bytes.
    fn counted(&mut self, opcode: u8) -> Outcome<&'a [u8]> {
        let length = match opcode {
            op::SHORT_BINUNICODE | op::SHORT_BINSTRING | op::SHORT_BINBYTES => {
                u64::from(self.byte()?)
            }
            op::BINUNICODE8 | op::BINBYTES8 => u64::from_le_bytes(self.fixed()?),
            _ => u64::from(u32::from_le_bytes(self.fixed()?)),
        };
        self.take(length)
    }
}

/// A little-endian integer of up to 16 bytes.
fn integer(bytes: &[u8]) -> Outcome<Value<'_>> {
    const LONGEST: usize = 16;
    match bytes.len() {
        0..=8 => {
            let is_negative = bytes.last().is_some_and(|&byte| byte > 127);
            let mut short = [if is_negative { 255 } else { 0 }; 8];
            short[..bytes.len()].copy_from_slice(bytes);
            Ok(Value::Int(i64::from_le_bytes(short)))
        }
        9..=LONGEST => Ok(Value::Long(bytes)),
        _ => Err(bad("has an integer that is too long")),
    }
}
