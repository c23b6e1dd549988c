# SPDX-License-Identifier: GPL-2.0-or-later
"""sharkd, Wireshark without a window: one process that loads captures one after the other, as the window does, and answers JSON-RPC 2.0."""
import json
import shutil
import subprocess
from pathlib import Path

COLUMNS = ("spiscope.tunnel", "spiscope.sa", "spiscope.sa.spi", "spiscope.sa.age", "spiscope.sa.generation", "spiscope.sa.replaces",
           "spiscope.sa.replaced_by", "spiscope.sa.packets", "spiscope.sa.lost", "spiscope.ike", "spiscope.ike.request_in", "spiscope.finding",
           "spiscope.confidence", "spiscope.evidence")
TAPS = ("nstat:spiscope,sa", "nstat:spiscope,tunnel", "expert")


class Sharkd:
    """with Sharkd(spiscope) as session: session.load("v2_flap"). before: words in front of the command, such as valgrind's."""

    def __init__(self, spiscope, *, keys=None, before=(), **environment):
        self.spiscope, self.number = spiscope, 0
        self.profile = spiscope.room / f"sharkd-{id(self)}"
        if keys:
            shutil.copytree(keys, self.profile)
        else:
            self.profile.mkdir()
        for path in [self.profile, *self.profile.iterdir()]:
            spiscope.give(path)
        self.errors = open(self.profile.with_suffix(".log"), "w+")
        self.process = subprocess.Popen([*spiscope.as_nobody(), *before, "sharkd", "-"], env=spiscope.environment(self.profile, **environment),
                                        cwd=spiscope.room, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.status = self.process.wait(timeout=600)
        self.errors.seek(0)
        self.said = self.errors.read()
        self.errors.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, **parameters):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": parameters}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:        # sharkd also prints what it is about to do
            if line.startswith("{"):
                answer = json.loads(line)
                assert answer["id"] == self.number and "result" in answer, f"{request}: {answer}"
                return answer["result"]
        raise AssertionError(f"sharkd ended at {request}: {Path(self.errors.name).read_text()}")

    def set(self, name, value):
        self.call("setconf", name=name, value=str(value))

    def load(self, capture):
        self.call("load", file=str(self.spiscope.path(capture)))

    def look(self):
        """All that it shows of the open capture: the fields of every frame, the tables, SPIscope's expert information."""
        frames = self.call("frames", **{f"column{i}": f"{name}:0" for i, name in enumerate(COLUMNS)})
        taps = self.call("tap", **{f"tap{i}": name for i, name in enumerate(TAPS)})["taps"]
        assert len(taps) == len(TAPS)
        by_name = {tap["tap"]: tap for tap in taps}
        expert = sorted((item["f"], item["s"], item["m"]) for item in by_name["expert"]["details"] if item["p"] == "SPIscope")
        return {"frames": [(frame["num"], *frame["c"]) for frame in frames], "expert": expert,
                **{name: [row for table in by_name[name]["tables"] for row in table["i"]] for name in TAPS[:2]}}

    def see(self, capture):
        self.load(capture)
        return self.look()
