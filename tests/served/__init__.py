"""Tests over the network: a server of its own, on a copy of the tests' database."""
