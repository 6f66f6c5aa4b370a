//! What one file defines, brings into scope and names, as the compiler's grammar sees it.

use std::collections::BTreeSet;
use std::mem;

use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, Macro, Meta, UseTree, Visibility};

/// The segments of a path; the first is empty where the path begins with `::`.
pub(crate) type Path = Vec<String>;

/// A module's own names, and those that its code uses.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// Where the module is inside its file: empty for the file's own.
    pub(crate) inside: Path,
    pub(crate) defines: BTreeSet<String>,
    pub(crate) uses: Vec<Use>,
    pub(crate) paths: BTreeSet<Path>,
    /// Macros by the name that calls them.
    pub(crate) calls: BTreeSet<String>,
    /// Macros that `macro_rules!` makes, which are in scope by order and not by path.
    pub(crate) macros: BTreeSet<String>,
}

/// One name that a `use` brings into scope.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) path: Path,
    /// The name in this module; none for a glob.
    pub(crate) name: Option<String>,
    /// `pub use`, in any of its forms: it hands a name on, and needs the item for nothing else.
    pub(crate) hands_on: bool,
}

/// The modules of a file: its own first, then those in braces.
///
/// Comments, strings and documentation are no code. `#[cfg(test)]` is left out unless it is asked
/// for: tests may hold a file against all others, and a circle through tests alone binds nobody
/// who reads, moves or builds the code.
pub(crate) fn read(text: &str, with_tests: bool) -> syn::Result<Vec<Scope>> {
    let mut reader = Reader {
        open: Scope::default(),
        closed: Vec::new(),
        with_tests,
    };
    reader.visit_file(&syn::parse_file(text)?);
    reader.closed.insert(0, reader.open);
    Ok(reader.closed)
}

struct Reader {
    open: Scope,
    closed: Vec<Scope>,
    with_tests: bool,
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = parts(item);
        if !self.with_tests && attributes.iter().any(is_for_tests) {
            return;
        }
        self.open.defines.extend(name.map(word));
        match item {
            Item::Use(item) => {
                let hands_on = !matches!(item.vis, Visibility::Inherited);
                let start = if item.leading_colon.is_some() {
                    vec![String::new()]
                } else {
                    Path::new()
                };
                flatten(&item.tree, start, hands_on, &mut self.open.uses);
            }
            Item::Mod(module) if module.content.is_some() => {
                let mut inside = self.open.inside.clone();
                inside.push(word(&module.ident));
                let inner = Scope {
                    inside,
                    ..Scope::default()
                };
                let outer = mem::replace(&mut self.open, inner);
                visit::visit_item(self, item);
                self.closed.push(mem::replace(&mut self.open, outer));
            }
            Item::Macro(call) => {
                match &call.ident {
                    Some(name) => _ = self.open.macros.insert(word(name)),
                    None => self.open.defines.extend(words(&call.mac)),
                }
                visit::visit_item(self, item);
            }
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let start = path.leading_colon.as_ref().map(|_| String::new());
        let names = path.segments.iter().map(|segment| word(&segment.ident));
        self.open
            .paths
            .insert(start.into_iter().chain(names).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if let Some(name) = call.path.get_ident() {
            self.open.calls.insert(word(name));
        } else {
            self.visit_path(&call.path);
        }
        let tokens = TokenBuffer::new2(call.tokens.clone());
        self.tokens(tokens.begin(), 1);
    }

    /// Paths in an attribute's arguments (`value_parser = size::parse`) are code, those in serde's
    /// strings too. A single word is an option's name there.
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            let tokens = TokenBuffer::new2(list.tokens.clone());
            self.tokens(tokens.begin(), 2);
            if attribute.path().is_ident("serde") {
                self.strings(tokens.begin());
            }
        }
    }
}

