//! `overlap.csv`, which can have millions of rows: written without a string per row, and read back
//! a grid at a time.
//!
//! # Decisions
//!
//! - `overlap.csv` has a writer of its own, with its digits in `digits.rs`. It has millions of
//!   rows: names are quoted once a grid, and no row makes a string. Tests hold it to the bytes
//!   that the csv crate makes of the same rows.
//! - The file is read back by grid. What no figure shows is never made a row.

use std::io::{self, ErrorKind, Read, Write};

use ::csv::{ByteRecord, Reader};

use crate::error::Result;
use crate::paper::named;

use super::csv::{failed, not_a_number};
use super::digits::{push_count, push_nine_digits};
use super::rows::OverlapRow;

/// The columns, in [`OverlapRow`]'s order.
const HEADER: &str =
    "module,component,layer,projection,basis,first,second,i,j,overlap,chance,z,limit\n";
/// Of the columns, those that are the same on every row of a grid.
const NAMES: usize = 7;
/// Rows are handed on in pieces of about this many bytes.
const PIECE: usize = 1 << 16;

/// What all rows of one grid say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverlapNames<'a> {
    /// Full path as the adapter names it.
    pub module: &'a str,
    /// The part of the model that it is of, where the study has several.
    pub component: &'a str,
    /// Block number, 0-based.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: &'a str,
    /// Which directions.
    pub basis: &'a str,
    /// The first adapter, `base` or `random`.
    pub first: &'a str,
    /// The second adapter, `base` or `random`.
    pub second: &'a str,
}

/// What one row of a grid says beside its names; the fields are those of [`OverlapRow`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverlapCell {
    /// Directions of the first, from 1.
    pub i: usize,
    /// Directions of the second, from 1.
    pub j: usize,
    /// φ(i,j).
    pub overlap: Option<f64>,
    /// max(i,j)/d.
    pub chance: f64,
    /// In standard deviations of random subspaces.
    pub z: Option<f64>,
    /// On which side of `overlap` the value is, where that is a bound.
    pub limit: Option<Limit>,
}

named! {
    /// On which side of a number a value is that is known only so far.
    ///
    /// ```
    /// use lora_subspace::table::Limit;
    /// assert_eq!(Limit::Below.name(), "below");
    /// ```
    Limit {
        /// It is not larger.
        Below = "below",
        /// It is not smaller.
        Above = "above",
    }
}

impl Limit {
    /// The limit of a name; `None` of any other.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Limit::ALL.into_iter().find(|limit| limit.name() == name)
    }
}

/// Writes `overlap.csv` a grid at a time: the bytes that [`to_csv`](super::to_csv) makes of the
/// same rows, at several times the speed.
#[derive(Debug)]
pub struct OverlapWriter<W: Write> {
    inner: W,
    /// Rows on their way to `inner`.
    rows: Vec<u8>,
    /// Chance levels as written, by max(i,j): a grid has few, on many rows.
    chances: Vec<(f64, Vec<u8>)>,
}

impl<W: Write> OverlapWriter<W> {
    /// Starts a table with its header.
    pub fn new(inner: W) -> Self {
        OverlapWriter {
            inner,
            rows: HEADER.into(),
            chances: Vec::new(),
        }
    }

    /// Writes the rows of one grid.
    ///
    /// # Errors
    ///
    /// Those of the writer underneath, and [`io::ErrorKind::InvalidData`] for a number that is none, with
    /// its row and column.
    pub fn grid(
        &mut self,
        names: &OverlapNames,
        cells: impl Iterator<Item = OverlapCell>,
    ) -> io::Result<()> {
        let prefix = prefix(names)?;
        for cell in cells {
            let written = self.row(&prefix, &cell);
            written.map_err(|error| located(error, names, &cell))?;
            if self.rows.len() >= PIECE {
                self.inner.write_all(&self.rows)?;
                self.rows.clear();
            }
        }
        Ok(())
    }

