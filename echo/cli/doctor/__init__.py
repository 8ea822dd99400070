"""`python run.py doctor`: looks at all that Echo needs, and says in words what is wrong and what to do.

`command` asks one check after the other; each knows one thing, changes nothing and raises nothing.
"""
