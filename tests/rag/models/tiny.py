"""Configurations of encoders that are made in a moment."""

import transformers

SIZES = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
    "max_position_embeddings": 40, "type_vocab_size": 2, "pad_token_id": 0, "initializer_range": 0.3,
}  # fmt: skip
CONFIGS: dict[str, transformers.PretrainedConfig] = {
    "bert": transformers.BertConfig(**SIZES),
    "bert-tanh": transformers.BertConfig(**SIZES, hidden_act="gelu_new"),
    "bert-relu": transformers.BertConfig(**SIZES, hidden_act="relu"),
    "xlm-roberta": transformers.XLMRobertaConfig(**{**SIZES, "pad_token_id": 1}),
}
