"""Documents of people: attached, read apart, found again by words and meaning, and told to models as data.

Knows no engine, no request and no socket; the reading of files is `echo/parsing/`.
"""
