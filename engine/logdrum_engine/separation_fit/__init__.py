"""Makes our net: the data it learns from, the training, the evaluation and the model card."""
