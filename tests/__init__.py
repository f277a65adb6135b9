"""Tests of the project as a whole: across addons, over RPC, in a browser."""
