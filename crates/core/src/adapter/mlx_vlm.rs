//! mlx-vlm before it took MLX-LM's names: `MODULE.A` of (in, r) and `MODULE.B` of (r, out).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::factors::{both, check_factors, check_stated};
use super::fields::Fields;
use super::found::{Content, Found};
use super::keys::group;
use super::located::CONFIG;
use super::scale_rule::{ScaleKind, ScaleRule};
use super::update::Update;
use super::{AdaptedModule, Stored};

/// `MODULE.A`, or `MODULE.lora_A.NAME.weight` of an adapter with a name.
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    let key = r"(?s)^(?<module>.+)\.(?:(?<kind>[AB])|lora_(?<named>[AB])\.[^.]+\.weight)$";
    Regex::new(key).expect("a constant")
});

fn parse(name: &str) -> Option<(String, &'static str)> {
    let key = KEY.captures(name)?;
    let kind = key.name("kind").or(key.name("named"))?;
    let kind = if kind.as_str() == "A" { "A" } else { "B" };
    Some((key["module"].to_string(), kind))
}

/// Whether a config beside such tensors is mlx-vlm's: a rank, α and nothing of PEFT's.
pub(super) fn fits(found: &Found, fields: &Map<String, Value>) -> bool {
    let has = |field| fields.contains_key(field);
    has("rank") && !has("peft_type") && found.names().iter().any(|name| parse(name).is_some())
}

/// Whether tensors without a config are named so.
pub(super) fn is_named_so(found: &Found) -> bool {
    let names = found.names().iter();
    let mut first = names.filter_map(|name| name.strip_suffix(".A"));
    first.any(|module| found.shape(&format!("{module}.B")).len() == 2)
}

/// Reads an adapter: ΔW = α·(A·B)ᵀ, as mlx-vlm does not divide α by r.
///
/// # Errors
///
/// [`Error::Config`] for an α or a rank that is none; [`Error::UnknownScale`] without α;
/// [`Error::Tensor`] for factors without partner or that do not multiply, or another rank.
pub(super) fn read(found: &Found) -> Result<Content> {
    let nothing = Map::new();
    let (path, fields) = match &found.config {
        Some((path, fields)) => (path.as_path(), fields),
        None => (found.root, &nothing),
    };
    let fields = Fields::new(path, fields);
    let (own, stated) = (fields.positive("alpha")?, fields.positive("rank")?);
    let rule = match (found.options.alpha, own) {
        (Some(alpha), _) => Some(ScaleRule::given("α/r", alpha)),
        (None, Some(alpha)) => {
            let words =
                format!("s = α = {alpha} from {CONFIG}, which mlx-vlm does not divide by r");
            Some(ScaleRule::new(ScaleKind::Stated, words, None))
        }
        (None, None) => None,
    };
    let source = match found.config {
        Some(_) => format!("{CONFIG} with rank; "),
        None => String::new(),
    };
    let mut content = Content {
        layout: "mlx-vlm",
        evidence: format!("{source}keys MODULE.A of (in, r) and MODULE.B of (r, out)"),
        scale_rule: rule,
        ranks_are_stated: stated.is_some(),
        ..Content::default()
    };
    let grouped = group(found.names(), parse);
    for (module, tensors) in &grouped.modules {
        let (a, b) = both(found, module, tensors, ("A", "B"))?;
        let a = found.tensor(a)?.transposed();
        let b = found.tensor(b)?.transposed();
        let rank = check_factors(&b, &a)?;
        check_stated(stated, CONFIG, rank, &a)?;
        let scale = found.scale(|alpha| match (alpha, own) {
            (Some(alpha), _) => Ok(alpha / rank as f64),
            (None, Some(own)) => Ok(own),
            (None, None) => Err(unknown(found)),
        })?;
        let mut read = AdaptedModule::new(module.clone(), Update::Product { b, a }, scale);
        read.target.stored = Stored::in_base(found.base, module, (read.d_out, read.d_in));
        content.modules.push(read);
    }
    found.keep(&mut content, &grouped.others)?;
    Ok(content)
}

fn unknown(found: &Found) -> Error {
    Error::UnknownScale {
        path: found.root.into(),
        problem: format!("no {CONFIG} with alpha there, so the scale of ΔW is unknown"),
        remedy: format!(
            "copy it from where the adapter was trained, or give s·r with {}",
            Setting::Alpha
        ),
    }
}
