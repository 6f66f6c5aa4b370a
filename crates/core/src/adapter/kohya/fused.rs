//! Fused projections whose parts were trained apart: kohya's `split_qkv`.

use std::ops::Range;

use ndarray::s;

use crate::adapter::AdaptedModule;
use crate::adapter::found::Content;
use crate::adapter::update::Update;
use crate::error::Result;

/// A fused q, k and v that were trained apart: B has a block for each and zeros between.
pub(super) fn cut(module: &mut AdaptedModule, content: &mut Content) -> Result<()> {
    let Update::Product { b, a } = &module.update else {
        return Ok(());
    };
    let blocks = fused_rows(&module.path, b.dim().0, module.d_in);
    let (rank, parts) = (b.dim().1, blocks.len());
    if parts == 0 || !rank.is_multiple_of(parts) {
        return Ok(());
    }
    let each = rank / parts;
    let numbers = b.evaluate()?;
    let own = |part: usize| part * each..(part + 1) * each;
    let is_apart = |((row, column), number): ((usize, usize), &f64)| {
        *number == 0.0 || blocks[column / each].contains(&row)
    };
    let is_trained = |(part, rows): (usize, &Range<usize>)| {
        numbers
            .slice(s![rows.clone(), own(part)])
            .iter()
            .any(|&x| x != 0.0)
    };
    if !numbers.indexed_iter().all(is_apart) || !blocks.iter().enumerate().all(is_trained) {
        return Ok(());
    }
    for (part, rows) in blocks.into_iter().enumerate() {
        let b = b.clone().rows(rows.clone())?.columns(own(part))?;
        let a = a.clone().rows(own(part))?;
        module.slots.push((rows, Update::Product { b, a }));
    }
    content.notes.push(format!(
        "`{}` was trained as {parts} parts of rank {each} (split_qkv): training used α/{each}, \
         {parts} times the α/{rank} of every loader of this file, which is taken here",
        module.path
    ));
    Ok(())
}

/// The rows of q, k, v and what follows them in a fused projection of FLUX or SD3, by its name;
/// none for other modules.
fn fused_rows(path: &str, height: usize, d_in: usize) -> Vec<Range<usize>> {
    let thirds = |width: usize| (0..3).map(move |part| part * width..(part + 1) * width);
    match path.rsplit('.').next() {
        Some("qkv") if height.is_multiple_of(3) => thirds(height / 3).collect(),
        Some("linear1") if 3 * d_in < height => thirds(d_in)
            .chain(std::iter::once(3 * d_in..height))
            .collect(),
        _ => Vec::new(),
    }
}
