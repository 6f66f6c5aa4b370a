//! Small trees of files: circles that must be found, and what is no circle.

use std::collections::BTreeMap;

use super::circles::{circles, describe};
use super::tree::{Root, Tree};

const ROOTS: [Root; 2] = [("tool", "src"), ("tool_core", "crates/core/src")];

fn tree(files: &[(&str, &str)], with_tests: bool) -> Tree {
    let files = files
        .iter()
        .map(|(name, text)| (name.to_string(), text.to_string()));
    Tree::new(&BTreeMap::from_iter(files), &ROOTS, with_tests)
}

/// Every circle in words, the shortest way round first.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let tree = tree(files, false);
    assert_eq!(tree.lost(), Vec::<String>::new());
    let imports = tree.imports();
    let circles = circles(&imports);
    circles
        .iter()
        .map(|circle| describe(circle, &imports))
        .map(|text| text.lines().next().unwrap().to_string())
        .collect()
}

/// `src/room/a.rs` defines `Kind` and has this code; `src/room/b.rs` dispatches on it.
fn planted(in_a: &str, in_b: &str) -> Vec<String> {
    let a = format!("pub enum Kind {{ One }}\npub fn make() {{}}\n{in_a}");
    let b = format!("pub fn open() {{}}\npub const MOST: usize = 3;\n{in_b}");
    found(&[
        ("src/lib.rs", "pub mod room;\nmod a;"),
        (
            "src/room/mod.rs",
            "mod a;\nmod b;\npub use a::Kind;\npub(crate) use b::open as start;",
        ),
        ("src/room/a.rs", &a),
        ("src/room/b.rs", &b),
    ])
}

const BY_KIND: &str = "2 files: src/room/a.rs -> src/room/b.rs (open) -> src/room/a.rs (Kind)";

#[test]
fn circles_are_found_by_whatever_way_the_name_comes() {
    let from_a = [
        "use super::b::open; fn f() { open() }",
        "use crate::room::b::{self as other}; fn f() { other::open() }",
        "use crate::{room::{b::{open as run}}}; fn f() { run() }",
        "use crate::room::start; fn f() { start() }",
        "use crate::room; fn f() { room::start() }",
        "fn f() { super::b::open() }",
        "fn f() { crate::room::start() }",
        "use super::b::*; fn f() { open() }",
        "use super::*; fn f() { start() }",
        "use self::super::*; fn f() { println!(\"{:?}\", b::open()) }",
        "fn f() { assert!([1].iter().all(|_| super::start() == ())) }",
        "mod inner { use super::super::start; }",
        "#[derive(Deserialize)] struct S { #[serde(default = \"super::start\")] x: u8 }",
    ];
    for code in from_a {
        let circles = planted(code, "use super::Kind; fn g(_: Kind) {}");
        assert_eq!(circles, [BY_KIND], "{code}");
    }
    let from_b = [
        "use super::a::Kind;",
        "use crate::room::Kind as Other;",
        "fn g(_: Option<super::Kind>) {}",
        "fn g() { matches!(1, super::a::Kind::One) }",
        "use super::Kind::*;",
        "use super::*; fn g(_: &[Kind; 3]) {}",
        "impl super::Kind { fn further(&self) {} }",
    ];
    for code in from_b {
        let circles = planted("use super::b::open;", code);
        assert_eq!(circles, [BY_KIND], "{code}");
    }
}

#[test]
fn a_circle_through_three_files_is_one_circle_with_its_shortest_way() {
    let circles = found(&[
        ("src/lib.rs", "mod a; mod b; mod c; mod d;"),
        ("src/a.rs", "pub struct A; use crate::b::B;"),
        ("src/b.rs", "pub struct B; use crate::c::{C, made};"),
        (
            "src/c.rs",
            "pub struct C; pub fn made() {} use crate::a::A;",
        ),
        ("src/d.rs", "use crate::{a::A, c::C};"),
    ]);
    let way = "src/a.rs -> src/b.rs (B) -> src/c.rs (C, made) -> src/a.rs (A)";
    assert_eq!(circles, [format!("3 files: {way}")]);
}

#[test]
fn a_room_that_defines_and_uses_its_children_is_in_a_circle_with_them() {
    let child = ("src/room/child.rs", "use super::Thing; pub fn read() {}");
    let lib = ("src/lib.rs", "mod room;");
    let both = "mod child; pub struct Thing; fn f() { child::read() }";
    let circles = found(&[lib, child, ("src/room/mod.rs", both)]);
    let way = "src/room/child.rs -> src/room/mod.rs (Thing) -> src/room/child.rs (read)";
    assert_eq!(circles, [format!("2 files: {way}")]);

    let defines = "mod child; pub struct Thing; pub use child::read;";
    assert!(found(&[lib, child, ("src/room/mod.rs", defines)]).is_empty());
}

