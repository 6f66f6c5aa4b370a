//! All files of all crates, and which file a path leads to.
//!
//! File A imports file B when A's code names an item that B defines: a function, type, trait,
//! constant, static or macro, by whatever way the name comes there. Re-exports are followed to the
//! file that defines the item; they hand names on, and are no imports. So a `mod.rs` that only
//! declares and re-exports is nobody's importer and nobody's import. A module's name is no item.
//!
//! Not seen: calls of methods, since they name no type. A type's `impl` in another file names the
//! type, and imports its file. A local variable that is called like a function which a glob or a
//! re-export brings into the file counts as that function.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{self, Path, Scope};

/// A crate's name and the folder of its sources.
pub(crate) type Root = (&'static str, &'static str);

/// A file, the files that it imports, and by which items.
pub(crate) type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The crates' modules by their place: the crate's name, then the names that lead to the module.
pub(crate) struct Tree {
    modules: BTreeMap<Path, Module>,
}

pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) scope: Scope,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Module(Path),
    Item { file: String, name: String },
}

/// The `use` lines that are being followed, so that none is followed into itself.
type Following = BTreeSet<(Path, usize)>;

impl Tree {
    /// From file names (with their root's folder) and texts.
    pub(crate) fn new(files: &BTreeMap<String, String>, roots: &[Root], with_tests: bool) -> Self {
        let mut modules = BTreeMap::new();
        for (file, text) in files {
            let scopes = source::read(text, with_tests);
            let scopes = scopes.unwrap_or_else(|error| panic!("{file}: {error}"));
            for scope in scopes {
                let mut place = place_of(file, roots);
                place.extend(scope.inside.iter().cloned());
                let file = file.clone();
                modules.insert(place, Module { file, scope });
            }
        }
        Tree { modules }
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.values()
    }

    pub(crate) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (place, module) in &self.modules {
            let imported = imports.entry(module.file.clone()).or_default();
            for target in self.named(place, &module.scope) {
                if let Target::Item { file, name } = target
                    && file != module.file
                {
                    imported.entry(file).or_default().insert(name);
                }
            }
        }
        imports
    }

    /// Paths from `crate`, `self` or `super` that lead nowhere: where this is not empty, the
    /// imports are not whole.
    pub(crate) fn lost(&self) -> Vec<String> {
        let mut lost = Vec::new();
        for (place, module) in &self.modules {
            let used = module.scope.uses.iter().map(|line| &line.path);
            for path in used.chain(&module.scope.paths) {
                let is_ours = ["crate", "self", "super"].contains(&path[0].as_str());
                if is_ours && self.resolve(place, path, &mut Following::new()).is_empty() {
                    lost.push(format!("{}: {}", module.file, path.join("::")));
                }
            }
        }
        lost
    }

    fn named(&self, place: &[String], scope: &Scope) -> BTreeSet<Target> {
        let brought = scope.uses.iter().filter(|line| !line.hands_on);
        let mut found = BTreeSet::new();
        for path in brought.map(|line| &line.path).chain(&scope.paths) {
            found.extend(self.resolve(place, path, &mut Following::new()));
        }
        for call in &scope.calls {
            found.extend(self.macros(place, call));
        }
        found
    }

    fn macros(&self, place: &[String], call: &str) -> Vec<Target> {
        let by_path = self.lookup(place, call, &mut Following::new());
        if !by_path.is_empty() {
            return by_path;
        }
        let of_crate = self.modules.iter().filter(|(at, _)| at[0] == place[0]);
        let made = of_crate.filter(|(_, module)| module.scope.macros.contains(call));
        made.map(|(_, module)| item(module, call)).collect()
    }

    fn resolve(&self, place: &[String], path: &[String], following: &mut Following) -> Vec<Target> {
        let (first, rest) = path.split_first().expect("a path has segments");
        let (mut targets, rest) = match first.as_str() {
            "crate" => (vec![Target::Module(place[..1].to_vec())], rest),
            "self" => (vec![Target::Module(place.to_vec())], rest),
            "super" => (parent(place), rest),
            "Self" => return Vec::new(),
            "" => match rest.split_first() {
                Some((name, rest)) => (self.another_crate(name), rest),
                None => return Vec::new(),
            },
            name => {
                let here = self.lookup(place, name, following);
                if here.is_empty() {
                    (self.another_crate(name), rest)
                } else {
                    (here, rest)
                }
            }
        };
        for segment in rest {
            targets = self.step(targets, segment, following);
        }
        targets
    }

    /// One segment on: into modules where there are any; what follows a type is a part of it.
    fn step(&self, targets: Vec<Target>, name: &str, following: &mut Following) -> Vec<Target> {
        let is_module = |target: &&Target| matches!(target, Target::Module(_));
        if targets.iter().find(is_module).is_none() {
            return targets;
        }
        let mut found = Vec::new();
        for target in targets {
            match target {
                Target::Module(place) if name == "super" => found.extend(parent(&place)),
                Target::Module(place) => found.extend(self.lookup(&place, name, following)),
                Target::Item { .. } => {}
            }
        }
        found
    }

    /// What a name means in a module: its own items and modules, then what `use` brings, then
    /// globs.
    fn lookup(&self, place: &[String], name: &str, following: &mut Following) -> Vec<Target> {
        let Some(module) = self.modules.get(place) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        if module.scope.defines.contains(name) {
            found.push(item(module, name));
        }
        let child = [place, &[name.to_string()]].concat();
        if self.modules.contains_key(&child) {
            found.push(Target::Module(child));
        }
        for (number, line) in module.scope.uses.iter().enumerate() {
            let this = (place.to_vec(), number);
            if line.name.as_deref() == Some(name) && following.insert(this.clone()) {
                found.extend(self.resolve(place, &line.path, following));
                following.remove(&this);
            }
        }
        if !found.is_empty() {
            return found;
        }
        for (number, line) in module.scope.uses.iter().enumerate() {
            let this = (place.to_vec(), number);
            if line.name.is_none() && following.insert(this.clone()) {
                for target in self.resolve(place, &line.path, following) {
                    if let Target::Module(all) = target {
                        found.extend(self.lookup(&all, name, following));
                    }
                }
                following.remove(&this);
            }
        }
        found
    }

    fn another_crate(&self, name: &str) -> Vec<Target> {
        let place = vec![name.to_string()];
        let known = self.modules.contains_key(&place);
        known.then_some(Target::Module(place)).into_iter().collect()
    }
}

fn item(module: &Module, name: &str) -> Target {
    Target::Item {
        file: module.file.clone(),
        name: name.to_string(),
    }
}

fn parent(place: &[String]) -> Vec<Target> {
    match place {
        [] | [_] => Vec::new(),
        [above @ .., _] => vec![Target::Module(above.to_vec())],
    }
}

/// A file's place among the modules. Each program is a crate by itself.
fn place_of(file: &str, roots: &[Root]) -> Path {
    let root = roots
        .iter()
        .find(|(_, folder)| inside(file, folder).is_some());
    let (name, folder) = root.unwrap_or_else(|| panic!("{file} is in none of the roots"));
    let path = inside(file, folder).expect("it was found by this");
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "main" || path.starts_with("bin/") {
        return vec![format!("{name}/{path}")];
    }
    let modules = path.split('/').filter(|part| *part != "lib");
    let modules = modules.map(str::to_string);
    [name.to_string()].into_iter().chain(modules).collect()
}

/// A file's path within a folder.
pub(crate) fn inside<'a>(file: &'a str, folder: &str) -> Option<&'a str> {
    file.strip_prefix(folder)?.strip_prefix('/')
}
