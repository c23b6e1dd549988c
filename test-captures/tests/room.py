# SPDX-License-Identifier: GPL-2.0-or-later
"""A folder of its own for runs of tshark, with the plugin and without it.

As root, Wireshark ignores plugins outside of the system's folder, so tshark then runs as nobody, on copies that anyone may read.
"""
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

NOBODY = 65534
# Wireshark 4.0 reads these at each start, which is half of the instructions of that: names of manufacturers, ports and enterprises, that
# no test is about
NAMES = ("manuf", "wka", "services", "enterprises.tsv")


class Room:
    def __init__(self, plugin_dir):
        """plugin_dir holds 4.N/epan/spiscope.so."""
        self.is_root = os.geteuid() == 0
        self.room = self._readable_room()
        self.plugins = self.room / "plugins"
        shutil.copytree(plugin_dir, self.plugins)
        (self.room / "no-plugins").mkdir()
        (self.room / "home").mkdir()
        self.give(self.room / "home")
        self.data = None                # Wireshark's own
        self.data = self._data_without_names()

    def close(self):
        shutil.rmtree(self.room, ignore_errors=True)

    def as_nobody(self):
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if self.is_root else []

    def _readable_room(self):
        for base in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):
            room = Path(tempfile.mkdtemp(prefix="spiscope-test-", dir=base))
            room.chmod(0o755)
            if subprocess.run(self.as_nobody() + ["test", "-r", str(room), "-a", "-x", str(room)]).returncode == 0:
                return room
            room.rmdir()
        raise RuntimeError("no temporary folder that an ordinary user can read")

    def _data_without_names(self):
        """A folder with what Wireshark's own for its data has, but NAMES."""
        folders = subprocess.run([*self.as_nobody(), "tshark", "-G", "folders"], env=self.environment(plugin=False), stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, check=True).stdout
        own = Path(dict(re.split(r":\s*", line, maxsplit=1) for line in folders.splitlines() if ":" in line)["Global configuration"])
        data = self.room / "data"
        data.mkdir()
        for path in own.iterdir():
            if path.name not in NAMES:
                (data / path.name).symlink_to(path)
        return data

    def give(self, path):
        """Makes it belong to whom tshark runs as."""
        if self.is_root:
            os.chown(path, NOBODY, NOBODY)

    def open_up(self):
        """Lets anyone read, and look into folders."""
        for path in self.room.rglob("*"):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o555 if stat.S_ISDIR(mode) else 0o444))

    def environment(self, profile=None, plugin=True, **more):
        """What Wireshark's programs are started with: nothing of the user's settings."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WIRESHARK_")}
        return {**environment, **self.settings(profile, plugin), **more}

    def settings(self, profile=None, plugin=True):
        """The part of the environment that this room decides."""
        settings = {"HOME": str(self.room / "home"), "LC_ALL": "C.UTF-8", "TZ": "UTC", "WIRESHARK_CONFIG_DIR": str(profile or self.room / "home"),
                    "WIRESHARK_PLUGIN_DIR": str(self.plugins if plugin else self.room / "no-plugins")}
        if self.data:
            settings["WIRESHARK_DATA_DIR"] = str(self.data)
        return settings
