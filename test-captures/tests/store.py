# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs of tshark gave, for all test processes of one ctest: each run is made by the process that asks first, and the others wait for it."""
import hashlib
import os
import pickle
import tempfile
import time
from pathlib import Path

PATIENCE = 300          # seconds for a run of another process, which may have died
PAUSE = 0.02


def digest(*parts):
    """Of bytes, and of anything whose repr says all."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part if isinstance(part, bytes) else repr(part).encode())
        total.update(b"\0")
    return total.hexdigest()


class Store:
    def __init__(self, folder):
        """A folder that was empty when the session began; None: nothing is shared."""
        self.folder = Path(folder) if folder else None
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, key, make):
        """What make() gives, here or in another process. A failure is not shared: each process that asks meets it itself."""
        if not self.folder:
            return make()
        path = self.folder / key
        if self._is_mine(path):
            try:
                result = make()
            except BaseException:
                path.with_suffix(".failed").touch()
                raise
            self._keep(path, result)
            return result
        return pickle.loads(path.read_bytes()) if self._comes(path) else make()

    @staticmethod
    def _is_mine(path):
        try:
            os.close(os.open(path.with_suffix(".begun"), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True

    @staticmethod
    def _comes(path):
        until = time.monotonic() + PATIENCE
        while not path.exists():
            if path.with_suffix(".failed").exists() or time.monotonic() > until:
                return False
            time.sleep(PAUSE)
        return True

    def _keep(self, path, result):
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            pickle.dump(result, file)
        os.replace(file.name, path)
