"""Sound to words: what runs in processes of its own. Knows no person, no model's name and no web.

`decoding` makes samples out of one file, `worker` writes down what is said in samples.
"""
