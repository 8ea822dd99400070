"""Which installed model an adapter stands on, and whether it fits. It knows no engine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from echo.errors import InvalidInput
from echo.languages import gettext
from echo.services.library import folders, names
from echo.services.library.catalogue import Catalogue
from echo.services.library.folders import AdapterFacts
from echo.services.library.models import InstalledModel


def find(
    adapter: AdapterFacts,
    wanted: str | None,
    installed: Iterable[InstalledModel],
    catalogue: Catalogue,
) -> InstalledModel:
    """Return the model that the adapter was made for: the one that is wanted, or the only one that it names.

    Raises:
        InvalidInput: there is none or more than one, or the one that is wanted is no base.
    """
    bases = [model for model in installed if model.state == "installed" and model.kind != "adapter"]
    if wanted is not None:
        return _wanted(wanted, bases)
    own = [model for model in bases if model.base is None]
    found = [model for model in own if _is_called(model, adapter.base, catalogue)]
    if len(found) != 1:
        raise InvalidInput(_no_single_base(adapter, found), field="base")
    return found[0]


def _no_single_base(adapter: AdapterFacts, found: list[InstalledModel]) -> str:
    maker = f"“{adapter.base}”" if adapter.base else gettext("a model that it does not name")
    if not found:
        return gettext(
            "This adapter was made for %(maker)s, and no model goes by that name here. Say which installed "
            "model it stands on by --base.",
            maker=maker,
        )
    return gettext(
        "This adapter was made for %(maker)s, and %(names)s go by that name here. Say which installed "
        "model it stands on by --base.",
        maker=maker,
        names=names.joined(model.name for model in found),
    )


def refuse_misfit(name: str, adapter: AdapterFacts, base: InstalledModel) -> None:
    """Raise InvalidInput when the adapter's matrices are not made for the base's."""
    why = folders.misfit(adapter, folders.gguf_or_folder_shapes(base.path))
    if why:
        raise InvalidInput(
            gettext(
                "The adapter %(name)s does not fit %(base)s: %(why)s.",
                name=name,
                base=base.name,
                why=why,
            ),
            field="base",
        )


def _wanted(name: str, bases: list[InstalledModel]) -> InstalledModel:
    model = next((m for m in bases if m.name.casefold() == name.casefold()), None)
    if model is None:
        raise InvalidInput(
            gettext(
                "“%(name)s” is not installed as a model that an adapter can stand on.", name=name
            ),
            field="base",
        )
    real = next((m for m in bases if m.name == model.base), None)
    return real or model


def _is_called(model: InstalledModel, base: str, catalogue: Catalogue) -> bool:
    entry = catalogue.get(model.name)
    known = {model.name, model.source.removeprefix("hub:"), *(entry.known_as if entry else ())}
    return base in known or (Path(base).is_absolute() and Path(base) == model.path)