    /// Writes what is left, and gives the writer back.
    ///
    /// # Errors
    ///
    /// Those of the writer underneath.
    pub fn finish(mut self) -> io::Result<W> {
        self.inner.write_all(&self.rows)?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn row(&mut self, prefix: &[u8], cell: &OverlapCell) -> io::Result<()> {
        let rows = &mut self.rows;
        rows.extend_from_slice(prefix);
        push_count(rows, cell.i);
        rows.push(b',');
        push_count(rows, cell.j);
        rows.push(b',');
        if let Some(overlap) = cell.overlap {
            push_nine_digits(rows, overlap)?;
        }
        rows.push(b',');
        push_chance(rows, &mut self.chances, cell)?;
        rows.push(b',');
        if let Some(z) = cell.z {
            push_nine_digits(rows, z)?;
        }
        rows.push(b',');
        rows.extend_from_slice(cell.limit.map_or("", Limit::name).as_bytes());
        rows.push(b'\n');
        Ok(())
    }
}

/// The error of a number that is none, with its place.
fn located(error: io::Error, names: &OverlapNames, cell: &OverlapCell) -> io::Error {
    let is_none = |value: Option<f64>| value.is_some_and(|value| !value.is_finite());
    let column = match (is_none(cell.overlap), is_none(cell.z)) {
        (true, _) => "overlap",
        (_, true) => "z",
        _ => "chance",
    };
    let row = format!(
        "{{{}, {}, {}, {}, i = {}, j = {}}}",
        names.module, names.basis, names.first, names.second, cell.i, cell.j
    );
    match error.kind() {
        ErrorKind::InvalidData => {
            let told = not_a_number("overlap.csv", &row, column, error);
            io::Error::new(ErrorKind::InvalidData, told)
        }
        _ => error,
    }
}

/// The names with a comma after each, quoted where they must be.
fn prefix(names: &OverlapNames) -> io::Result<Vec<u8>> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let layer = names.layer.map(|layer| layer.to_string());
    writer.write_record([
        names.module,
        names.component,
        layer.as_deref().unwrap_or_default(),
        names.projection,
        names.basis,
        names.first,
        names.second,
    ])?;
    let mut line = writer.into_inner().map_err(|error| error.into_error())?;
    if let Some(end) = line.last_mut() {
        *end = b',';
    }
    Ok(line)
}

fn push_chance(
    rows: &mut Vec<u8>,
    chances: &mut Vec<(f64, Vec<u8>)>,
    cell: &OverlapCell,
) -> io::Result<()> {
    let place = cell.i.max(cell.j);
    if place >= chances.len() {
        chances.resize(place + 1, (f64::NAN, Vec::new()));
    }
    let (chance, text) = &mut chances[place];
    // A grid in a space of another dimension has other levels.
    if *chance != cell.chance {
        text.clear();
        push_nine_digits(text, cell.chance)?;
        *chance = cell.chance;
    }
    rows.extend_from_slice(text);
    Ok(())
}

