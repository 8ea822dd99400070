"""Echo: real-time chat with a model of its own. This file holds the version alone, so that each part of
the package can be imported without the others; `echo/app.py` puts them together.
"""

__version__ = "0.1.0"