impl Reader {
    /// Paths of at least so many segments in a macro's tokens, which have no grammar of their own.
    fn tokens(&mut self, mut rest: Cursor, least: usize) {
        let mut before = Vec::new();
        while !rest.eof() {
            let is_field = before.last() == Some(&'.') && !before.ends_with(&['.', '.']);
            if let Some((name, after)) = rest.ident() {
                let (path, after) = path_from(word(&name), after);
                let is_call = after.punct().is_some_and(|(mark, _)| mark.as_char() == '!');
                // What follows `>::` is a part of a type that is named before.
                let is_tail = before.ends_with(&[':', ':']);
                if is_call && path.len() == 1 {
                    self.open.calls.extend(path);
                } else if path.len() >= least && !is_field && !is_tail {
                    self.open.paths.insert(path);
                }
                before.clear();
                rest = after;
            } else if let Some((inside, _, _, after)) = rest.any_group() {
                self.tokens(inside, least);
                before.clear();
                rest = after;
            } else if let Some((mark, after)) = rest.punct() {
                before.push(mark.as_char());
                rest = after;
            } else {
                before.clear();
                rest = rest
                    .token_tree()
                    .map_or(Cursor::empty(), |(_, after)| after);
            }
        }
    }

    fn strings(&mut self, mut rest: Cursor) {
        while !rest.eof() {
            if let Some((literal, _)) = rest.literal()
                && let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                && let Ok(path) = text.parse::<syn::Path>()
            {
                self.visit_path(&path);
            }
            rest = rest
                .token_tree()
                .map_or(Cursor::empty(), |(_, after)| after);
        }
    }
}

/// The path that begins with a word, and what follows it.
fn path_from(first: String, mut rest: Cursor) -> (Path, Cursor) {
    let mut path = vec![first];
    while let Some((one, after)) = rest.punct()
        && let Some((two, after)) = after.punct()
        && (one.as_char(), two.as_char()) == (':', ':')
        && let Some((name, after)) = after.ident()
    {
        path.push(word(&name));
        rest = after;
    }
    (path, rest)
}

fn flatten(tree: &UseTree, mut path: Path, hands_on: bool, uses: &mut Vec<Use>) {
    let name = match tree {
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, path.clone(), hands_on, uses);
            }
            return;
        }
        UseTree::Path(inner) => {
            path.push(word(&inner.ident));
            return flatten(&inner.tree, path, hands_on, uses);
        }
        UseTree::Name(last) if last.ident == "self" => path.last().cloned(),
        UseTree::Name(last) => {
            path.push(word(&last.ident));
            path.last().cloned()
        }
        UseTree::Rename(last) => {
            if last.ident != "self" {
                path.push(word(&last.ident));
            }
            Some(word(&last.rename))
        }
        UseTree::Glob(_) => None,
    };
    uses.push(Use {
        path,
        name,
        hands_on,
    });
}

/// The words of a macro's call that stand in no brackets. Where items stand, any of them may be the
/// name of one that the macro makes.
fn words(call: &Macro) -> Vec<String> {
    let tokens = TokenBuffer::new2(call.tokens.clone());
    let mut rest = tokens.begin();
    let mut words = Vec::new();
    while !rest.eof() {
        words.extend(rest.ident().map(|(name, _)| word(&name)));
        rest = rest
            .token_tree()
            .map_or(Cursor::empty(), |(_, after)| after);
    }
    words
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute
            .parse_args::<Ident>()
            .is_ok_and(|condition| condition == "test")
}

fn word(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_string()
}

/// An item's attributes, and the name that it gives its module. Modules are found as files or as
/// scopes of their own.
fn parts(item: &Item) -> (&[Attribute], Option<&Ident>) {
    match item {
        Item::Const(item) => (&item.attrs, Some(&item.ident)),
        Item::Enum(item) => (&item.attrs, Some(&item.ident)),
        Item::ExternCrate(item) => (&item.attrs, None),
        Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
        Item::ForeignMod(item) => (&item.attrs, None),
        Item::Impl(item) => (&item.attrs, None),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
        Item::Mod(item) => (&item.attrs, None),
        Item::Static(item) => (&item.attrs, Some(&item.ident)),
        Item::Struct(item) => (&item.attrs, Some(&item.ident)),
        Item::Trait(item) => (&item.attrs, Some(&item.ident)),
        Item::TraitAlias(item) => (&item.attrs, Some(&item.ident)),
        Item::Type(item) => (&item.attrs, Some(&item.ident)),
        Item::Union(item) => (&item.attrs, Some(&item.ident)),
        Item::Use(item) => (&item.attrs, None),
        _ => panic!("an item that this test does not know"),
    }
}
