//! What every column means, read off the row structs and their comments, so that the words stand in
//! one place: `docs/tables.md`, and the notebooks.

/// The sources whose structs are rows of files. A struct whose comment names a CSV file in
/// backticks is one.
const SOURCES: [&str; 5] = [
    include_str!("rows.rs"),
    include_str!("ranks.rs"),
    include_str!("course.rs"),
    include_str!("many.rs"),
    include_str!("table7.rs"),
];

/// A file's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumns {
    /// `overlap.csv`
    pub file: String,
    /// What one row is.
    pub row: String,
    /// In the file's order.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    /// `text`, `integer` or `number`.
    pub kind: &'static str,
    /// Whether a field may be empty.
    pub may_be_empty: bool,
    /// What it means, its unit, when it is empty.
    pub meaning: String,
}

const HEADER: &str = "\
# The tables' columns

This page is written by `cargo run --release -- --columns > docs/tables.md`, and is not edited by hand.
Its texts are the comments of the row structs in `src/table/`.

The files are CSV in UTF-8, with a header line and one observation a row. Numbers have nine significant
digits. A missing value is an empty field, never 0. Norms and σ are in the units of the weights. φ, p,
chance and factors have no unit.
";

const FOOTER: &str = "
## files.json

This file tells which files are one set. `sets` has an entry for each group of files that were made from
the same inputs and settings. In an entry `made_of` has the version, the study, the settings, and every
input with its SHA-256. `files` has the SHA-256 of each file by its name. files.json is written last. A
check, and the notebooks, name the files that do not fit it.

## In a spreadsheet

Excel and LibreOffice run a cell that begins with `=`, `+`, `-` or `@`. Cells of `module`, `component` and
`projection` have the names that the weights have. Cells of `adapter`, `weight_types`, `task` and `metric`
have what somebody wrote in runs.csv or answers.csv. A mark before such a cell would change the name, so
none is written. Import these columns as text.
";

/// `docs/tables.md`.
pub fn dictionary() -> String {
    let tables: Vec<String> = columns()
        .iter()
        .map(|table| format!("\n## {}\n\n{}", table.file, table.markdown()))
        .collect();
    let archive = "\n## overlap.npz\n\nEvery φ grid for NumPy, as an array i × j of float64 named \
                   `MODULE__BASIS__FIRST__SECOND`. It has NaN where there is no value, or only a bound.\n";
    HEADER.to_string() + &tables.concat() + archive + FOOTER
}

/// Every file's columns.
pub fn columns() -> Vec<TableColumns> {
    SOURCES.iter().flat_map(|source| structs(source)).collect()
}

/// The names in a file's header, in its order; none of a file that is not ours.
pub fn column_names(file: &str) -> Vec<String> {
    let table = columns().into_iter().find(|table| table.file == file);
    let columns = table.map_or(Vec::new(), |table| table.columns);
    columns.into_iter().map(|column| column.name).collect()
}

impl TableColumns {
    /// What a row is, and a table of the columns.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "{}\n\n| column | type | meaning |\n|:--|:--|:--|\n",
            self.row
        );
        for column in &self.columns {
            let empty = if column.may_be_empty {
                ", may be empty"
            } else {
                ""
            };
            text += &format!(
                "| `{}` | {}{empty} | {} |\n",
                column.name,
                column.kind,
                column.meaning.replace('|', "\\|")
            );
        }
        text
    }
}

/// The structs of a source file that are rows of a CSV file.
fn structs(source: &str) -> Vec<TableColumns> {
    let mut tables: Vec<TableColumns> = Vec::new();
    let mut comment = String::new();
    let mut inside = false;
    for line in source.lines().map(str::trim) {
        let mut visible = ["pub ", "pub(super) "].into_iter();
        let declared = visible
            .find_map(|seen_from| line.strip_prefix(seen_from))
            .unwrap_or(line);
        if let Some(text) = line.strip_prefix("///") {
            comment += text;
        } else if line.starts_with("#[") {
            // Between a comment and what it is about.
        } else if declared.starts_with("struct ") && declared.ends_with('{') {
            let (file, row) = named_file(&comment);
            inside = file.is_some();
            tables.extend(file.map(|file| TableColumns {
                file,
                row,
                columns: Vec::new(),
            }));
            comment.clear();
        } else {
            inside &= line != "}";
            if let (true, Some(table), Some((name, kind))) =
                (inside, tables.last_mut(), declared.split_once(": "))
            {
                table
                    .columns
                    .push(column(name, kind.trim_end_matches(','), &comment));
            }
            comment.clear();
        }
    }
    tables
}

