"""Tokenizers out of GGUF files: words cut by name, special tokens, beginnings and ends of text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, pre_tokenizers

from echo.generation import ModelLoadError
from echo.generation.gguf import convert
from echo.generation.gguf.pre_tokenizers import PRE_TOKENIZERS

from .making import Making, byte_level, ignore, sentencepiece
from .reading import our_tokenizer

PRE = "tokenizer.ggml."


def served(making: Making, folder: Path) -> Path:
    convert(making.write(folder / "model.gguf"), folder / "served", "bfloat16", ignore)
    return folder / "served"


def tokenizer_of(making: Making, folder: Path) -> Any:
    return our_tokenizer(served(making, folder))


def refusal(making: Making, folder: Path) -> str:
    with pytest.raises(ModelLoadError) as caught:
        served(making, folder)
    assert not (folder / "served").exists()
    return str(caught.value)


def words(name: str, text: str) -> list[str]:
    cuts = [
        pre_tokenizers.Split(Regex(pattern), "isolated")
        for pattern in PRE_TOKENIZERS[name].patterns
    ]
    return [word for word, _ in pre_tokenizers.Sequence(cuts).pre_tokenize_str(text)]


# facts about the tokenizers of the field, each seen in the tokens of a real vocabulary of its kind
CUTS = [
    ("gpt-2", "I'm 12345 x", ["I", "'m", " 12345", " x"]),
    ("gpt-2", "I'M", ["I", "'", "M"]),
    ("qwen2", "I'M 123", ["I", "'M", " ", "1", "2", "3"]),
    ("qwen2", "a\r\n\nb", ["a", "\r\n\n", "b"]),
    ("llama-bpe", "x 12345", ["x", " ", "123", "45"]),
    ("smollm", "x  12 ½", ["x", "  ", "1", "2", " ", "½"]),
    ("starcoder", "abc12", ["abc", "1", "2"]),
    ("tekken", "HelloWorld 12", ["Hello", "World", " ", "1", "2"]),
    ("deepseek-coder", "ab 12\n\n漢字c", ["ab", " ", "1", "2", "\n", "\n", "漢字", "c"]),
    ("deepseek-llm", "ab 12, c漢字", ["ab", " ", "1", "2", ",", " c", "漢字"]),
    ("falcon", "a+b 12345", ["a", "+", "b", " ", "123", "45"]),
    ("default", "a+b 12345", ["a", "+", "b", " ", "123", "45"]),
]


@pytest.mark.parametrize(("name", "text", "wanted"), CUTS)
def test_words_are_cut_as_the_name_says(name: str, text: str, wanted: list[str]) -> None:
    assert words(name, text) == wanted


@pytest.mark.parametrize("name", PRE_TOKENIZERS)
def test_no_cut_loses_a_letter(name: str) -> None:
    text = " I'm  1234 naïve ½\r\n\n漢字かな 한국 a_b::c() \u2028\x85\t🎉👩‍💻  "
    assert "".join(words(name, text)) == text


def test_an_unknown_cut_is_refused_by_its_name(tmp_path: Path) -> None:
    said = refusal(Making("llama", pre="martian-7"), tmp_path)
    assert said == "model.gguf: its tokenizer cuts words by martian-7, which is not known here."


def test_a_file_that_does_not_say_how_words_are_cut_is_refused(tmp_path: Path) -> None:
    assert "does not say how its tokenizer cuts words" in refusal(Making(pre=None), tmp_path)


@pytest.mark.parametrize("pre", ["llama-bpe", "smaug-bpe"])
def test_whole_words_come_before_merges_where_the_model_was_trained_so(
    pre: str, tmp_path: Path
) -> None:
    """A token that merges cannot reach is still found as a whole word, in Llama 3's tokenizer."""
    tokens, merges = byte_level()
    unreachable = [*tokens, "zqzq"]
    types = [3] * 3 + [1] * (len(unreachable) - 3)
    making = Making("llama", pre=pre, tensors={})
    making.metadata = {f"{PRE}tokens": unreachable, f"{PRE}token_type": types}
    making.vocabulary = lambda: len(unreachable)  # type: ignore[method-assign]
    tokenizer = tokenizer_of(making, tmp_path)
    ids = tokenizer("zqzq", add_special_tokens=False).input_ids
    assert (ids == [len(unreachable) - 1]) is (pre == "llama-bpe")
    assert len(merges) > 10


