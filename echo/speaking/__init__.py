"""Words to sound: what runs in a process of its own. Knows no person and no web.

`pieces` says where a text may be cut, `worker` speaks one piece after another.
"""
