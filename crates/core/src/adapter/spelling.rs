//! Names of modules without their dots: where a name is cut, and one spelling for all.

/// Names with an underscore, of UNets, transformers and text encoders: where a token may be cut is
/// told by them.
const LONG_PARTS: &str = "\
     down_blocks up_blocks mid_block transformer_blocks single_transformer_blocks \
     joint_transformer_blocks double_blocks single_blocks joint_blocks input_blocks \
     middle_block output_blocks temporal_transformer_blocks refiner_blocks context_refiner \
     noise_refiner to_q to_k to_v to_out to_qkv to_add_out to_kv add_q_proj add_k_proj \
     add_v_proj add_out_proj proj_in proj_out proj_mlp conv_in conv_out conv_shortcut \
     time_emb_proj time_embedding time_embed time_proj label_emb add_embedding linear_1 \
     linear_2 in_layers out_layers emb_layers skip_connection img_attn txt_attn img_mlp \
     txt_mlp img_mod txt_mod img_in txt_in time_in vector_in guidance_in in_layer out_layer \
     final_layer adaLN_modulation x_block context_block x_embedder y_embedder t_embedder \
     context_embedder ff_context norm1_context cross_attn self_attn k_img v_img img_emb \
     text_embedding patch_embedding time_projection text_model vision_model text_projection \
     visual_projection q_proj k_proj v_proj o_proj out_proj gate_proj up_proj down_proj wi_0 \
     wi_1 feed_forward distilled_guidance_layer cap_embedder double_stream_blocks \
     single_stream_blocks layer_norm1 layer_norm2 final_layer_norm embed_tokens token_embedding lm_head";
/// Names of one word.
const SHORT_PARTS: &str = "\
     attentions resnets downsamplers upsamplers motion attn attn1 attn2 ff net proj conv \
     conv1 conv2 op in out norm norm1 norm2 norm3 lin linear linear1 linear2 modulation qkv \
     mlp fc1 fc2 q k v o ffn blocks layers layer encoder decoder block model attention feed \
     w1 w2 w3 SelfAttention EncDecAttention DenseReluDense wi wo embeddings shared \
     transformer unet resblocks ln adaln dense query value";
/// The most words of a part.
const LONGEST_PART: usize = 3;

/// A flattened path with its dots, when it is made of several known parts and numbers.
pub(super) fn decode(token: &str) -> Option<String> {
    decoded(token).filter(|path| path.contains('.'))
}

/// As [`decode`], of one part or more: for a name of which it is known where it begins.
pub(super) fn decoded(token: &str) -> Option<String> {
    let words: Vec<&str> = token.split('_').collect();
    let names = cut(&words, &[]);
    let all = names.iter().all(|name| is_known_part(name));
    all.then(|| names.join("."))
}

/// A path in the spelling that all files of one model share, whether a trainer wrote dots or
/// underscores: cut at numbers and known parts, and else into words. `wrappers` are known too.
pub(crate) fn spelled(path: &str, wrappers: &[&str]) -> String {
    let words = path.split(['.', '_']).filter(|word| !word.is_empty());
    cut(&words.collect::<Vec<_>>(), wrappers).join(".")
}

/// Whether a name is a number or a part that models are made of.
pub(crate) fn is_known_part(name: &str) -> bool {
    is_number(name) || is_among(LONG_PARTS, name) || is_among(SHORT_PARTS, name)
}

/// Words joined to names, the longest known part first.
fn cut(words: &[&str], wrappers: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let longest = LONGEST_PART.min(words.len() - at);
        let long = (2..=longest).rev().find_map(|count| {
            let part = words[at..at + count].join("_");
            let is_part = is_among(LONG_PARTS, &part) || wrappers.contains(&part.as_str());
            is_part.then_some((part, count))
        });
        let (part, count) = long.unwrap_or_else(|| (words[at].to_string(), 1));
        names.push(part);
        at += count;
    }
    names
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_among(list: &str, part: &str) -> bool {
    list.split_whitespace().any(|known| known == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_underscores_are_one_spelling() {
        for (one, other) in [
            ("double_blocks.0.img_attn_q", "double_blocks.0.img_attn.q"),
            ("my_blocks.1.to_q", "my_blocks_1_to_q"),
            ("blocks.0.cross_attn.k", "_blocks_0_cross_attn_k"),
            ("language_model.layers.0.q", "language_model_layers_0_q"),
        ] {
            let wrappers = ["language_model"];
            assert_eq!(spelled(one, &wrappers), spelled(other, &wrappers), "{one}");
        }
        assert_eq!(
            spelled("down_blocks_0_my_part_q", &[]),
            "down_blocks.0.my.part.q"
        );
        assert_ne!(spelled("blocks.0.q", &[]), spelled("blocks.0.k", &[]));
    }

    #[test]
    fn what_is_no_known_part_is_not_decoded() {
        assert_eq!(decoded("to_q").as_deref(), Some("to_q"));
        assert_eq!(decode("to_q"), None);
        assert_eq!(decode("blocks_1_to_q").as_deref(), Some("blocks.1.to_q"));
        for token in ["", "my_blocks_1", "blocks__1"] {
            assert_eq!(decoded(token), None, "{token}");
        }
    }
}
