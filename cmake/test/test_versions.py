# SPDX-License-Identifier: GPL-2.0-or-later
"""What .ci/run and cmake/versions.sh make of what happens: when the other versions are run, what is a failure and what is "not run".

Nothing is fetched, built or mounted: what could touch the system is a stub, and a folder with nothing in it is a Debian.
"""
import shutil
import signal
import subprocess
import time

import pytest
from test_quickstart import QUICKSTART, Machine

TREE = QUICKSTART.parent.parent
TOOLS = ("basename", "cp", "flock", "find", "mkdir", "mktemp", "mv", "rm", "sh", "sleep", "tail", "tar", "tee", "tr", "true")
PASSED, FAILED, WRONG_USAGE, NOT_RUN = 0, 1, 2, 3
LIMIT = 2700        # seconds, as .ci/run says
# in_debian's last words are the folder, the command, and how long it may take
UNSHARE = """shift 6
[ "$1" = env ] || exec "$@"
command= before=
for word; do folder=$command command=$before before=$word; done
echo "in $folder: $command" >>"{log}"
case $command in
*'apt-get update'*) {update} ;;
*dist-upgrade*) {upgrade} ;;
*'apt-cache policy'*) case $folder in */sid) {sid} ;; *) echo 4.4.19-1 ;; esac ;;
*'apt-get install'*) {packages} ;;
*SPISCOPE_RUN*) {tests} ;;
esac"""
DEBOOTSTRAP = 'mkdir -p "$3/etc/apt/apt.conf.d" "$3/tmp"'


class Host(Machine):
    """A machine with a clone of the tree."""

    def __init__(self, folder):
        super().__init__(folder)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool, path="/usr/bin:/bin"))
        self.tree = folder / "a clone"
        self.cache = folder / "debians"
        for name in ("cmake/versions.sh", "cmake/common.sh", ".ci/run"):
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TREE / name, self.tree / name)

    # --- for .ci/run

    def script(self, name, status):
        """Instead of the one in the tree."""
        (self.tree / "cmake" / name).write_text(f'echo "{name} $*" >>"{self.log}"\nexit {status}\n')

    def clock(self, *seconds):
        """What date says, each time that it is asked."""
        times = self.bin / "times"
        times.write_text("".join(f"{second}\n" for second in seconds))
        self.command("date", f'sed -n 1p "{times}"; sed -i 1d "{times}"')

    def ci(self, gone=0, tests=PASSED, versions=PASSED):
        self.clock(1000, 1000 + gone)
        self.script("quickstart.sh", tests)
        self.script("versions.sh", versions)
        return self.start("/bin/bash", self.tree / ".ci" / "run")

    # --- for versions.sh

    def debians(self, update="true", upgrade="true", packages="true", tests="true", sid="echo 4.6.9-1", debootstrap=DEBOOTSTRAP):
        (self.bin / "date").unlink(missing_ok=True)
        (self.bin / "date").symlink_to("/bin/date")
        self.user(0)
        self.command("debootstrap", debootstrap)
        self.command("chroot", "exit 99")
        self.command("setpriv", 'shift 2; exec "$@"')
        self.command("timeout", 'shift 3; exec "$@"')
        self.command("unshare", UNSHARE.format(update=update, upgrade=upgrade, packages=packages, tests=tests, sid=sid, log=self.log))

    def start(self, *command, run=subprocess.run, **options):
        if run is subprocess.run:
            options.update(capture_output=True, timeout=60)
        return run([*map(str, command)], cwd="/", stdin=subprocess.DEVNULL, text=True,
                   env={"PATH": str(self.bin), "HOME": "/nonexistent", "SPISCOPE_VERSIONS_DIR": str(self.cache)}, **options)

    def versions(self, *arguments):
        return self.start("/bin/sh", self.tree / "cmake" / "versions.sh", *arguments)

    def keeps(self, suite, name):
        """A Debian of an earlier run, with a folder by which it is known."""
        for folder in ("etc/apt/apt.conf.d", "tmp", name):
            (self.cache / suite / folder).mkdir(parents=True)

    def inside(self, word):
        """The commands with this word in them, by the names of the folders that they ran in."""
        return [call.split(": ", 1)[0].rpartition("/")[2] for call in self.calls() if call.startswith("in ") and word in call]


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def summary(done):
    return done.stdout[done.stdout.index("== In all:"):].splitlines()[1:]


