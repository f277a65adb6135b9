"""Plain Python that knows no ORM; every module here can be tested without a database."""