def test_control_and_user_defined_tokens_are_found_in_text_and_keep_their_ids(
    tmp_path: Path,
) -> None:
    tokens = [*byte_level()[0]]
    tokens[-3:] = ["<think>", "<\uff5cbegin\u2581of\u2581sentence\uff5c>", "[PAD]"]
    types = [3] * 3 + [1] * (len(tokens) - 6) + [4, 3, 5]
    merges = [m for m in byte_level()[1] if m.replace(" ", "") in set(tokens)]
    metadata = {f"{PRE}tokens": tokens, f"{PRE}token_type": types, f"{PRE}merges": merges}
    tokenizer = tokenizer_of(Making("qwen2", metadata=metadata), tmp_path)
    text = "a<think>b<\uff5cbegin\u2581of\u2581sentence\uff5c>c[PAD]<|im_end|>"
    ids = tokenizer(text, add_special_tokens=False).input_ids
    last = len(tokens) - 1
    assert (last - 2) in ids
    assert (last - 1) in ids
    assert last not in ids
    assert ids[-1] == 2
    assert tokenizer.decode(ids) == text
    kept = tokenizer.decode(ids, skip_special_tokens=True)
    assert kept == "a<think>bc[PAD]"  # what a user defined is text, control tokens are not


def test_an_end_of_turn_that_is_marked_as_text_is_one_all_the_same(tmp_path: Path) -> None:
    types = [3, 3, 1] + [1] * (len(byte_level()[0]) - 3)
    tokenizer = tokenizer_of(Making("qwen2", metadata={f"{PRE}token_type": types}), tmp_path)
    assert tokenizer("<|im_end|>", add_special_tokens=False).input_ids == [2]
    assert tokenizer.decode([2], skip_special_tokens=True) == ""


def test_everything_that_ends_a_turn_ends_a_reply(tmp_path: Path) -> None:
    import json

    making = Making("qwen2", metadata={f"{PRE}eot_token_id": 7, f"{PRE}eom_token_id": 0xFFFFFFFF})
    folder = served(making, tmp_path)
    found = json.loads((folder / "generation_config.json").read_text())
    assert found["eos_token_id"] == [2, 7, 0]  # eos, eot, and <|endoftext|> by its name


@pytest.mark.parametrize(
    ("making", "begins", "ends"),
    [
        (Making("llama", pre="llama-bpe", metadata={f"{PRE}add_bos_token": None}), True, False),
        (Making("llama", pre="smollm", metadata={f"{PRE}add_bos_token": None}), False, False),
        (Making("llama", pre="smollm", metadata={f"{PRE}add_bos_token": True}), True, False),
        (Making("llama", tokenizer="llama"), True, False),
        (Making("llama", tokenizer="llama", metadata={f"{PRE}add_bos_token": False}), False, False),
        (Making("llama", tokenizer="llama", metadata={f"{PRE}add_eos_token": True}), True, True),
    ],
)
def test_text_begins_and_ends_as_the_file_or_its_kind_says(
    making: Making, begins: bool, ends: bool, tmp_path: Path
) -> None:
    tokenizer = tokenizer_of(making, tmp_path)
    ids = tokenizer("hello").input_ids
    assert (ids[0] == tokenizer.bos_token_id) is begins
    assert (ids[-1] == tokenizer.eos_token_id) is ends
    plain = tokenizer("hello", add_special_tokens=False).input_ids
    assert ids[begins : len(ids) - ends] == plain


def test_sentencepiece_writes_a_space_before_text_and_bytes_for_unknown_letters(
    tmp_path: Path,
) -> None:
    tokenizer = tokenizer_of(Making("llama", tokenizer="llama"), tmp_path)
    tokens = tokenizer.convert_ids_to_tokens(tokenizer("how Ω").input_ids)
    assert tokens == ["<s>", "\u2581how", "\u2581", "<0xCE>", "<0xA9>"]
    # as the reference does: a space at the beginning stays beside the one that is put there
    spaced = tokenizer.convert_ids_to_tokens(tokenizer(" how", add_special_tokens=False).input_ids)
    assert "".join(spaced) == "\u2581\u2581how"
    assert tokenizer.decode(tokenizer("how Ω  are\nyou").input_ids[1:]) == "how Ω  are\nyou"


def test_sentencepiece_without_the_first_space(tmp_path: Path) -> None:
    making = Making("llama", tokenizer="llama", metadata={f"{PRE}add_space_prefix": False})
    tokenizer = tokenizer_of(making, tmp_path)
    tokens = tokenizer.convert_ids_to_tokens(tokenizer("how", add_special_tokens=False).input_ids)
    assert tokens[0] != "\u2581how"
    assert tokenizer.decode(tokenizer(" how").input_ids[1:]) == " how"


