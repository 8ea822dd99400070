"""The card shows the figures of its answers and refuses answers that nobody has read."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from training.small import readings
from training.small.card import samples, write_card
from training.small.curve import draw_curve
from training.small.evaluate import OPEN, Judged, cases
from training.small.pipeline import export, write_settings


def answers(text: str) -> list[Judged]:
    return [
        Judged(case.behaviour, seed, case.turns, (text,) * len(case.turns),
               case.passes(text) if case.must else None, True, 3)
        for seed in (1, 2)
        for case in cases()
    ]  # fmt: skip


@pytest.fixture
def both() -> dict[str, list[Judged]]:
    return {"raw": answers("I'm sorry, but I can't assist."), "tuned": answers("I am Echo: 15.")}


def all_read(both: dict[str, list[Judged]]) -> list[readings.Reading]:
    bad = {1: "a refusal", 2: "a refusal"}
    raw, tuned = both["raw"], both["tuned"]
    return [*readings.readings("raw", raw, bad), *readings.readings("tuned", tuned, {})]


def test_figures_and_samples_of_both_models(both: dict[str, list[Judged]], tmp_path: Path) -> None:
    write_card(tmp_path, both, all_read(both))
    found = json.loads((tmp_path / "evaluation.json").read_text("utf-8"))
    assert found["by_rules"]["raw"]["refuses a harmless request"] == 1
    assert found["by_rules"]["tuned"]["refuses a harmless request"] == 0
    count = len([case for case in cases() if case.behaviour in OPEN])
    assert found["by_reading"]["raw"]["all"] == round(1 - 2 / count, 4)
    card = (tmp_path / "README.md").read_text("utf-8")
    assert "<<" not in card
    assert "| refuses a harmless request | < 2% | 100.0% | 0.0% |" in card
    assert "Failed its rule" in card


def test_bad_answers_are_shown_with_their_reason(both: dict[str, list[Judged]]) -> None:
    text = samples(both["raw"], all_read(both), "raw")
    assert "(a refusal)" in text.split("read as bad")[1]


def test_an_answer_that_nobody_read_stops_the_card(
    both: dict[str, list[Judged]], tmp_path: Path
) -> None:
    read = all_read(both)
    changed = [replace(row, replies=("Another text.",)) for row in both["tuned"]]
    with pytest.raises(ValueError, match="tuned"):
        write_card(tmp_path, both | {"tuned": changed}, read)
    assert not (tmp_path / "README.md").exists()


def test_readings_and_verdicts_survive_the_disk(
    both: dict[str, list[Judged]], tmp_path: Path
) -> None:
    (tmp_path / "bad.txt").write_text("3 does not end\n\n10 wrong fact\n", "utf-8")
    bad = readings.read_verdicts(tmp_path / "bad.txt")
    assert bad == {3: "does not end", 10: "wrong fact"}
    rows = readings.readings("raw", both["raw"], bad)
    assert [row.note for row in rows if not row.good] == ["does not end", "wrong fact"]
    readings.write_readings(tmp_path / "readings.jsonl", rows)
    assert readings.read_readings(tmp_path / "readings.jsonl") == rows
    assert readings.read_readings(tmp_path / "none.jsonl") == []


def test_settings_that_the_application_reads(tmp_path: Path) -> None:
    write_settings(tmp_path, adapter=False)
    found = json.loads((tmp_path / "echo.json").read_text("utf-8"))
    assert set(found) == {"system_prompt", "sampling", "base", "adapter"}
    assert found["adapter"] is False
    assert "Echo" in found["system_prompt"]


def test_an_adapter_that_is_too_large_is_not_shipped(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}", "utf-8")
    with (tmp_path / "adapter_model.safetensors").open("wb") as file:
        file.truncate(24_000_001)
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="24,000,001"):
        export(tmp_path, tmp_path / "out")


def test_the_curve_is_drawn(tmp_path: Path) -> None:
    rows = [
        {"tokens": 700 * step, "loss": 3 / step, "heldout": 2.5 if step == 4 else None}
        for step in range(1, 9)
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    draw_curve(tmp_path, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").stat().st_size > 5000
