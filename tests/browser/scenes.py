"""Takes pictures of what people do into docs/img/: `python -m tests.browser.scenes`, with names some of them.

Not a test: it starts Echo with the scripted engine (`stage`), and looks at each scene at both widths and in
both themes. It knows no models; `pictures` takes the pages themselves.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, Route, expect

from echo.extensions import db
from echo.models import GuardRule
from tests.browser.stage import LOOKS, TOLD, Stage, on_stage, shot
from tests.browser.talk import (
    answer,
    ask,
    ask_and_wait,
    call,
    composer,
    prose,
    question,
    wait_for_end,
)
from tests.browser.test_document_pictures import give
from tests.browser.test_prompts import keep
from tests.browser.test_speaking import JOE, endless, tone
from tests.services.test_imports import gpt, gpt_node

SPOKEN = """navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext(), into = context.createMediaStreamDestination();
  const voice = new OscillatorNode(context, { frequency: 180 });
  voice.connect(into);
  voice.start(context.currentTime + 0.5);
  voice.stop(context.currentTime + 2);
  return into.stream;
}"""
"""A microphone into which somebody speaks, or hums at least, for a moment."""


def together(stage: Stage) -> None:
    maya, jonas = stage.person("maya.chen", ""), stage.person("jonas")
    own = stage.open(maya)
    ask_and_wait(own, "We are twelve and have 150 euros. What could we do on our team day?")
    path = stage.path(own)
    call(own, "PUT", f"/api{path.replace('/c/', '/conversations/')}/members/jonas")
    other = stage.open(jonas, path)
    expect(other.locator(".message")).to_have_count(2)
    ask_and_wait(other, "Cooking! What suits people with food allergies to nuts and milk?")
    pages = [stage.open(maya, path, look) for look in LOOKS]
    for page in pages:
        expect(page.locator("#chat-people .faces")).to_be_visible()
    ask(other, "And a shopping list for that, please")
    for page, look in zip(pages, LOOKS, strict=True):
        expect(prose(page)).to_contain_text("spinach")
        shot(page, f"together-{look}")
        page.context.close()


def guardrails(stage: Stage) -> None:
    with stage.server.app.app_context():
        db.session.add_all(
            GuardRule(is_on=True, place="question", **rule) for rule in TOLD["rules"]
        )
        db.session.commit()
        db.engine.dispose()
    told = {
        "sam.okafor": ("Is Nightingale a good name for a choir?", "A choir, not a product."),
        "elena": ("What dosage of ibuprofen is usual for grown-ups?", ""),
    }
    for name, (text, reason) in told.items():
        _objects(stage.open(stage.person(name)), text, reason)
    own = stage.open(priya := stage.person("priya", ""))
    ask_and_wait(own, "The shop has charged twice to 4929 1843 7710 2264. Can I get it back?")
    _objects(own, "Which birds sing at night? Is the nightingale one?", "I meant the bird.")
    for page, look in stage.looks(priya, stage.path(own)):
        expect(question(page).locator(".guard")).to_be_visible()
        shot(page, f"guardrails-{look}")
    owner = stage.server.member("grace", role="super_admin")
    for page, look in stage.looks(owner, "/admin/guard_decisions/"):
        shot(page, f"guardrails-queue-{look}")


def _objects(page: Page, text: str, reason: str) -> None:
    ask_and_wait(page, text)
    note = question(page).locator(".guard")
    if reason:
        note.get_by_role("button", name="Object").click()
        note.get_by_label("Why you object").fill(reason)
        note.get_by_role("button", name="Send objection").click()
        expect(note).to_contain_text("You objected")


def talking(stage: Stage) -> None:
    """No model of speech: the page is told that there are some, and a tone is the voice."""
    sound = endless(tone(40))
    answers: dict[str, dict[str, Any]] = {
        "transcriptions": {"json": {"text": "Why are there tides?"}},
        "speech": {"body": sound, "content_type": "audio/wav"},
    }
    for look, name in zip(LOOKS, ("tom.baker", "lucy", "omar", "kate.hill"), strict=True):
        page = stage.open(stage.person(name, ""), look=look)
        page.add_init_script(SPOKEN)
        page.route(re.compile(r"^[^?]*/(c/\w+)?$"), _with_speech)
        for what, said in answers.items():
            page.route(f"**/v1/audio/{what}", partial(_answer, said))
        page.reload()
        page.get_by_role("button", name="Talk hands-free").click()
        expect(page.locator(".talking .told")).to_contain_text("Reading")
        expect(answer(page)).to_contain_text("twice a day")
        shot(page, f"talking-{look}")
        page.context.close()


def _answer(said: dict[str, Any], route: Route) -> None:
    route.fulfill(**said)


def _with_speech(route: Route) -> None:
    response = route.fetch()
    text = response.text().replace('"voices": []', f'"voices": [{json.dumps(JOE)}]')
    text = text.replace('"dictation": false', '"dictation": true')
    route.fulfill(response=response, body=text)


def picture_document(stage: Stage) -> None:
    own = stage.open(nora := stage.person("nora", ""))
    give(own, "drop", "kitchen-plan.png", "image/png", _plan())
    own.locator(".attachment.picture .picture-open").click()
    dialog = own.get_by_role("dialog", name="kitchen-plan.png")
    dialog.get_by_label("Description").fill(
        "Plan of our kitchen, 3.60 by 2.80 metres: the door is at the bottom right, the stove stands "
        "at the left wall, the sink is at the top, and there are 90 cm between the sink and the window."
    )
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    ask_and_wait(own, "Where can the fridge stand?")
    for page, look in stage.looks(nora, stage.path(own)):
        expect(page.locator(".source")).to_be_visible()
        shot(page, f"picture-document-{look}")
        page.locator(".attachment.picture .picture-open").click()
        shot(page, f"picture-description-{look}")


def _plan() -> bytes:
    image = Image.new("RGB", (1080, 840), "#fbfaf5")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=40)
    pen.rectangle((60, 60, 1020, 780), outline="#2f3a44", width=14)
    pen.line((640, 66, 940, 66), fill="#7fb3d5", width=18)
    pen.line((780, 774, 960, 774), fill="#fbfaf5", width=18)
    pen.arc((780, 594, 1140, 954), 180, 270, fill="#2f3a44", width=4)
    for place, name in (((80, 320, 260, 560), "Stove"), ((260, 80, 520, 240), "Sink")):
        pen.rectangle(place, outline="#8a5a44", width=5)
        middle = ((place[0] + place[2]) / 2, (place[1] + place[3]) / 2)
        pen.text(middle, name, fill="#2f3a44", font=font, anchor="mm")
    pen.text((790, 120), "Window", fill="#2f3a44", font=font, anchor="mm")
    pen.text((540, 700), "3.60 m by 2.80 m", fill="#2f3a44", font=font, anchor="mm")
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def tools(stage: Stage) -> None:
    own = stage.open(lena := stage.person("lena", ""))
    ask_and_wait(own, "What is 17.5 % of 1,284?")
    ask_and_wait(own, "How many days are between 3 March 2026 and 18 September 2026?")
    for page, look in stage.looks(lena, stage.path(own)):
        for at in range(2):
            page.locator(".step summary").nth(at).click()
        shot(page, f"tools-{look}")


def folders(stage: Stage) -> None:
    ruth = stage.person("ruth", "", "Kitchen", "Work")
    for page, look in stage.looks(ruth):
        if "phone" in look:
            page.get_by_role("button", name="Open sidebar").click()
        for name in ("Archived", "Kitchen"):
            page.locator(".folder", has_text=name).locator(".folder-open").click()
        if "desktop" in look:
            page.get_by_role("link", name="Worktop").click()
            expect(prose(page)).to_be_visible()
        shot(page, f"folders-{look}")


def imports(stage: Stage) -> None:
    person = stage.person("oliver", "")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "conversations.json"
        file.write_text(json.dumps([_brought(*told) for told in TOLD["brought"]]))
        for page, look in stage.looks(person, "/profile/data"):
            page.get_by_label("A file of at most").set_input_files(file)
            go = page.get_by_role("button", name=re.compile(r"Import \d+ chats"))
            expect(go).to_be_visible()
            page.locator("#import-report summary").first.click()
            page.locator("#import").evaluate("part => part.scrollIntoView()")
            shot(page, f"import-{look}")


def _brought(title: str, messages: int) -> dict[str, Any]:
    names = [f"m{at}" for at in range(messages)]
    nodes = {
        name: gpt_node(names[at - 1] if at else None, ("user", "assistant")[at % 2], title)
        for at, name in enumerate(names)
    }
    return {**gpt(**nodes), "conversation_id": title, "title": title}


def prompts(stage: Stage) -> None:
    amir = stage.person("amir", "")
    own = stage.open(amir, "/#settings-prompts")
    for name, text in TOLD["prompts"]:
        keep(own, name, text)
    for page, look in stage.looks(amir):
        page.get_by_label("Message to Echo").press_sequentially("/")
        expect(page.get_by_role("listbox", name="Prompts")).to_be_visible()
        shot(page, f"prompts-{look}")


def memory(stage: Stage) -> None:
    ines = stage.person("ines", "")
    own = stage.open(ines, "/#settings-personal")
    for at, text in enumerate(TOLD["memories"], 1):
        own.get_by_label("Something to remember").fill(text)
        own.keyboard.press("Enter")
        expect(own.get_by_label(f"Memory {at}", exact=True)).to_be_visible()
    for page, look in stage.looks(ines, "/#settings-personal"):
        page.get_by_label("Something to remember").scroll_into_view_if_needed()
        shot(page, f"memory-{look}")


def temporary(stage: Stage) -> None:
    for page, look in stage.looks(stage.person("david", "")):
        page.locator("#temporary").click()
        composer(page).fill("Write a short letter with which I resign as of 31 March.")
        page.get_by_role("button", name="Send").click()
        wait_for_end(page)
        shot(page, f"temporary-{look}")


SCENES = (
    *(together, guardrails, talking, picture_document, tools),
    *(folders, imports, prompts, memory, temporary),
)


def main() -> None:
    """Take the pictures of all scenes, or of those that are named."""
    wanted = sys.argv[1:]
    with on_stage() as made:
        for scene in SCENES:
            if not wanted or scene.__name__ in wanted:
                scene(made)


if __name__ == "__main__":
    main()
