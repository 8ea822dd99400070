"""The recipe `small`: a light LoRA over a pretrained instruct model. Does not know echo-mini."""
