"""Odoo's command line as a file: with workers, Odoo starts itself again by the name of what it was started with."""

import ctypes
import signal

from odoo.cli.command import main

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: whatever ends the tests ends the server
    main()
