"""Tests of what stands in deploy/: the proxy before Echo, containers, and files for those who run it."""