/// `overlap.csv` and the sentence, of "One cell of one overlap grid (`overlap.csv`)."
fn named_file(comment: &str) -> (Option<String>, String) {
    let comment = comment.trim();
    let named = || {
        let (before, after) = comment.split_once(" (`")?;
        let (file, rest) = after.split_once("`)")?;
        file.ends_with(".csv")
            .then(|| (Some(file.into()), format!("{before}{rest}")))
    };
    named().unwrap_or((None, comment.into()))
}

fn column(name: &str, kind: &str, comment: &str) -> Column {
    let optional = kind
        .strip_prefix("Option<")
        .and_then(|kind| kind.strip_suffix('>'));
    Column {
        name: name.into(),
        kind: match optional.unwrap_or(kind) {
            "f64" => "number",
            "String" => "text",
            _ => "integer",
        },
        may_be_empty: optional.is_some(),
        // Links between comments are of no use outside.
        meaning: comment.trim().replace("[`", "`").replace("`]", "`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_those_of_the_rows() {
        assert_eq!(
            column_names("overlap.csv"),
            [
                "module",
                "component",
                "layer",
                "projection",
                "basis",
                "first",
                "second",
                "i",
                "j",
                "overlap",
                "chance",
                "z",
                "limit",
            ]
        );
        assert_eq!(
            column_names("amplification.csv"),
            [
                "module",
                "component",
                "layer",
                "projection",
                "adapter",
                "rank",
                "directions",
                "projected_norm",
                "projected_norm_sd",
                "draws",
                "base_norm",
                "delta_norm",
                "amplification",
                "chance_projected_norm",
            ]
        );
        assert_eq!(
            column_names("spectrum.csv"),
            [
                "module",
                "component",
                "layer",
                "projection",
                "matrix",
                "index",
                "sigma",
                "residual",
                "gap",
                "sin_theta_bound",
            ]
        );
        assert!(column_names("other.csv").is_empty());
    }

    #[test]
    fn structs_are_read_with_comments_and_attributes() {
        let source = "
            /// One thing of
            /// many (`things.csv`), counted.
            #[derive(Debug)]
            pub struct Thing {
                /// Its name,
                /// [`Other`] or `a|b`.
                pub name: String,
                /// How long; empty where unknown.
                #[serde(serialize_with = \"nine\")]
                pub length: Option<f64>,
                /// From 1.
                count: usize,
            }
            /// No file.
            pub struct Other {
                /// Nothing.
                pub nothing: f64,
            }
            fn f(x: f64) {}
        ";
        let [table] = structs(source).try_into().unwrap();
        assert_eq!(table.file, "things.csv");
        assert_eq!(
            table.markdown(),
            "One thing of many, counted.\n\n| column | type | meaning |\n|:--|:--|:--|\n\
             | `name` | text | Its name, `Other` or `a\\|b`. |\n\
             | `length` | number, may be empty | How long; empty where unknown. |\n\
             | `count` | integer | From 1. |\n"
        );
    }

    #[test]
    fn the_page_is_as_it_would_be_written() {
        let written = include_str!("../../docs/tables.md");
        assert!(
            written == dictionary(),
            "run `cargo run --release -- --columns > docs/tables.md`"
        );
    }

    #[test]
    fn every_column_of_every_table_has_words() {
        let tables = columns();
        let files: Vec<&str> = tables.iter().map(|table| table.file.as_str()).collect();
        for file in [
            "overlap.csv",
            "amplification.csv",
            "spectrum.csv",
            "ranks.csv",
            "table7.csv",
        ] {
            assert!(files.contains(&file), "{file} is not in {files:?}");
        }
        for table in &tables {
            assert!(
                !table.row.is_empty() && !table.columns.is_empty(),
                "{}",
                table.file
            );
            for column in &table.columns {
                let words = column.meaning.ends_with('.');
                assert!(
                    words,
                    "{}, {}: {:?}",
                    table.file, column.name, column.meaning
                );
            }
        }
    }
}
