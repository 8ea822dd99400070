"""The command line picks a recipe and another clock for one phase."""

import training.__main__ as command_line
from training.config import CPU


def test_named_recipe_with_another_clock() -> None:
    recipe = command_line.chosen_recipe("cpu", "chat", 7)
    assert [p.minutes for p in recipe.phases] == [
        7 if p.name == "chat" else p.minutes for p in CPU.phases
    ]


def test_the_machine_decides(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    for there, name in ((True, "gpu"), (False, "cpu")):
        monkeypatch.setattr(command_line.torch.cuda, "is_available", lambda there=there: there)
        assert command_line.chosen_recipe(None, None, None).name == name
