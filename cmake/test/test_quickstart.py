# SPDX-License-Identifier: GPL-2.0-or-later
"""What cmake/quickstart.sh says where it cannot go on: one sentence, before anything is built.

Each test runs it with a PATH that holds nothing but a few real tools and stubs for everything that could touch the system.
"""
import shutil
import subprocess
from pathlib import Path

import pytest

QUICKSTART = Path(__file__).resolve().parent.parent / "quickstart.sh"
TOOLS = ("dirname", "sed", "id", "env", "cat", "grep")
NOT_INSTALLED = "exit 1"
INSTALLED = "echo installed"


class Machine:
    """A made-up machine: commands that do what a line of shell says, and a log of what was called."""

    def __init__(self, folder):
        self.bin = folder / "bin with spaces"
        self.log = folder / "log"
        self.bin.mkdir()
        self.log.touch()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool, path="/usr/bin:/bin"))
        for name in ("cmake", "ctest", "gcc", "make"):
            self.command(name, "exit 99")

    def command(self, name, body):
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.log}"\n{body}\n')
        path.chmod(0o755)

    def user(self, number):
        (self.bin / "id").unlink()
        self.command("id", f"echo {number}")

    def debian(self, packages=INSTALLED, candidate="4.0.17-0+deb12u3"):
        self.command("apt-get", "exit 0")
        self.command("apt-cache", f"echo 'tshark:'; echo '  Installed: (none)'; echo '  Candidate: {candidate}'")
        self.command("dpkg-query", packages)

    def wireshark(self, running="4.0.17", headers="4.0.17"):
        self.command("tshark", f"echo 'TShark (Wireshark) {running} (Git v{running} packaged as {running}-1).'")
        self.command("pkg-config", f"echo {headers}" if headers else "exit 1")

    def quickstart(self, *arguments):
        return subprocess.run(["/bin/sh", str(QUICKSTART), *arguments], cwd="/", stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=30, env={"PATH": str(self.bin), "HOME": "/nonexistent"})

    def calls(self):
        return self.log.read_text().splitlines()

    def refuses(self, *arguments):
        """Runs it, and returns the one sentence that it ends with."""
        done = self.quickstart(*arguments)
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stderr.startswith("quickstart: ") and done.stderr.count("\n") == 1, done.stderr
        assert not [call for call in self.calls() if call.startswith(("cmake", "ctest"))]
        return done.stderr


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.mark.parametrize("arguments", [(), ("test",)])
def test_unknown_distribution(machine, arguments):
    sentence = machine.refuses(*arguments)
    assert "neither Debian nor Ubuntu" in sentence
    for needed in ("tshark", "development files", "C compiler", "cmake", "python3"):
        assert needed in sentence


def test_old_wireshark_is_refused_before_it_is_installed(machine):
    machine.user(0)
    machine.debian(NOT_INSTALLED, "3.6.2-2")
    assert "Wireshark 3.6.2-2 is too old" in machine.refuses()
    assert machine.calls().count("apt-get update -q") == 1
    assert not [call for call in machine.calls() if "install" in call]


def test_old_wireshark_that_is_installed(machine):
    machine.debian()
    machine.wireshark("3.4.16", "3.4.16")
    assert "Wireshark 3.4.16 is too old" in machine.refuses()


def test_no_tshark_on_offer(machine):
    machine.user(0)
    machine.debian(NOT_INSTALLED, "(none)")
    assert "offers no tshark" in machine.refuses()


def test_headers_missing_after_installation(machine):
    machine.debian()
    machine.wireshark(headers=None)
    assert "development files are missing" in machine.refuses()


def test_headers_of_another_version(machine):
    machine.debian()
    machine.wireshark("4.2.5", "4.0.17")
    sentence = machine.refuses()
    assert "4.2.5" in sentence and "4.0.17" in sentence


def test_ordinary_user_without_sudo(machine):
    machine.user(1000)
    machine.debian(NOT_INSTALLED)
    assert "as root, run apt-get install --no-install-recommends tshark wireshark-dev" in machine.refuses()