#[test]
fn macros_are_in_scope_by_order_and_still_imported() {
    let circles = found(&[
        ("src/lib.rs", "#[macro_use] mod a; mod b;"),
        (
            "src/a.rs",
            "macro_rules! twice { ($x:expr) => { $crate::b::two($x) } }",
        ),
        (
            "src/b.rs",
            "pub fn two(x: u8) -> u8 { x } fn f() { twice!(1); }",
        ),
    ]);
    let way = "src/a.rs -> src/b.rs (two) -> src/a.rs (twice)";
    assert_eq!(circles, [format!("2 files: {way}")]);
}

#[test]
fn items_that_a_macro_makes_are_its_callers() {
    let circles = found(&[
        ("src/lib.rs", "mod a; mod b;"),
        (
            "src/a.rs",
            "macro_rules! named { ($n:ident { $($v:ident,)+ }) => { pub enum $n { $($v,)+ } } }\n\
             named! {\n/// A figure.\nFigure { Three, Four, }\n}\nuse crate::b::width;",
        ),
        ("src/b.rs", "pub fn width(_: crate::a::Figure) {}"),
    ]);
    let way = "src/a.rs -> src/b.rs (width) -> src/a.rs (Figure)";
    assert_eq!(circles, [format!("2 files: {way}")]);
}

#[test]
fn a_second_crate_and_its_rooms_in_the_first_are_followed() {
    let files = [
        (
            "src/lib.rs",
            "pub use tool_core::{linalg, Error as Trouble}; pub mod study;",
        ),
        (
            "src/study.rs",
            "use crate::linalg::Svd; use crate::Trouble; fn f(_: ::tool_core::Error) {}",
        ),
        (
            "src/bin/run.rs",
            "use tool::study; fn main() { study::go(crate::help()) } fn help() {}",
        ),
        (
            "crates/core/src/lib.rs",
            "pub mod linalg; mod error; pub use error::Error;",
        ),
        ("crates/core/src/error.rs", "pub enum Error {}"),
        (
            "crates/core/src/linalg/mod.rs",
            "mod svd; pub use svd::Svd;",
        ),
        (
            "crates/core/src/linalg/svd.rs",
            "use crate::Error; pub struct Svd;",
        ),
    ];
    let imports = tree(&files, false).imports();
    let of = |file: &str| imports[file].keys().map(String::as_str).collect::<Vec<_>>();
    let core = ["crates/core/src/error.rs", "crates/core/src/linalg/svd.rs"];
    assert_eq!(of("src/study.rs"), core);
    assert_eq!(of("crates/core/src/linalg/svd.rs"), core[..1]);
    assert_eq!(of("src/lib.rs"), Vec::<&str>::new());
    assert_eq!(of("src/bin/run.rs"), Vec::<&str>::new());
    assert!(circles(&imports).is_empty());
}

#[test]
fn prose_tests_fields_and_a_room_that_hands_on_are_no_circle() {
    let innocent = [
        "mod inner {\n//! [`super::super::b::open`]\n}",
        "/// As [`super::open`] does, and super::b::open() too.\n// super::b::open()\nfn f() {}",
        "fn f() -> &'static str { \"super::b::open()\" }",
        "#[cfg(test)] mod tests { use super::super::b::open; }",
        "#[cfg(test)] use super::b::open;",
        "use super::*; fn f(x: &X) { println!(\"{}\", x.start) }",
        "use super::b; pub use super::start as begin;",
        "fn f() { start() } fn start() {}",
    ];
    for code in innocent {
        let circles = planted(code, "use super::Kind;");
        assert_eq!(circles, Vec::<String>::new(), "{code}");
    }
}

#[test]
fn unit_tests_are_seen_where_they_are_asked_for() {
    let files = [
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "#[cfg(test)] mod tests { use crate::b::B; }"),
        ("src/b.rs", "pub struct B;"),
    ];
    assert!(tree(&files, false).imports()["src/a.rs"].is_empty());
    assert!(tree(&files, true).imports()["src/a.rs"].contains_key("src/b.rs"));
}

#[test]
fn a_path_that_leads_nowhere_is_told() {
    let files = [("src/lib.rs", "use crate::gone::Thing;")];
    assert_eq!(
        tree(&files, false).lost(),
        ["src/lib.rs: crate::gone::Thing"]
    );
}
