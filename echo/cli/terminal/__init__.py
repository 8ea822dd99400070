"""Talking with a model in the terminal: `python run.py chat`.

`starting` begins it, `talk` is the conversation, `here` and `elsewhere` are who answers, `screen` is what is
seen. It is imported when somebody wants to talk: no other command needs rich and prompt_toolkit.
"""