def test_gemmas_runs_of_spaces_are_one_token(tmp_path: Path) -> None:
    making = Making("gemma3", tokenizer="llama", metadata={f"{PRE}add_space_prefix": False})
    tokenizer = tokenizer_of(making, tmp_path)
    ids = tokenizer("a    b", add_special_tokens=False).input_ids
    assert len(ids) == 3
    assert tokenizer.decode(ids) == "a    b"


TEMPLATE = "{% for m in messages %}[{{ m.content }}]{% endfor %}"


def test_of_several_templates_the_default_is_taken(tmp_path: Path) -> None:
    both = {"tokenizer.chat_template": TEMPLATE, "tokenizer.chat_template.tool_use": "{{ tools }}",
            "tokenizer.chat_templates": ["tool_use"]}  # fmt: skip
    assert tokenizer_of(Making(pre="qwen2", metadata=both), tmp_path).chat_template == TEMPLATE


def test_a_template_called_default_will_do(tmp_path: Path) -> None:
    named = {"tokenizer.chat_template.default": TEMPLATE}
    making = Making(pre="qwen2", template=None, metadata=named)
    assert tokenizer_of(making, tmp_path).chat_template == TEMPLATE


def test_a_model_without_template_has_none(tmp_path: Path) -> None:
    assert tokenizer_of(Making(pre="qwen2", template=None), tmp_path).chat_template is None


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "steps"),
        ("{{ 'x' * 10 ** 10 }}", "too much text"),
        ("{{ messages.__class__.__mro__ }}", "cannot be rendered"),
        ("{% if %}", "cannot be compiled"),
        ("Hello", "leaves out what people say"),
        ("{{ raise_exception('No.') }}", "says: No."),
        ("{% include '/etc/passwd' %}", "cannot be rendered"),
    ],
)
def test_a_hostile_template_is_refused_before_any_weight_is_written(
    template: str, words: str, tmp_path: Path
) -> None:
    said = refusal(Making(pre="qwen2", template=template + " "), tmp_path)
    assert "its chat template cannot be used" in said
    assert words in said


TOKENS, MERGES = (list(part) for part in byte_level())
PIECES, SCORES, _ = sentencepiece()
WRONG = {
    "another tokenizer": (Making(metadata={f"{PRE}model": "bert"}), "its tokenizer is bert"),
    "no tokens": (Making(metadata={f"{PRE}tokens": None}), "does not say tokenizer.ggml.tokens"),
    "tokens of numbers": (Making(metadata={f"{PRE}tokens": [1, 2]}), "not a list of texts"),
    "a token twice": (
        Making(pre="qwen2", metadata={f"{PRE}tokens": [*TOKENS[:-1], TOKENS[5]]}), "is there twice",
    ),
    "a long token": (
        Making(pre="qwen2", metadata={f"{PRE}tokens": [*TOKENS[:-1], "x" * 2_000]}), "2,000 chara",
    ),
    "types of others": (Making(metadata={f"{PRE}token_type": [1, 1]}), "has 2 values for"),
    "no merges": (Making(pre="qwen2", metadata={f"{PRE}merges": None}), "no tokenizer.ggml.merges"),
    "a merge of one": (
        Making(pre="qwen2", metadata={f"{PRE}merges": ["abc"]}), "merge abc is not two pieces",
    ),
    "a merge of nothing known": (
        Making(pre="qwen2", metadata={f"{PRE}merges": ["qqq zzz"]}), "cannot be built",
    ),
    "an id beyond": (
        Making(pre="qwen2", metadata={f"{PRE}eos_token_id": 5_000}), "eos_token_id is 5,000",
    ),
    "an id as text": (
        Making(pre="qwen2", metadata={f"{PRE}eos_token_id": "two"}), "not one whole number",
    ),
    "no scores": (
        Making(tokenizer="llama", metadata={f"{PRE}scores": None}), "neither tokenizer.ggml.merges",
    ),
    "scores of others": (
        Making(tokenizer="llama", metadata={f"{PRE}scores": SCORES[:5]}), "has 5 values for",
    ),
    "a template of numbers": (
        Making(pre="qwen2", template=None, metadata={"tokenizer.chat_template": 5}), "not a text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_tokenizer_is_refused(name: str, tmp_path: Path) -> None:
    making, words = WRONG[name]
    assert words in refusal(making, tmp_path)
