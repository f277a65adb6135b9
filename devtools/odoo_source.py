"""Odoo's own code: from ODOO_PATH, from Debian's package odoo-19, or from a shallow git clone."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from . import paths
from .steps import Failure, Step, digest, is_done, lock, mark_done, output, run

SERIES = "19.0"
GIT_URL = "https://github.com/odoo/odoo"

# odoo-19 refers to fonts and scripts of these packages by relative links.
SID_PACKAGES = (
    "odoo-19",
    "libjs-jquery",
    "libjs-underscore",
    "libjs-jquery-form",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
)
# Newer versions name their font files otherwise, and every icon would vanish.
BOOKWORM_PACKAGES = ("fonts-font-awesome",)
# Debian leaves this out (it came without source), and Odoo logs an error on every page. It blurs the background of
# video calls; an empty file only turns that off.
STAND_INS = ("mail/static/lib/selfie_segmentation/selfie_segmentation.js",)
DEBIAN_SUITES = {"bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable", "oldstable"}


@dataclass
class Odoo:
    """`code` is the directory that is put on Python's path; it holds the package `odoo`."""

    kind: str
    version: str
    code: str

    @property
    def addons_path(self) -> list[str]:
        core, apart = Path(self.code) / "odoo" / "addons", Path(self.code) / "addons"
        if (core / "web").is_dir():  # Debian's package: all in one; its addons/ is only a part of it
            return [str(core)]
        return [str(apart), str(core)]

    @property
    def said(self) -> str:
        return f"Odoo {self.version} from {self.kind} ({self.code})"


def ensure(step: Step) -> Odoo:
    given = os.environ.get("ODOO_PATH")
    if given:
        odoo = describe("ODOO_PATH", Path(given).expanduser().resolve())
        if odoo is None:
            raise Failure(f"ODOO_PATH={given} holds no Odoo: expected odoo/release.py in it")
    else:
        with lock("odoo"):
            odoo = _ours(step)
    if not odoo.version.startswith(SERIES):
        raise Failure(f"Odoo {SERIES} is needed, {odoo.code} is {odoo.version}")
    step.detail = odoo.said
    return odoo


def describe(kind: str, top: Path) -> Odoo | None:
    """Find the code in a source checkout, in an unpacked Debian package or in a site-packages directory."""
    for code in (top, top / "usr/lib/python3/dist-packages", top.parent):
        release = code / "odoo" / "release.py"
        if release.is_file() and (code / "odoo/addons/base").is_dir():
            return Odoo(kind, _version(release.read_text()), str(code))
    return None


def _version(release: str) -> str:
    """'19.0' from the line version_info = (19, 0, 0, FINAL, 0, ''), with the date of a nightly if there is one."""
    numbers = re.search(r"^version_info\s*=\s*\((\d+),\s*(\d+)", release, re.MULTILINE)
    nightly = re.search(r"^(?:version|nightly_version)\s*=\s*['\"][\d.]*?(\d{8})['\"]", release, re.MULTILINE)
    if not numbers:
        return "unknown"
    return f"{numbers[1]}.{numbers[2]}" + (f"-{nightly[1]}" if nightly else "")


def _ours(step: Step) -> Odoo:
    key = digest(SERIES, SID_PACKAGES, BOOKWORM_PACKAGES, STAND_INS)
    made = paths.ODOO / "made.json"
    if is_done("odoo", key) and made.is_file():
        return Odoo(**json.loads(made.read_text()))
    part = paths.DEV / "odoo.part"
    shutil.rmtree(part, ignore_errors=True)
    mirror = _debian_mirror()
    kind = ""
    if mirror:
        step.work("fetching Debian's odoo-19 (120 MB)")
        try:
            _from_debian(mirror, part)
            kind = "Debian's odoo-19"
        except Failure as problem:
            print(f"Debian's odoo-19 is not to be had here, trying git instead. {problem}", flush=True)
            shutil.rmtree(part, ignore_errors=True)
    if not kind:
        step.work(f"cloning {GIT_URL}, branch {SERIES} (about 1 GB)")
        if not shutil.which("git"):
            raise Failure("git is not installed; install it, or set ODOO_PATH to an Odoo 19 of yours")
        clone = ["git", "clone", "--quiet", "--depth", "1", "--branch", SERIES]
        run([*clone, GIT_URL, str(part)], log="odoo.log")
        kind = "git"
    shutil.rmtree(paths.ODOO, ignore_errors=True)
    part.rename(paths.ODOO)
    odoo = describe(kind, paths.ODOO)
    if odoo is None:
        raise Failure(f"no Odoo in what was fetched into {paths.ODOO}")
    made.write_text(json.dumps(asdict(odoo)))
    mark_done("odoo", key)
    return odoo


def _debian_mirror() -> str | None:
    """The mirror that this machine takes Debian from, whatever format its sources are written in."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    wanted = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    listed = output(["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"])
    for line in listed.splitlines():
        uri, release, component = line.split()
        if component == "main" and release in DEBIAN_SUITES:
            return uri
    return None


def _from_debian(mirror: str, target: Path) -> None:
    """Unpack the packages into `target`. Signed and hashed as always; nothing is installed on the machine."""
    keyrings = [Path("/usr/share/keyrings") / f"debian-archive-keyring.{end}" for end in ("pgp", "gpg")]
    signed = next((f"signed-by={path}" for path in keyrings if path.is_file()), "")
    # A mirror may lag behind by more than the days for which sid's index is valid.
    sid = f"deb [{signed} check-valid-until=no] {mirror} sid main\n"
    old = f"deb [{signed}] {mirror} bookworm main\n"
    (paths.APT / "sources.list").write_text(sid + old)
    (paths.APT / "sources.parts").mkdir(exist_ok=True)
    debs = paths.APT / "debs"
    for folder in (paths.APT / "lists/partial", paths.APT / "cache/archives/partial", debs):
        folder.mkdir(parents=True, exist_ok=True)
    options = {
        "Dir::Etc::SourceList": paths.APT / "sources.list",
        "Dir::Etc::SourceParts": paths.APT / "sources.parts",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": paths.APT / "sources.parts",
        "Dir::State::Lists": paths.APT / "lists",
        "Dir::Cache": paths.APT / "cache",
        "APT::Sandbox::User": "root",  # the usual user cannot write below a home directory
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    apt = ["apt-get", "-q", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    run([*apt, "update"], log="odoo.log")
    wanted = [f"{name}/sid" for name in SID_PACKAGES] + [f"{name}/bookworm" for name in BOOKWORM_PACKAGES]
    run([*apt, "download", *wanted], log="odoo.log", cwd=debs)  # an interrupted run's complete files are kept
    target.mkdir()
    listed = output([*apt, "download", "--print-uris", *wanted], cwd=target)  # it leaves out what lies there already
    for line in listed.splitlines():
        run(["dpkg-deb", "-x", line.split()[1], str(target)], log="odoo.log", cwd=debs)
    for name in STAND_INS:
        file = target / "usr/lib/python3/dist-packages/odoo/addons" / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("// left out by Debian; video calls work without it\n")
    subprocess.run([*apt, "clean"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(debs)
    shutil.rmtree(paths.APT / "lists")
