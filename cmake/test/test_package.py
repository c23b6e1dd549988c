# SPDX-License-Identifier: GPL-2.0-or-later
"""The .deb that cpack makes: what it asks for, what is in it, what lintian says, and that its plugin runs.

SPISCOPE_PACKAGE_BUILD names the folder to build it in. It is not installed here: package_cycle.sh does that, in a Debian of its own.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TREE / "test-captures" / "tests"))
sys.dont_write_bytecode = True
from harness import Harness  # noqa: E402

FOLDER, FILE, PROGRAM = "drwxr-xr-x root/root", "-rw-r--r-- root/root", "-rwxr-xr-x root/root"


def output(*command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def deb(tmp_path_factory):
    build = Path(os.environ.get("SPISCOPE_PACKAGE_BUILD") or tmp_path_factory.mktemp("package"))
    output("cmake", "-S", TREE, "-B", build, "-DBUILD_TESTING=OFF", "-DSPISCOPE_WERROR=ON", "-DSPISCOPE_INSTALL_DIR=", "-DSPISCOPE_PROFILE_DIR=")
    output("cmake", "--build", build)
    for old in build.glob("*.deb"):
        old.unlink()
    output("cpack", cwd=build)
    made, = build.glob("*.deb")
    return made


@pytest.fixture(scope="module")
def wireshark():
    """Which Wireshark this machine builds for, as (major, minor)."""
    return tuple(map(int, output("pkg-config", "--modversion", "wireshark").split(".")[:2]))


@pytest.fixture(scope="module")
def depends(deb):
    """Name -> list of (relation, version)"""
    found = {}
    for name, relation, version in re.findall(r"([\w.+-]+)(?: \(([<>=]+) ([^)]+)\))?", output("dpkg-deb", "-f", deb, "Depends")):
        found.setdefault(name, []).append((relation, version))
    return found


def is_met(version, relations):
    return all(subprocess.run(["dpkg", "--compare-versions", version, relation, wanted]).returncode == 0 for relation, wanted in relations)


def test_only_the_wireshark_that_it_was_built_for_will_do(depends, wireshark):
    major, minor = wireshark
    relations = depends["wireshark-common"]
    assert is_met(output("dpkg-query", "-W", "-f=${Version}", "wireshark-common"), relations)
    assert is_met(f"{major}.{minor}.0~rc1-1", relations) and is_met(f"{major}.{minor}.99-1", relations)
    assert not is_met(f"{major}.{minor + 1}.0~rc1-1", relations)
    assert not is_met(f"{major}.{minor - 1}.99-1" if minor else f"{major - 1}.6.99-1", relations)


def test_it_asks_for_the_libraries_that_it_is_linked_with(deb, depends, tmp_path):
    """Each library that the plugin names, by the package that dpkg says it is from."""
    output("dpkg-deb", "-x", deb, tmp_path)
    plugin, = tmp_path.rglob("spiscope.so")
    libraries = re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", plugin))
    assert any(library.startswith("libwireshark.so") for library in libraries)
    for library in libraries:
        packages = {line.split(":")[0] for line in output("dpkg-query", "-S", f"*/{library}").splitlines()}
        assert packages & depends.keys(), library


def test_it_holds_these_files_and_no_others(deb, wireshark):
    modes = {}
    for line in output("dpkg-deb", "-c", deb).splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        modes[path] = f"{mode} {owner}"
    files = {path for path in modes if not path.endswith("/")}
    library = output("pkg-config", "--variable=libdir", "wireshark").strip()
    profile = {f"./usr/share/wireshark/profiles/SPIscope/{path.name}" for path in (TREE / "plugin/profile/SPIscope").iterdir()}
    batch = {f"./usr/{path}" for path in ("bin/spiscope-batch", "share/man/man1/spiscope-batch.1.gz", "share/bash-completion/completions/spiscope-batch",
                                          *(f"share/spiscope/{name}.jq" for name in ("index", "result", "summary", "words")))}
    assert files == profile | batch | {f".{library}/wireshark/plugins/{wireshark[0]}.{wireshark[1]}/epan/spiscope.so",
                               *(f"./usr/share/doc/wireshark-spiscope/{name}" for name in ("changelog.gz", "copyright", "report.schema.json"))}
    for path, mode in modes.items():
        assert mode == (FOLDER if path.endswith("/") else PROGRAM if "/bin/" in path else FILE), path


def test_lintian_is_silent(deb):
    done = subprocess.run(["lintian", "--fail-on", "error,warning", str(deb)], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_the_packaged_plugin_runs(deb, tmp_path):
    """v2_flap is a tunnel that was taken down and up again 12 times (its truth.txt)."""
    output("dpkg-deb", "-x", deb, tmp_path)
    plugin, = tmp_path.rglob("spiscope.so")
    spiscope = Harness(plugin.parent.parent.parent)
    try:
        version = output("dpkg-deb", "-f", deb, "Version").split("+")[0]
        assert re.search(rf"^spiscope\.so\s+{re.escape(version)}\s+dissector", spiscope.tshark("-G", "plugins").stdout, re.M)
        assert "flapping" in spiscope.keys_found("v2_flap")
        done = subprocess.run([tmp_path / "usr/bin/spiscope-batch", "--filters"], capture_output=True, text=True)
        assert done.returncode == 0 and "spiscope.outage" in done.stdout
    finally:
        spiscope.close()
