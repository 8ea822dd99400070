"""The `openai` package, unchanged, has the real server listen, where voice is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from openai import OpenAI

from tests.live.programs import key_on
from tests.live.server import PATIENCE, LiveServer
from tests.voice import SENTENCE, install, model_or_skip, spoken_or_skip, words


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the model."""
    model = model_or_skip()
    folder = tmp_path_factory.mktemp("voice")
    install(folder / "instance" / "models", model)
    running = LiveServer(folder).start()
    yield running
    running.stop()


def test_the_client_hears_in_every_form(hearing: LiveServer, tmp_path: Path) -> None:
    spoken = spoken_or_skip(tmp_path)
    with OpenAI(
        base_url=f"{hearing.url}/v1",
        api_key=key_on(hearing, "programmer"),
        timeout=PATIENCE,
        max_retries=0,
    ) as client:
        transcriptions = client.audio.transcriptions
        with spoken.open("rb") as file:
            heard = transcriptions.create(model="whisper-1", file=file)
        assert words(heard.text) == words(SENTENCE)
        with spoken.open("rb") as file:
            text = transcriptions.create(model="any", file=file, response_format="text")
        assert words(text) == words(SENTENCE)
        with spoken.open("rb") as file:
            told = transcriptions.create(
                model="any", file=file, response_format="verbose_json", language="en"
            )
        assert told.segments
        assert (told.language, words(told.text)) == ("en", words(SENTENCE))
        with pytest.raises(openai.BadRequestError, match="can be read"):
            transcriptions.create(model="any", file=b"no sound")
