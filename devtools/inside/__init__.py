"""What runs with the virtual environment's Python, where polib and the like are to be had."""
