import pytest

from .server import copy_of_database, serve


@pytest.fixture(scope="session")
def server():
    """An Odoo of four worker processes, on a copy of the tests' database, with the accounts A, B and plain."""
    with copy_of_database("served") as name, serve(name, workers=4) as running:
        yield running
