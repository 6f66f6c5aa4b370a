//! Heat maps of overlaps: one file per published figure, which makes a [`Chart`] of rows.

mod bar;
mod chart;
mod determined;
mod draw;
mod excess;
mod figure3;
mod figure4;
mod figure6;
mod figure7;
mod figure8;
mod grids;
mod layout;
mod limits;
mod mark;
mod pair;
mod parts;
mod phi;
mod room;
mod select;
mod shown;
mod turned;

pub use bar::Bar;
pub use chart::{Axis, Chart, Edges, Panel, Tick};
pub use determined::SURE;
pub(super) use draw::draw;
pub use figure3::figure3;
pub use figure4::figure4;
pub use figure6::figure6;
pub use figure7::figure7;
pub use figure8::{Ranked, figure8};
pub use pair::Pair;
pub use parts::parts;
pub use shown::Shown;