# --- .ci/run ---------------------------------------------------------------------------------------------------------

def test_ci_runs_all_tests_first_and_then_the_others(host):
    done = host.ci(gone=LIMIT - 1)
    assert done.returncode == PASSED, done.stderr
    assert [call for call in host.calls() if not call.startswith("date")] == ["quickstart.sh test", "versions.sh --short 4.4 4.6"]


def test_ci_begins_nothing_late_and_says_so(host):
    done = host.ci(gone=LIMIT)
    assert done.returncode == PASSED
    assert not [call for call in host.calls() if call.startswith("versions.sh")]
    assert f"Wireshark 4.4 4.6: not run: {LIMIT} s have gone by" in done.stdout


def test_ci_fails_with_the_tests_and_runs_nothing_else(host):
    assert host.ci(tests=8).returncode == 8
    assert not [call for call in host.calls() if call.startswith("versions.sh")]


@pytest.mark.parametrize("versions, status", [(PASSED, PASSED), (FAILED, FAILED), (WRONG_USAGE, WRONG_USAGE), (NOT_RUN, PASSED), (137, 137)])
def test_ci_fails_with_the_others_but_not_for_what_was_not_run(host, versions, status):
    done = host.ci(versions=versions)
    assert done.returncode == status
    assert ("not run" in done.stdout) == (versions == NOT_RUN)


# --- versions.sh -----------------------------------------------------------------------------------------------------

def test_all_pass(host):
    host.debians()
    done = host.versions("--short", "4.4", "4.6")
    assert done.returncode == PASSED, done.stdout + done.stderr
    assert [line.split(" after")[0] for line in summary(done)] == ["4.4 trixie: passed", "4.6 sid: passed"]
    made = sorted(call.split()[2] for call in host.calls() if call.startswith("debootstrap"))
    assert made == ["sid", "trixie"] == sorted(host.inside("SPISCOPE_RUN"))
    assert (host.cache / "sid/srv/spiscope/main/cmake/versions.sh").exists()


@pytest.mark.parametrize("status", [1, 2, NOT_RUN, 8, 137])
def test_a_test_that_fails_is_a_failure_whatever_its_status(host, status):
    """pytest has a 3 of its own."""
    host.debians(tests=f'case $folder in */sid) echo "it was the wine"; exit {status} ;; esac')
    done = host.versions("4.4", "4.6")
    assert done.returncode == FAILED
    assert [line.split(" after")[0] for line in summary(done)] == ["4.4 trixie: passed", "4.6 sid: FAILED"]
    assert "it was the wine" in done.stdout


WHAT_IS_NOT_OURS = {
    "update": (dict(update="echo E: Failed to fetch; exit 100"), "apt-get update failed"),
    "upgrade": (dict(upgrade="exit 100"), "could not bring sid up to date"),
    "packages": (dict(packages="exit 100"), "could not install in sid"),
    "debootstrap": (dict(debootstrap="echo E: Invalid Release file; exit 1"), "debootstrap could not make sid"),
    "moved on": (dict(sid="echo 4.8.0-1"), "sid has Wireshark 4.8.0-1 now, not 4.6"),
    "gone": (dict(sid="true"), "sid has Wireshark nothing now, not 4.6"),
}


@pytest.mark.parametrize("stubs, reason", WHAT_IS_NOT_OURS.values(), ids=WHAT_IS_NOT_OURS)
def test_what_is_no_fault_of_the_tree_is_not_run(host, stubs, reason):
    host.debians(**stubs)
    done = host.versions("4.6")
    assert done.returncode == NOT_RUN, done.stdout
    line, = summary(done)
    assert line.startswith("4.6 sid: not run: ") and reason in line
    assert not host.inside("SPISCOPE_RUN")


@pytest.mark.parametrize("short", [(), ("--short",)])
def test_a_failure_counts_for_more_than_what_was_not_run(host, short):
    host.debians(sid="echo 4.8.0-1", tests="exit 1")
    done = host.versions(*short, "4.4", "4.6")
    assert done.returncode == FAILED
    assert ["FAILED" in line for line in summary(done)] == [True, False]


def test_what_an_earlier_run_said_is_forgotten(host):
    host.debians(sid="echo 4.8.0-1")
    assert host.versions("4.6").returncode == NOT_RUN
    host.debians()
    assert host.versions("4.6").returncode == PASSED


