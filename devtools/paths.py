"""Where things lie. All that ./dev makes is below .dev/ and may be deleted at any time."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEV = Path(os.environ.get("LOGISTICS_DEV_DIR") or ROOT / ".dev").absolute()

ODOO = DEV / "odoo"  # Odoo as unpacked or cloned by us
APT = DEV / "apt"  # private package lists and downloaded packages
VENV = DEV / "venv"
PG = DEV / "pg"  # the private cluster: data/ and the socket
DATA = DEV / "data"  # Odoo's data_dir: filestore, sessions
LOG = DEV / "log"
RUN = DEV / "run"  # pid files and generated Odoo configurations
STAMPS = DEV / "stamps"
LOCKS = DEV / "locks"

ADDONS = ("logistics_crm", "logistics_crm_sla", "logistics_crm_notify", "logistics_crm_reports")


def venv_bin(name: str) -> str:
    return str(VENV / "bin" / name)


def make_layout() -> None:
    for path in (DEV, APT, DATA, LOG, RUN, STAMPS, LOCKS):
        path.mkdir(parents=True, exist_ok=True)
