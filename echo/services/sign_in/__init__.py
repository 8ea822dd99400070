"""Proving who one is: passwords, links, second factors, Google, devices. Knows no HTTP."""
