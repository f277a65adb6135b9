"""Odoo's command line as a file: with workers, Odoo starts itself again by the name of what it was started with."""

from odoo.cli.command import main

if __name__ == "__main__":
    main()
