//! Rows and charts to a page and a notebook: `report.html` and `NAME.ipynb`. Both are bytes made
//! of what is handed in and nothing else: no time, no machine, no path.
//!
//! The page is one file that loads nothing. What moves in it is in `report.js` and `modules.js`,
//! its looks in `report.css`, its frame in `report.html`, all beside this file.
//!
//! # Decisions
//!
//! - A content policy in the page forbids it the network.

mod cells;
mod document;
mod figures;
mod html;
mod line_figures;
mod modules;
mod notebook;
mod page;
mod python;
mod sections;

pub use line_figures::{Lines, RebuiltLines};
pub use modules::{Corners, Module, Modules};
pub use notebook::{Compared, Notebook, Rebuilt, RebuiltRuns};
pub use page::{AdapterFacts, Content, Figure, Page, TableFile};
