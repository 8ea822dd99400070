"""What the scripted engine says in browser tests, and how a person talks with the page."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

CHAT_ADDRESS = re.compile(r"/c/\w+$")
CALM = "This is a calm and short answer."


def words(count: int) -> str:
    return " ".join(f"word{number}" for number in range(1, count + 1))


STEADY = words(150)
RICH = """Here is a **list**:

- first
- second

```python
def hello(name: str) -> str:
    return f"Hello, {name}, this line is far too long for any telephone and has to scroll inside"
```

| a | b |
|---|---|
| 1 | 2 |

and a formula $a^2 + b^2 = c^2$ <img src=x onerror="document.title='owned'"> and
<script>document.title='owned'</script><iframe src="https://example.org"></iframe>
<a href="javascript:document.title='owned'" onclick="document.title='owned'">a link</a>
[another](javascript:document.title='owned') <svg onload="document.title='owned'"></svg>"""
PROGRAM = "\n".join(["```python", *(f"line_{number} = {number}" for number in range(60)), "```"])
WIDE = """<think>
First this,
  then that.
</think>

| Programming language | Memory management | Concurrency | Typical areas of application |
|---|---|---|---|
| Python | garbage collection | threads | data science<br>teaching, automation of everything |

> هذا اقتباس باللغة العربية

Read [the manual][m] first, it says more than one line of an answer can say.

[m]: https://example.org/manual"""
FORMULA = r"""The **solution** of it, with [a link](https://example.org) and `code`:

$$
x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
$$

- where $a_1 \neq 0$ and **b** is <sub>small</sub>
- [x] done"""
EQUATIONS = r"""$$
\begin{aligned} 2x + 3y - 4 &= 7 \\ x &= 2 \end{aligned}
$$

$$
\begin{align} a &= b & c &= d \\ aaa &= 2 & zzzz &= 1 \end{align}
$$

$$
f(x) = \begin{cases} x & x > 0 \\ -x^2 + 4 & \text{otherwise} \end{cases}
$$

$$
\begin{array}{c|r} 1 & -300 \\ 22 & 6 \end{array}
$$"""
FABLE = f"A **fox** sleeps. It {words(20)}. Then:\n\n```python\nx = 1\n```\n\nIt ends [1]."
TOOL_CALL = """<tool_call>
{"name": "calculator", "arguments": {"expression": "23 * 17"}}
</tool_call>"""
SCRIPT: dict[str, Any] = {
    "log": True,
    "functions": True,
    "replies": [
        {
            "match": "23 × 17 = 391",
            "text": f"You pay **391** euros. It {words(60)}",
            "delay_ms": 40,
        },
        {"match": "17 books", "text": f"One moment.\n\n{TOOL_CALL}\nNever shown.", "delay_ms": 60},
        {"match": "endless", "text": words(1500), "delay_ms": 40},
        {"match": "steady", "text": STEADY, "delay_ms": 40},
        {"match": "rich", "text": RICH, "delay_ms": 5},
        {"match": "program", "text": PROGRAM, "delay_ms": 10},
        {"match": "wide", "text": WIDE, "delay_ms": 5},
        {"match": "fable", "text": FABLE, "delay_ms": 150},
        {"match": "silence", "text": " \u200b\n", "delay_ms": 5},
        {"match": "formula", "text": FORMULA, "delay_ms": 80},
        {"match": "equations", "text": EQUATIONS, "delay_ms": 1},
        {"match": "ponder", "text": f"<think>\n{words(1500)}", "delay_ms": 40},
        {"match": "break", "text": "This answer will fail soon.", "fail_after": 3},
    ],
    "default": {"text": CALM, "delay_ms": 10},
}


SUBMIT_TWICE = "form => { form.requestSubmit(); form.requestSubmit(); }"


def script_text() -> str:
    return json.dumps(SCRIPT)


def drag(what: Locator, onto: Locator) -> None:
    """Drag something and drop it; the second move is over the target, which has to allow it before."""
    mouse = what.page.mouse
    expect(
        onto
    ).to_be_visible()  # a folder that comes only now would move what is under the pointer
    what.hover()
    mouse.down()
    onto.hover()
    onto.hover()
    mouse.up()


CALL = """async ([method, path, said]) => {
  const headers = { "Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest",
    "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content };
  return (await fetch(path, { method, headers, body: JSON.stringify(said) })).json();
}"""


def call(page: Page, method: str, path: str, **said: Any) -> Any:
    """Ask for something as a program would, as whoever is signed in there."""
    return page.evaluate(CALL, [method, path, said])


def composer(page: Page) -> Locator:
    return page.get_by_label("Message to Echo")


def ask(page: Page, text: str) -> None:
    composer(page).fill(text)
    composer(page).press("Enter")


def question(page: Page) -> Locator:
    """The newest question."""
    return page.locator(".message.user").last


def answer(page: Page) -> Locator:
    """The newest answer, with its actions."""
    return page.locator(".message.assistant").last


def prose(page: Page) -> Locator:
    """The words of the newest answer."""
    return answer(page).locator(".md")


def text_of(page: Page) -> list[str]:
    return prose(page).inner_text().split()


def stop_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Stop", exact=True)


def wait_for_end(page: Page) -> None:
    """Until the newest answer is finished and its actions are there."""
    expect(answer(page).get_by_role("button", name="Regenerate")).to_be_attached()
    expect(page.locator(".message.live")).to_have_count(0)


def ask_and_wait(page: Page, text: str) -> None:
    before = page.locator(".message.assistant").count()
    ask(page, text)
    expect(page.locator(".message.assistant")).to_have_count(before + 1)
    wait_for_end(page)


def choose(page: Page, button: str, item: str) -> None:
    """Open the menu of a button and take one of its items."""
    page.locator(button).click()
    page.get_by_role("menuitem", name=item).click()


def touch(page: Page, button: str, item: str) -> None:
    """Open the menu of a button with a finger and take one of its items.

    A finger that lands while the page is drawn anew may reach nothing; a person tries once more.
    """
    menu = page.get_by_role("menu")
    page.get_by_role("button", name=button).tap()
    try:
        expect(menu).to_be_visible(timeout=10_000)
    except AssertionError:
        page.get_by_role("button", name=button).tap()
    page.get_by_role("menuitem", name=item).tap()


def visit(page: Page, address: str) -> int:
    """Go there as a person does, who waits when told that it was very fast; returns the status."""
    while True:
        response = page.goto(address)
        assert response is not None
        if response.status != 429:
            return response.status
        page.wait_for_timeout(400)
