"""Real models, where they are installed: what transformers reads in them is what is served.

ECHO_TEST_MODELS names their folder; without it they are looked for among this checkout's own models.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from safetensors import safe_open

from echo.generation.chat_template import ChatTemplate
from echo.generation.gguf import convert_apart, inspect, read_record

from .making import ignore
from .reading import our_model, our_tokenizer, their_model, their_tokenizer
from .test_conversion import offsets

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = [os.environ.get("ECHO_TEST_MODELS"), ROOT / "instance" / "models"]
# by their names in the catalogue: `make models-for-tests` adds the first two; GB that transformers needs
MEMORY = {"smollm2-135m": 2, "qwen2.5-coder-0.5b": 4, "qwen2.5-coder-1.5b": 12}
TEXTS = [
    "Hello, how are you?", " leading and  double   spaces    \n\n\ttabs\r\nend ", "",
    'def add(a, b):\n    return a + b  # 12345\n\nif x >= 10:\n\tprint(f"{x!r}")',
    "0123456789 3.14159 1,000,000 v2.0", "I've you're we'LL THEY'D 'tis",
    "Ein schöner Tag – 日本語のテキスト, немного текста, émojis 🎉🚀👩‍💻 e\u0301 decomposed",
    "<|im_start|>user\nhi<|im_end|>\n<|endoftext|><|eot_id|></s><s>[INST]",
    "a" * 300 + " " * 70 + "\n" * 9, "\u200b\u202e\ufeff zero \x00 nul \x1b",
    "SELECT * FROM t WHERE a='b' AND c<>1;", "हिन्दी தமிழ் ไทย العربية עברית 한국어",
    '<tool_call>{"name": 1}</tool_call> <|fim_prefix|>',
]  # fmt: skip
CHATS = [
    [{"role": "user", "content": "What is the capital of France?"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Add 12 and 345."}],
    [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!\n"},
     {"role": "user", "content": " Erzähl mir etwas über Bäume, 樹. "}],
]  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]


def file_of(name: str) -> Path | None:
    paths = [Path(folder) / name / "model.gguf" for folder in FOLDERS if folder]
    return next((path for path in paths if path.exists()), None)


@pytest.fixture(scope="module", params=MEMORY)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """name, file, folder in bfloat16"""
    path = file_of(request.param)
    if path is None:
        pytest.skip(f"{request.param} is not in $ECHO_TEST_MODELS or instance/models")
    folder = tmp_path_factory.mktemp(request.param) / "served"
    convert_apart(path, folder, "bfloat16", ignore)
    yield request.param, path, folder
    shutil.rmtree(folder)


def test_the_header_is_told_in_a_moment(real: Any) -> None:
    name, path, _ = real
    begun = time.thread_time()
    found = inspect(path)
    assert time.thread_time() - begun < 3
    assert found.architecture == ("llama" if name == "smollm2-135m" else "qwen2")
    assert found.file_bytes == path.stat().st_size


def test_token_ids_equal_those_of_transformers(real: Any) -> None:
    _, path, folder = real
    theirs, ours = their_tokenizer(path), our_tokenizer(folder)
    assert len(ours) == len(theirs)
    for text in TEXTS:
        for special in (False, True):
            ids = theirs(text, add_special_tokens=special).input_ids
            assert ours(text, add_special_tokens=special).input_ids == ids, text
            assert ours.decode(ids) == theirs.decode(ids)
    for chat in CHATS:
        wanted = theirs.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        template = ChatTemplate(ours.chat_template, ours.special_tokens_map)
        assert template.render(chat) == wanted
        assert ours(wanted, add_special_tokens=False) == theirs(wanted, add_special_tokens=False)


def test_smollms_digits_are_cut_as_its_own_tokenizer_cuts_them(real: Any) -> None:
    """transformers knows no name "smollm" and takes GPT-2's cut, which differs behind spaces."""
    from tokenizers import pre_tokenizers

    name, path, folder = real
    if name != "smollm2-135m":
        pytest.skip("of SmolLM alone")
    wanted = their_tokenizer(path).backend_tokenizer
    wanted.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    for text in [*TEXTS, "x  12 y   345   6", "\u00bd \u00b2 \u2167 一二三 ٣٤٥"]:
        ids = our_tokenizer(folder)(text, add_special_tokens=False).input_ids
        assert ids == wanted.encode(text, add_special_tokens=False).ids


def test_every_weight_is_that_of_the_gguf_package(real: Any) -> None:
    """Read again by the package's own reader, whole tensors at a time."""
    _, path, folder = real
    reader = gguf.GGUFReader(path)
    heads = {
        key: int(
            reader.fields[f"{reader.fields['general.architecture'].contents()}.{key}"].contents()
        )
        for key in ("attention.head_count", "attention.head_count_kv")
    }
    is_llama = reader.fields["general.architecture"].contents() == "llama"
    wanted = {tensor.name: tensor for tensor in reader.tensors}
    with safe_open(folder / "model.safetensors", "pt") as file:
        names = list(file.keys())
        assert len(names) == len(wanted)
        for name in names:
            tensor = wanted[their_name(name)]
            values = torch.from_numpy(
                np.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type))
            )
            if is_llama and ("q_proj" in name or "k_proj" in name):
                count = heads["attention.head_count" + ("_kv" if "k_proj" in name else "")]
                values = values.view(count, -1, 2, values.shape[1]).transpose(1, 2)
            found = file.get_tensor(name)
            assert torch.equal(found, values.reshape(found.shape).to(torch.bfloat16)), name


def their_name(name: str) -> str:
    """A checkpoint's name as GGUF writes it."""
    for ours, theirs in (
        ("model.layers.", "blk."), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
        ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
        ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
        ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
    ):  # fmt: skip
        name = name.replace(ours, theirs)
    return name


def test_every_weight_begins_at_a_multiple_of_64(real: Any) -> None:
    _, _, folder = real
    start, entries = offsets(folder)
    assert start % 64 == 0
    assert [name for name, one in entries.items() if one["data_offsets"][0] % 64] == []


def test_greedy_text_equals_that_of_transformers(real: Any) -> None:
    name, path, folder = real
    free = available_memory()
    if free < MEMORY[name]:
        pytest.skip(f"transformers needs {MEMORY[name]} GB to read it; {free:.0f} are free")
    theirs = generated(their_model(path, torch.bfloat16), their_tokenizer(path))
    ours = generated(our_model(folder, torch.bfloat16), our_tokenizer(folder))
    assert ours == theirs
    assert "Paris" in ours[0]


def available_memory() -> float:
    """GB that could be had without swapping."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) / 1e6


def generated(model: Any, tokenizer: Any) -> list[str]:
    texts = []
    for chat in CHATS:
        text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
        with torch.inference_mode():
            found = model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=16, do_sample=False,
                eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.eos_token_id,
            )  # fmt: skip
        texts.append(tokenizer.decode(found[0]))
    return texts


def test_the_record_names_the_file(real: Any) -> None:
    _, path, folder = real
    record = read_record(folder)
    assert record is not None
    assert record.source == path.name
    assert record.parameters * 2 == record.weight_bytes - offsets(folder)[0]