def test_ordinary_user_with_sudo_is_told_first(machine):
    machine.user(1000)
    machine.debian(NOT_INSTALLED)
    machine.command("sudo", "exit 1")
    assert "apt-get update failed" in machine.refuses()
    assert "Needs root: runs sudo apt-get install tshark wireshark-dev" in machine.quickstart().stdout


def test_nothing_is_installed_where_nothing_is_missing(machine):
    machine.debian()
    machine.wireshark(headers=None)
    machine.refuses("test")
    assert not [call for call in machine.calls() if call.startswith(("apt-get", "sudo"))]


def test_packages_for_tests_only_where_asked_for(machine):
    machine.user(0)
    machine.debian('case "$3" in python3-pytest) exit 1 ;; *) echo installed ;; esac')
    machine.wireshark(headers=None)
    machine.refuses()
    assert not [call for call in machine.calls() if call.startswith("apt-get")]
    machine.refuses("test")
    assert "apt-get install -q -y --no-install-recommends python3-pytest" in machine.calls()


def test_unknown_argument(machine):
    assert "usage: sh cmake/quickstart.sh [test]" in machine.refuses("tset")


@pytest.fixture
def clone(machine, tmp_path):
    """A clone in a folder with a blank in its name, on a machine where everything is installed and cmake does nothing."""
    machine.debian()
    machine.wireshark()
    machine.command("cmake", "exit 0")
    machine.command("nproc", "echo 2")
    clone = tmp_path / "a clone"
    (clone / "cmake").mkdir(parents=True)
    (clone / "build").mkdir()
    for script in (QUICKSTART, QUICKSTART.with_name("common.sh")):
        shutil.copy(script, clone / "cmake")
    return clone


def run(clone, machine, *arguments):
    return subprocess.run(["/bin/sh", str(clone / "cmake" / "quickstart.sh"), *arguments], cwd="/", stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=30, env={"PATH": str(machine.bin), "HOME": "/nonexistent"})


def test_ctest_decides_how_test_ends(machine, clone):
    for status in (0, 8):
        machine.command("ctest", f"echo 'Total Test time'; exit {status}")
        done = run(clone, machine, "test")
        assert done.returncode == status, done.stderr
        assert done.stdout.endswith("\nTotal Test time\n"), "ctest's summary comes last"
    assert machine.calls()[-1] == "ctest --output-on-failure --parallel 2", "on all processors"


def tshark_with_folders(machine, loaded="spiscope.so"):
    machine.command("tshark", f"""case "$*" in
--version) echo 'TShark (Wireshark) 4.0.17 (Git v4.0.17).' ;;
"-G folders") printf 'Personal Plugins:\\t/p e/4.0\\nGlobal Plugins:\\t/g/4.0\\n' ;;
"-G plugins") echo '{loaded} 0.1.0 dissector' ;;
esac""")


@pytest.mark.parametrize("user, folder", [(0, "/g/4.0"), (1000, "/p e/4.0")])
def test_it_ends_with_the_flapping_tunnel_and_what_to_type_next(machine, clone, user, folder):
    machine.user(user)
    tshark_with_folders(machine)
    done = run(clone, machine)
    assert done.returncode == 0, done.stderr
    ran = [call for call in machine.calls() if call.startswith("tshark -q")]
    capture = "tshark -q -r test-captures/v2_flap.pcap"
    assert ran == [f"{capture} -z spiscope,tunnel -z spiscope,sa", f"{capture} -z spiscope,report"]
    configured = [call for call in machine.calls() if call.startswith("cmake -S")]
    assert len(configured) == 1 and f"-DSPISCOPE_INSTALL_DIR={folder} " in configured[0]
    following = done.stdout[done.stdout.index("Installed. Next:"):]
    assert "tshark -q -r FILE -z spiscope,report" in following
    assert "WIRESHARK_CONFIG_DIR=test-captures/v1_life_mismatch.keys" in following
    assert f'rm "{folder}/epan/spiscope.so"' in following


def test_a_plugin_that_is_not_loaded_is_said(machine, clone):
    machine.user(1000)
    tshark_with_folders(machine, loaded="other.so")
    done = run(clone, machine)
    assert done.returncode == 1
    assert "does not load it" in done.stderr and done.stderr.count("\n") == 1