def test_no_root(host):
    host.debians()
    host.user(1000)
    done = host.versions("4.4")
    assert done.returncode == NOT_RUN and "Wireshark 4.4: not run: debootstrap and chroot need root" in done.stdout


def test_debootstrap_is_installed_where_it_is_missing(host):
    host.debians()
    host.debian(packages=NOT_INSTALLED_YET)
    (host.bin / "debootstrap").rename(host.bin / "later")
    host.command("apt-get", f'[ "$1" = update ] || mv "{host.bin}/later" "{host.bin}/debootstrap"')
    done = host.versions("4.4")
    assert done.returncode == PASSED, done.stdout + done.stderr
    assert "Installing with apt-get: debootstrap" in done.stdout


NOT_INSTALLED_YET = "exit 1"


@pytest.mark.parametrize("has_apt", [True, False])
def test_no_debootstrap_to_be_had(host, has_apt):
    host.debians()
    (host.bin / "debootstrap").unlink()
    if has_apt:
        host.debian(packages=NOT_INSTALLED_YET)
        host.command("apt-get", "exit 100")
    done = host.versions("4.4")
    assert done.returncode == NOT_RUN and "Wireshark 4.4: not run: debootstrap" in done.stdout


def test_no_namespaces(host):
    host.debians()
    host.command("unshare", "exit 1")
    done = host.versions("4.4")
    assert done.returncode == NOT_RUN and "Wireshark 4.4: not run: this machine lets root make no namespaces" in done.stdout


@pytest.mark.parametrize("arguments", [("4.2",), ("--shrot",), ("4.4", "all")])
def test_wrong_usage(host, arguments):
    host.debians()
    done = host.versions(*arguments)
    assert done.returncode == WRONG_USAGE and done.stderr.startswith("usage: ")


def test_what_an_interrupted_debootstrap_left_is_made_anew(host):
    host.debians()
    (host.cache / "sid.unfinished/half").mkdir(parents=True)
    assert host.versions("4.6").returncode == PASSED
    assert (host.cache / "sid").exists() and not (host.cache / "sid/half").exists() and not (host.cache / "sid.unfinished").exists()


def test_a_kept_debian_that_cannot_be_upgraded_is_made_anew_once(host):
    host.debians(upgrade='[ ! -e "$folder/half" ]')
    host.keeps("sid", "half")
    assert host.versions("4.6").returncode == PASSED
    assert len([call for call in host.calls() if call.startswith("debootstrap")]) == 1 and not (host.cache / "sid/half").exists()


def test_a_kept_debian_stays_where_the_mirror_does_not_answer(host):
    host.debians(update="exit 100", upgrade="exit 100")
    host.keeps("sid", "kept")
    assert host.versions("4.6").returncode == NOT_RUN
    assert (host.cache / "sid/kept").exists()


def test_two_runs_in_one_debian_are_not_run(host):
    host.debians()
    host.cache.mkdir()
    holder = subprocess.Popen(["flock", str(host.cache / "sid.lock"), "sleep", "60"])
    try:
        deadline = time.monotonic() + 30
        while not (host.cache / "sid.lock").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        done = host.versions("4.6")
    finally:
        subprocess.run(["pkill", "-P", str(holder.pid)])
        holder.wait()
    assert done.returncode == NOT_RUN and "another run uses" in summary(done)[0]


def test_what_runs_in_a_debian_ends_with_the_script(host, tmp_path):
    """However it is told to end, and though unshare itself minds no such signal."""
    pid = tmp_path / "pid"
    host.debians(tests=f'trap "" TERM; echo $$ >"{pid}.new"; mv "{pid}.new" "{pid}"; exec sleep 300')
    (host.bin / "setpriv").unlink()
    (host.bin / "setpriv").symlink_to(shutil.which("setpriv"))
    script = host.start("/bin/sh", host.tree / "cmake" / "versions.sh", "--short", "4.4", run=subprocess.Popen, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not pid.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    script.send_signal(signal.SIGTERM)
    assert script.wait(timeout=30) != PASSED
    process = f"/proc/{pid.read_text().strip()}/stat"
    while time.monotonic() < deadline and runs(process):
        time.sleep(0.05)
    assert not runs(process)


def runs(stat):
    """Whether there is such a process, and it is not one that ended and that nobody has asked about."""
    try:
        with open(stat) as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
