"""Let the model answer many chats at once, with the sampling that a folder recommends.

Does not know how answers are judged.
"""

import torch
from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

from training.corpus import Message
from training.export import Sampling

BATCH_CHATS = 64


class Talker:
    """A model and its tokenizer, ready to answer."""

    def __init__(
        self, model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, sampling: Sampling
    ) -> None:
        self.model, self.tokenizer, self.sampling = model, tokenizer, sampling
        tokenizer.padding_side = "left"

    @torch.no_grad()
    def _batch(self, chats: list[list[Message]]) -> list[tuple[str, bool]]:
        inputs = self.tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        output = self.model.generate(
            **inputs,
            do_sample=self.sampling.temperature > 0,
            temperature=self.sampling.temperature,
            top_p=self.sampling.top_p,
            top_k=self.sampling.top_k,
            repetition_penalty=self.sampling.repetition_penalty,
            max_new_tokens=self.sampling.max_new_tokens,
        )
        replies = output[:, inputs["input_ids"].shape[1] :]
        ended = (replies == self.tokenizer.eos_token_id).any(1).tolist()
        texts = self.tokenizer.batch_decode(replies, skip_special_tokens=True)
        return [(text.strip(), end) for text, end in zip(texts, ended, strict=True)]

    def answers(self, chats: list[list[Message]]) -> list[tuple[str, bool]]:
        """Each chat's next answer, and whether it ended by itself."""
        found: list[tuple[str, bool]] = []
        for first in range(0, len(chats), BATCH_CHATS):
            found += self._batch(chats[first : first + BATCH_CHATS])
        return found

    def conversations(
        self, turns: list[tuple[str, ...]], system: str | None
    ) -> list[list[tuple[str, bool]]]:
        """Whole chats: the user's turns are given, the model answers each of them."""
        start: list[Message] = [{"role": "system", "content": system}] if system else []
        chats = [list(start) for _ in turns]
        replies: list[list[tuple[str, bool]]] = [[] for _ in turns]
        for number in range(max(map(len, turns))):
            live = [i for i, said in enumerate(turns) if number < len(said)]
            for i in live:
                chats[i].append({"role": "user", "content": turns[i][number]})
            for i, reply in zip(live, self.answers([chats[i] for i in live]), strict=True):
                chats[i].append({"role": "assistant", "content": reply[0]})
                replies[i].append(reply)
        return replies
