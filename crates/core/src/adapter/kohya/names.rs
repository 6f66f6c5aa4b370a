//! How the models behind kohya's, LyCORIS's and ComfyUI's files name their parts: data, no code.

/// What a token begins with: the component's short name, and how a base that holds several
/// components begins its names. The longest come first.
pub(super) const COMPONENTS: [(&str, &str, &[&str]); 13] = [
    ("lora_prior_unet_", "prior", &["prior."]),
    ("lora_prior_te_", "prior_te", &["prior_text_encoder."]),
    (
        "lora_transformer_",
        "transformer",
        &["transformer.", "model.diffusion_model."],
    ),
    (
        "lora_unet_",
        "unet",
        &[
            "model.diffusion_model.",
            "diffusion_model.",
            "unet.",
            "transformer.",
        ],
    ),
    (
        "lora_te1_",
        "te1",
        &[
            "text_encoder.",
            "conditioner.embedders.0.",
            "text_encoders.clip_l.",
        ],
    ),
    (
        "lora_te2_",
        "te2",
        &[
            "text_encoder_2.",
            "conditioner.embedders.1.",
            "text_encoders.clip_g.",
        ],
    ),
    (
        "lora_te3_",
        "te3",
        &["text_encoder_3.", "text_encoders.t5xxl."],
    ),
    (
        "lora_te_",
        "te",
        &[
            "text_encoder.",
            "cond_stage_model.",
            "text_encoders.clip_l.",
        ],
    ),
    ("lycoris_", "", &[]),
    (
        "diffusion_model.",
        "unet",
        &[
            "model.diffusion_model.",
            "diffusion_model.",
            "unet.",
            "transformer.",
        ],
    ),
    (
        "text_encoders.clip_l.",
        "te1",
        &[
            "text_encoders.clip_l.",
            "text_encoder.",
            "conditioner.embedders.0.",
        ],
    ),
    (
        "text_encoders.clip_g.",
        "te2",
        &[
            "text_encoders.clip_g.",
            "text_encoder_2.",
            "conditioner.embedders.1.",
        ],
    ),
    (
        "text_encoders.t5xxl.",
        "te3",
        &["text_encoders.t5xxl.", "text_encoder_3.", "text_encoder_2."],
    ),
];

/// What a base's names may begin with and a token lacks.
pub(super) const OUTER: &str = "\
     model.diffusion_model. diffusion_model. model. unet. transformer. prior. text_encoder. \
     text_encoder_2. text_encoder_3. prior_text_encoder. cond_stage_model.transformer. \
     cond_stage_model.model. conditioner.embedders.0.transformer. \
     conditioner.embedders.1.model. text_encoders.clip_l.transformer. \
     text_encoders.clip_g.transformer. text_encoders.t5xxl.transformer. base_model.model.";

/// Names with an underscore, of UNets, transformers and text encoders: where a token may be cut is
/// told by them.
pub(super) const LONG_PARTS: &str = "\
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
     wi_1 layer_norm1 layer_norm2 final_layer_norm embed_tokens token_embedding lm_head";
/// Names of one word.
pub(super) const SHORT_PARTS: &str = "\
     attentions resnets downsamplers upsamplers motion attn attn1 attn2 ff net proj conv \
     conv1 conv2 op in out norm norm1 norm2 norm3 lin linear linear1 linear2 modulation qkv \
     mlp fc1 fc2 q k v o ffn blocks layers layer encoder decoder block model attention feed \
     w1 w2 w3 SelfAttention EncDecAttention DenseReluDense wi wo embeddings shared \
     transformer unet resblocks ln adaln dense query value";