/// Reads the rows of those grids back that `keep` wants; it is asked once per grid, with the grid's
/// first row. What it does not want costs no memory.
///
/// # Errors
///
/// [`Error::Table`](crate::Error::Table) with the line that does not fit.
pub fn read_overlaps(
    source: impl Read,
    mut keep: impl FnMut(&OverlapRow) -> bool,
) -> Result<Vec<OverlapRow>> {
    let failed = |error: ::csv::Error| failed("overlap.csv", error.to_string());
    let mut reader = Reader::from_reader(source);
    let header = reader.byte_headers().map_err(failed)?.clone();
    let names = places(&header)?;
    let (mut record, mut earlier) = (ByteRecord::new(), ByteRecord::new());
    let mut wanted = false;
    let mut rows = Vec::new();
    while reader.read_byte_record(&mut record).map_err(failed)? {
        let same = names
            .iter()
            .all(|&place| record.get(place) == earlier.get(place));
        if same && !wanted {
            continue;
        }
        let row: OverlapRow = record.deserialize(Some(&header)).map_err(failed)?;
        if !same {
            wanted = keep(&row);
            earlier.clone_from(&record);
        }
        if wanted {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Where the names of a grid stand: a table made by others may have its columns in another order, and
/// no `component`.
fn places(header: &ByteRecord) -> Result<Vec<usize>> {
    let mut places = Vec::new();
    for name in HEADER.split(',').take(NAMES) {
        let found = header.iter().position(|column| column == name.as_bytes());
        match found {
            Some(place) => places.push(place),
            None if name == "component" => {}
            None => {
                let problem = format!("there is no column `{name}`");
                return Err(failed("overlap.csv", problem));
            }
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::to_csv;

    fn row(names: &OverlapNames, cell: &OverlapCell) -> OverlapRow {
        OverlapRow {
            module: names.module.into(),
            component: names.component.into(),
            layer: names.layer,
            projection: names.projection.into(),
            basis: names.basis.into(),
            first: names.first.into(),
            second: names.second.into(),
            i: cell.i,
            j: cell.j,
            overlap: cell.overlap,
            chance: cell.chance,
            z: cell.z,
            limit: cell.limit.map_or("", Limit::name).into(),
        }
    }

    const PLAIN: OverlapNames = OverlapNames {
        module: "m.0.q",
        component: "",
        layer: Some(0),
        projection: "q",
        basis: "a",
        first: "one",
        second: "two",
    };
    const AWKWARD: OverlapNames = OverlapNames {
        module: "m, \"0\"",
        component: "a,b",
        layer: None,
        projection: "",
        basis: "a\nb",
        first: " one",
        second: "#two\r",
    };

    fn cells(dimension: f64) -> Vec<OverlapCell> {
        let values = [0.0, 1.0, 1e-5, 1e-17, 0.1 + 0.2, 0.9999999996, -3.75e-2];
        let cell = |(place, value): (usize, f64)| OverlapCell {
            i: place + 1,
            j: 12 - place,
            overlap: Some(value).filter(|_| place != 1),
            chance: (place + 1).max(12 - place) as f64 / dimension,
            z: Some(-1e3 * value).filter(|_| place != 2),
            limit: [None, Some(Limit::Below), Some(Limit::Above)][place % 3],
        };
        values.into_iter().enumerate().map(cell).collect()
    }

    #[test]
    fn the_bytes_are_those_of_the_rows() {
        let mut writer = OverlapWriter::new(Vec::new());
        let mut rows = Vec::new();
        for (names, dimension) in [(PLAIN, 384.0), (AWKWARD, 384.0), (PLAIN, 7.0)] {
            let cells = cells(dimension);
            rows.extend(cells.iter().map(|cell| row(&names, cell)));
            writer.grid(&names, cells.into_iter()).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let expected = String::from_utf8(to_csv("overlap.csv", &rows).unwrap()).unwrap();
        assert_eq!(text, expected);
    }

    #[test]
    fn only_wanted_grids_are_read() {
        let mut writer = OverlapWriter::new(Vec::new());
        for names in [PLAIN, AWKWARD, PLAIN] {
            writer.grid(&names, cells(20.0).into_iter()).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let mut asked = 0;
        let rows = read_overlaps(&bytes[..], |row| {
            asked += 1;
            row.layer.is_none()
        });
        let rows = rows.unwrap();
        assert_eq!((asked, rows.len()), (3, 7));
        assert!(rows.iter().all(|row| row.first == " one"));
        assert_eq!(read_overlaps(&bytes[..], |_| true).unwrap().len(), 21);
    }

    #[test]
    fn a_table_that_does_not_fit_is_an_error() {
        let error = |text: &str| {
            let rows = read_overlaps(text.as_bytes(), |_| true);
            rows.unwrap_err().to_string()
        };
        assert!(error("module,layer\nm,0\n").contains("no column `projection`"));
        let line = "m,0,q,a,one,two,1,x,0.5,0.1,\n";
        assert!(error(&format!("{HEADER}{line}")).contains("line: 2"));
    }
}
