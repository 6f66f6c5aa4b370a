//! The cells of a notebook: those of `notebook.py` and `line_figures.py` by their names, and others.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::html::fill;

/// What stands before the name of each cell in a file of cells.
const MARK: &str = "# %% ";
/// From one cell to the next.
const BETWEEN: &str = "\n# %% ";

/// The files of cells.
const FILES: [&str; 2] = [include_str!("notebook.py"), include_str!("line_figures.py")];

/// Their cells by name.
static TEMPLATES: LazyLock<HashMap<&str, Template>> = LazyLock::new(|| {
    FILES
        .iter()
        .flat_map(|file| file.trim_start_matches(MARK).split(BETWEEN))
        .map(|cell| {
            let (head, body) = cell.split_once('\n').unwrap_or((cell, ""));
            let body = body.trim_end();
            match head.strip_prefix("[markdown] ") {
                Some(name) => (name, Template::Markdown(without_hashes(body))),
                None => (head, Template::Code(body)),
            }
        })
        .collect()
});

/// A cell before its values are filled in.
enum Template {
    Code(&'static str),
    Markdown(String),
}

/// Text from the comment that holds it.
fn without_hashes(comment: &str) -> String {
    let lines = comment.lines();
    let lines = lines.map(|line| line.strip_prefix("# ").unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Cells on their way.
pub(super) struct Cells<'a> {
    values: &'a [(&'a str, &'a str)],
    cells: Vec<Value>,
}

impl<'a> Cells<'a> {
    /// No cells yet; `values` are filled into those of the files.
    pub(super) fn with(values: &'a [(&'a str, &'a str)]) -> Self {
        Cells {
            values,
            cells: Vec::new(),
        }
    }

    /// Adds a cell of the files; one that is there already is not added again.
    pub(super) fn take(&mut self, name: &str) {
        if self.cells.iter().any(|cell| cell["id"] == name) {
            return;
        }
        match TEMPLATES.get(name) {
            Some(Template::Code(body)) => self.code(name, fill(body, self.values).trim_start()),
            Some(Template::Markdown(text)) => self.markdown(name, &fill(text, self.values)),
            None => {}
        }
    }

    /// Adds a cell of code.
    pub(super) fn code(&mut self, id: &str, source: &str) {
        self.cells.push(json!({
            "cell_type": "code", "execution_count": null, "id": id, "metadata": {},
            "outputs": [], "source": lines(source),
        }));
    }

    /// Adds a cell of text.
    pub(super) fn markdown(&mut self, id: &str, source: &str) {
        self.cells.push(json!({
            "cell_type": "markdown", "id": id, "metadata": {}, "source": lines(source),
        }));
    }

    /// The cells, as JSON.
    pub(super) fn finish(self) -> Vec<Value> {
        self.cells
    }
}

/// Lines with their ends, as notebooks have them.
fn lines(source: &str) -> Vec<&str> {
    source.split_inclusive('\n').collect()
}
