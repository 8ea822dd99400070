"""Packed rows give every chat the loss that it has alone, and count what the assistant wrote."""

import random
from pathlib import Path

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from training.corpus import Message, Record
from training.small.loss import summed_loss
from training.small.rows import EncodedChat, common_beginning, encode_chat, pack_rows


def encoded(tokenizer: PreTrainedTokenizerFast, chats: list[Record]) -> list[EncodedChat]:
    return [encode_chat(tokenizer, chat["messages"]) for chat in chats]


def loss_alone(model: torch.nn.Module, chat: EncodedChat) -> float:
    ids = torch.tensor([chat.ids])
    losses = functional.cross_entropy(model(ids).logits[0, :-1], ids[0, 1:], reduction="none")
    return float((losses * torch.tensor(chat.counted[1:], dtype=torch.float)).sum())


def test_a_row_has_the_losses_of_its_chats_alone(
    base: Path, tokenizer: PreTrainedTokenizerFast, chats: list[Record]
) -> None:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
    some = encoded(tokenizer, chats[:7])
    (row,) = pack_rows(some, ["same"] * 7, 1000, random.Random(1))
    with torch.no_grad():
        together = float(summed_loss(model, row))
        alone = sum(loss_alone(model, chat) for chat in some)
    assert together == pytest.approx(alone, rel=1e-4)
    assert len(row.targets) == sum(sum(chat.counted) for chat in some)


def test_the_shared_beginning_stands_once(
    tokenizer: PreTrainedTokenizerFast, chats: list[Record]
) -> None:
    some = encoded(tokenizer, chats[:4])
    (row,) = pack_rows(some, [""] * 4, 1000, random.Random(1))
    shared = common_beginning(some)
    assert shared >= len(tokenizer.encode("You are Echo."))
    assert len(row.ids) == shared + sum(len(chat.ids) - shared for chat in some)


def test_no_chat_sees_its_neighbour(
    tokenizer: PreTrainedTokenizerFast, chats: list[Record]
) -> None:
    some = encoded(tokenizer, chats[:2])
    (row,) = pack_rows(some, [""] * 2, 1000, random.Random(1))
    mask = row.mask()[0, 0]
    first, second = row.segments == 1, row.segments == 2
    assert not mask[second][:, first].any()
    assert mask[second][:, row.segments == 0].all()
    assert not mask.triu(1).any()


def test_chats_of_other_groups_stand_in_other_rows_and_long_ones_nowhere(
    tokenizer: PreTrainedTokenizerFast, chats: list[Record]
) -> None:
    some = encoded(tokenizer, chats[:4])
    rows = pack_rows(some, ["a", "b", "a", "b"], 1000, random.Random(1))
    assert len(rows) == 2
    longest = max(len(chat.ids) for chat in some)
    rows = pack_rows(some, ["a"] * 4, longest - 1, random.Random(1))
    assert all(len(row.ids) < longest for row in rows)
    assert sum(int(row.segments.max()) for row in rows) < 4


def test_only_the_assistants_words_and_end_marks_count(tokenizer: PreTrainedTokenizerFast) -> None:
    messages: list[Message] = [
        {"role": "user", "content": "Hello there!"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "What is 2 + 2?"},
        {"role": "assistant", "content": "2 + 2 = 4."},
    ]
    chat = encode_chat(tokenizer, messages)
    said = [token for token, counts in zip(chat.ids, chat.counted, strict=True) if counts]
    end = tokenizer.eos_token
    assert tokenizer.decode(said) == f"Hello!{end}2 + 2 = 4.{end}"


def test_a_template_that_rewrites_earlier_turns_is_refused(
    tokenizer: PreTrainedTokenizerFast, chats: list[Record]
) -> None:
    class Forgetful:
        eos_token_id = tokenizer.eos_token_id
        encode = staticmethod(tokenizer.encode)

        def apply_chat_template(self, conversation: list[Message], **options: object) -> str:
            return str(tokenizer.apply_chat_template(conversation[-2:], **options))

    with pytest.raises(ValueError, match="earlier turns"):
        encode_chat(Forgetful(), [*chats[0]["messages"], *chats[1]["messages"][1:]])


def test_of_a_chat_only_the_last_answer_may_count(tokenizer: PreTrainedTokenizerFast) -> None:
    asked = [
        {"role": "user", "content": "Hello there!"},
        {"role": "assistant", "content": "Hello!"},
    ]
    every = encode_chat(tokenizer, [*asked, *asked])
    last = encode_chat(tokenizer, [*asked, *asked], last_only=True)
    assert last.ids == every.ids
    half = sum(every.counted) // 2
    assert sum(last.counted) == half > 0
    assert last.counted[-half - 5 :] == every.counted[-half - 5 :]
