//! Numbers: what the library reads and computes, against the libraries that wrote the files, NumPy,
//! SciPy, closed forms and laws. Only files, `lora_subspace_core` from `tensors` to `measure`, and no
//! command.
//!
//! Files and what they hold:
//! - `pickles`: PyTorch files as torch reads them, and pickles that would run something
//! - `archives`: tensors that lead out of their storage, zip archives that lie
//! - `arrays`: NumPy's archives, as NumPy writes them and as nobody does
//! - `checkpoint`: bases as they come, in shards, in fp8, packed
//! - `shards`: one adapter in a file, in shards and in an archive
//! - `packed`: weights among other files, in folders and in archives
//! - `inputs`: which bytes a digest is of
//!
//! ΔW of adapters:
//! - `peft`: as PEFT merges them
//! - `layouts`: as every other library merges its own
//! - `joined`: projections that were trained apart and joined
//! - `trainers`: small formats of one trainer each, against dense arithmetic
//! - `paddle`: PaddleNLP's factors, scales and bases
//! - `clip_lora`: CLIP-LoRA's files
//! - `stacks`: factors in three axes, one matrix for each expert
//! - `turned`: factors that are stored the other way round, and those that only look so
//! - `experts`: stacks of experts by the version of PEFT that wrote them
//! - `scales`: α by every name that a file may state it under, and the scale that follows
//! - `wrapped`: one adapter under the names that wrappers and tools give it, and what stands beside it
//! - `names`: module names with line breaks and control characters, in every layout
//! - `stable_diffusion`: one library's names on bases with another's
//! - `laid`: which weight of a base is whose
//! - `kept_in_parts`: weights under other names, in other files, or in a part of something
//! - `in_parts`: W read a block of rows at a time
//! - `rank_of_products`: what cancels, and what was learned
//!
//! Measures:
//! - `laws`: what must hold for any adapter
//! - `range`: weights of every size that f64 has
//! - `closed_forms`: random subspaces against what is known of them exactly
//! - `significance`: tails, intervals and corrections against SciPy
//! - `groups`: what several runs share by chance, and norms of random directions
//! - `random_ranks`: ranks of random products against NumPy, by their keys and by whole factors
//! - `same_layer`: same layers against others, by chance and planted
//! - `many`: many updates of one module against NumPy, by chance, and planted
//! - `one_start`: runs that began as one, told of independent ones
//! - `golden`: principal angles against SciPy
//! - `trajectory`: the course of a run against NumPy, by chance, and planted

#[path = "../../../../tests/common/files.rs"]
mod files;
mod findings_values;
#[path = "../../../../tests/common/golden_values.rs"]
mod golden_values;

mod archives;
mod arrays;
mod checkpoint;
mod clip_lora;
mod closed_forms;
mod experts;
mod golden;
mod groups;
mod in_parts;
mod inputs;
mod joined;
mod kept_in_parts;
mod laid;
mod laws;
mod layouts;
mod many;
mod meets;
mod names;
mod one_start;
mod packed;
mod paddle;
mod peft;
mod pickles;
mod random_ranks;
mod range;
mod rank_of_products;
mod same_layer;
mod scales;
mod shards;
mod significance;
mod stable_diffusion;
mod stacks;
mod trainers;
mod trajectory;
mod turned;
mod wrapped;
