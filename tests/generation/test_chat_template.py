"""Chat templates render as transformers renders them, and cannot cost more than their budget."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from echo.generation.chat_template import BudgetExceeded, ChatTemplate, TemplateRefused
from echo.generation.chat_template import budget as budgets
from echo.generation.errors import ChatTemplateError

ROOT = Path(__file__).resolve().parent.parent.parent
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
USER = {"role": "user", "content": 'Hi <b>"there"</b> \u00e9\n '}
REPLY = {"role": "assistant", "content": "<think>Hm.</think>\n\nHello!"}
SYSTEM = {"role": "system", "content": "Be kind.\n"}
CHATS = [[USER], [SYSTEM, USER], [USER, REPLY, USER], [SYSTEM, USER, REPLY, USER, REPLY, USER]]

# forms that templates of the field are written in, in words of our own
FORMS = {
    "chatml": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "whitespace control": "{{- bos_token }}\n    {%- for m in messages -%}\n    {{- m.content | trim -}}"
    "\n  {%- if not loop.last %} ~ {% endif %}\n{%- endfor %}\n\n{% if true %}\n  end\n{% endif %}\n",
    "namespaces and slices": "{% set ns = namespace(found=false, text='') %}"
    "{% for m in messages[::-1] %}{% if not ns.found and m.role == 'user' %}{% set ns.found = true %}"
    "{% set ns.text = ns.text + m.content %}{% endif %}{% endfor %}{{ ns.text }}{{ messages[1:] | length }}",
    "macros": "{% macro turn(m, mark='#') %}{{ mark }}{{ m.content.split('</think>')[-1].lstrip('\\n') }}"
    "{{ caller() if caller else '' }}{% endmacro %}{% for m in messages %}{{ turn(m) }}"
    "{% call turn(m, mark='!') %}{{ m.role | upper }}{% endcall %}{% endfor %}",
    "tools in JSON": "{% set tools = [{'name': 'ä<b>', 'n': [1, 2.5, none, true]}] %}"
    "{% for t in tools %}{{ t | tojson }}{{ t | tojson(indent=2) }}{% endfor %}{{ messages | tojson }}",
    "loop controls": "{% for m in messages %}{% if loop.index0 == 1 %}{% continue %}{% endif %}"
    "{% if loop.index > 3 %}{% break %}{% endif %}{{ loop.index }}{{ loop.length }}{{ loop.last }}"
    "{{ loop.revindex }}{{ loop.previtem.role if loop.previtem }}{{ m.role }}{% endfor %}",
    "generation": "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
    "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "tests and filters": "{{ messages | map(attribute='role') | unique | join(', ') }}"
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ tools is defined }}"
    "{{ tools is none }}{{ messages[0].content is string }}{{ x | default('d', true) }}"
    "{{ messages | rejectattr('role', 'in', ['user']) | map(attribute='content') | first | default('-') }}"
    "{{ ['b', 'a'] | sort | join }}{{ {'b': 1, 'a': 2} | dictsort }}{{ 7 // 2 }}{{ 2 ** 5 }}{{ -7 % 3 }}",
    "text": "{{ '%s-%05.1f' % ('x', 3.14159) }}{{ '{:>6}|{}'.format('ab', 2) }}{{ 'abc'.replace('b', 'x') }}"
    "{{ 'a,b'.split(',') }}{{ 'x' * 3 }}{{ 'T'.lower().title().strip() }}{{ 'a' ~ 1 ~ none }}"
    "{{ 'line\nline' | indent(2) }}{{ [1, 2] + [3] }}{{ 'z'.center(5) }}{{ 5 | string }}{{ 3.7 | int }}",
    "blocks": "{% set header %}<{{ messages | length }}>{% endset %}{{ header }}"
    "{% filter upper %}abc{{ messages[0].role }}{% endfilter %}{% raw %}{{ raw }}{% endraw %}"
    "{# a comment #}{% if a is not defined and not (1 > 2 or false) %}yes{% endif %}",
    "recursion": "{% for x in [[1, [2, [3]]]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}"
    "{{ x }}{% endif %}{% endfor %}",
    "dictionaries": "{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}"
    "{{ messages[0].get('name', '?') }}{{ dict(a=1).a }}{{ messages[0]['content'][:3] }}"
    "{{ 'role' in messages[0] }}{{ messages[-1].content[-2:] }}",
}  # fmt: skip


def theirs(source: str, chat: list[dict[str, str]]) -> str:
    texts, _ = render_jinja_template(
        conversations=[chat], chat_template=source, add_generation_prompt=True, **TOKENS
    )
    return str(texts[0])


@pytest.mark.parametrize("chat", range(len(CHATS)))
@pytest.mark.parametrize("name", FORMS)
def test_a_template_renders_as_in_transformers(name: str, chat: int) -> None:
    template = ChatTemplate(FORMS[name], TOKENS)
    template.takes_system = True  # here messages are given as they are
    assert template.render(CHATS[chat]) == theirs(FORMS[name], CHATS[chat])


@pytest.mark.parametrize("chat", range(len(CHATS)))
def test_the_shipped_models_template_renders_as_in_transformers(chat: int) -> None:
    source = (ROOT / "weights" / "echo-mini" / "chat_template.jinja").read_text()
    assert ChatTemplate(source, TOKENS).render(CHATS[chat]) == theirs(source, CHATS[chat])


def test_the_date_is_told() -> None:
    assert ChatTemplate("{{ strftime_now('%Y') }}{{ messages[0].content }}").render(
        [{"role": "user", "content": "!"}]
    ) == time.strftime("%Y!")


GEMMA = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('No system role.') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate.') }}{% endif %}[{{ m.role }}:{{ m.content }}]{% endfor %}"
)
SILENT = "{% for m in messages if m.role != 'system' %}[{{ m.role }}:{{ m.content }}]{% endfor %}"


@pytest.mark.parametrize("source", [GEMMA, SILENT])
def test_a_template_without_system_gets_its_text_in_the_first_question(source: str) -> None:
    template = ChatTemplate(source)
    assert not template.takes_system
    asked = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    assert template.render(asked) == "[user:Be kind.\n\nHi]"
    assert template.render(asked[1:]) == "[user:Hi]"
    assert template.render(asked[:1]) == "[user:Be kind.]"
    assert asked[1]["content"] == "Hi"


def test_questions_without_an_answer_between_them_are_joined_where_turns_must_alternate() -> None:
    one, two = ({"role": "user", "content": text} for text in ("One?", "Two?"))
    assert ChatTemplate(GEMMA).render([one, two]) == "[user:One?\n\nTwo?]"
    assert ChatTemplate(SILENT).render([one, two]) == "[user:One?][user:Two?]"


def test_what_a_template_refuses_is_said_in_its_words() -> None:
    template = ChatTemplate(GEMMA)
    with pytest.raises(TemplateRefused, match=r"says: Roles must alternate\."):
        template.render([{"role": "assistant", "content": "First!"}])


DEEP = "{% set ns = namespace(x=1) %}{% for i in range(60) %}{% set ns.x = "
BOMBS = {
    "loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "a long range": "{% for i in range(10 ** 9) %}{% endfor %}",
    "macros": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "endless macro": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "recursive loop": "{% set l = range(100) | list %}{% for x in l recursive %}{{ loop(l) }}{% endfor %}",
    "repetition": "{{ 'x' * 10 ** 9 }}",
    "repetition turned": "{{ 10 ** 9 * 'x' }}",
    "repeated list": "{{ [1] * 10 ** 9 }}",
    "doubling by +": DEEP + "ns.x | string + ns.x | string %}{% endfor %}",
    "doubling by ~": DEEP + "ns.x ~ ns.x %}{% endfor %}",
    "doubling by a block": "{% set ns = namespace(x='x') %}{% for i in range(60) %}"
    "{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}{% endfor %}",
    "doubling by a list": DEEP + "[ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "doubling by a dictionary": DEEP + "{'a': ns.x, 'b': ns.x} %}{% endfor %}{{ ns.x | tojson }}",
    "doubling by dict()": DEEP + "dict(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "doubling by namespace()": DEEP + "namespace(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "a namespace in itself": "{% set ns = namespace() %}{% set ns.x = [ns] %}{{ [ns.x] }}",
    "fixed text": "{% set z %}{% for i in range(99999) %}{% for j in range(99) %}{% if 1 %}"
    + "y" * 1_000 + "{% endif %}{% endfor %}{% endfor %}{% endset %}",
    "many variables": "".join(f"{{% set v{n} = 'x' * 4000000 %}}" for n in range(500)),
    "big numbers": "{% set ns = namespace(x=3) %}{% for i in range(60) %}"
    "{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "power": "{{ 10 ** (10 ** 9) }}",
    "format width": "{{ '%1000000000d' % 1 }}",
    "format star": "{{ '%*d' % (1000000000, 1) }}",
    "format filter": "{{ '%1000000000d' | format(1) }}",
    "format keys": "{{ ('%(' * 60000) % 1 }}",
    "format many": "{% set b = 'x' * 1000000 %}{{ ('%(a)s' * 9999) % {'a': b} }}",
    "str.format": "{{ '{:1000000000}'.format(1) }}",
    "str.format nested": "{{ '{:{w}}'.format(1, w=1000000000) }}",
    "str.format many": "{% set b = 'x' * 1000000 %}{{ ('{0}' * 9999).format(b) }}",
    "ljust": "{{ 'x'.ljust(1000000000) }}",
    "zfill": "{{ 'x'.zfill(1000000000) }}",
    "replace": "{% set a = 'a' * 99999 %}{{ a.replace('a', a) }}",
    "replace nothing": "{% set a = 'a' * 99999 %}{{ a.replace('', a) }}",
    "replace filter": "{% set a = 'a' * 99999 %}{{ a | replace('a', a) }}",
    "join": "{{ ('x' * 99999).join('y' * 99999) }}",
    "join filter": "{{ range(99999) | join('x' * 99999) }}",
    "split": "{{ ('a ' * 3000000).split() | length }}",
    "letters": "{{ ('a' * 5000000) | list | length }}",
    "batch": "{{ [1] | batch(1000000000, 0) | list }}",
    "slice": "{{ [1] | slice(1000000000) | list }}",
    "indent": "{{ ('\n' * 99999) | indent(99999) }}",
    "tojson": "{{ messages | tojson(indent=1000000000) }}",
    "round": "{{ 1 | round(1000000000, 'ceil') }}",
    "sum of lists": "{{ ([[1] * 999] * 999) | sum(start=[]) }}",
    "dates": "{{ strftime_now('%c' * 99999) }}",
    "a search in each pass": "{% set a = 'a' * 4000000 %}{% for i in range(99999) %}"
    "{% if 'b' in a %}{% endif %}{% endfor %}",
}  # fmt: skip


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_its_budget(name: str) -> None:
    before, begun = megabytes(), time.thread_time()
    with pytest.raises(ChatTemplateError) as caught:
        ChatTemplate(BOMBS[name]).render([USER])
    assert time.thread_time() - begun < budgets.MAX_SECONDS + 5
    assert megabytes() - before < 160
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ messages.__class__.__base__.x }}",
        "{{ raise_exception.__globals__.x }}", "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ namespace.__init__.__globals__.x }}", "{{ self._TemplateReference__context.x }}",
        "{{ ('' | attr('__class__')).x }}", "{{ messages.clear() }}", "{{ messages.append(1) }}",
        "{{ messages[0].update(a=1) }}", "{{ messages[0].pop('role') }}", "{{ 'x'.encode() }}",
        "{{ (1).to_bytes(9, 'big') }}", "{{ '{a}'.format_map({'a': 1}) }}",
        "{% set ns = namespace(__x=1) %}", "{% set ns = namespace() %}{% set ns.__class__ = 1 %}",
        "{% include '/etc/passwd' %}", "{% import 'x' as y %}", "{% extends 'x' %}",
        "{{ '{0.__class__.__mro__}'.format(1).x.y }}", "{{ lipsum() }}", "{{ 'x' | pprint }}",
        "{% autoescape true %}{% endautoescape %}",
    ],
)  # fmt: skip
def test_nothing_outside_is_reached(source: str) -> None:
    chat = [dict(USER)]
    with pytest.raises(ChatTemplateError):
        ChatTemplate(source).render(chat)
    assert chat == [USER]


def test_a_private_attribute_in_a_format_is_nothing() -> None:
    assert ChatTemplate("{{ '{0.__class__}'.format(1) }}").render([USER]) == ""


@pytest.mark.parametrize(
    "source",
    ["{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", "{% if 1 %}" * 400 + "{% endif %}" * 400,
     "{{ " + "[" * 5_000 + "]" * 5_000 + " }}", "x" * 200_000, "{{ " + "not " * 20_000 + "1 }}",
     "{% for i in [1] %}" * 60 + "{% endfor %}" * 60, "{{ nothing.at.all }}", "{% end %}"],
)  # fmt: skip
def test_a_template_that_is_no_template_is_an_error_too(source: str) -> None:
    with pytest.raises(ChatTemplateError):
        ChatTemplate(source).render([USER])


def test_a_long_conversation_is_within_the_budget() -> None:
    """A template that adds to one text, message by message, of a long chat."""
    source = (
        "{% set ns = namespace(text='') %}{% for m in messages %}"
        "{% set ns.text = ns.text + m.role + ': ' + m.content + '\n' %}{% endfor %}{{ ns.text }}"
    )
    chat = [
        {"role": "user" if n % 2 == 0 else "assistant", "content": f"{n} " * 200}
        for n in range(121)
    ]
    assert ChatTemplate(source).render(chat).count("user: ") == 61


def test_each_rendering_has_a_budget_of_its_own() -> None:
    template = ChatTemplate("{% for i in range(60000) %}{% endfor %}{{ messages[0].content }}")
    for _ in range(12):
        assert "there" in template.render([USER])


def test_renderings_in_two_threads_do_not_share_a_budget() -> None:
    import threading

    template = ChatTemplate("{% for i in range(90000) %}{% endfor %}{{ messages[0].content }}")
    found: list[Any] = []

    def render() -> None:
        try:
            found.append(template.render([USER]))
        except BudgetExceeded as error:
            found.append(error)

    threads = [threading.Thread(target=render) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [isinstance(one, str) for one in found] == [True] * 8
