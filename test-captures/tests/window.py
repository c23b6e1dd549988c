# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's window as somebody sees it who cannot see: by the names of its menus, buttons, texts and tables (AT-SPI, as screen readers read them).

Nothing here goes by a place on the screen, and nothing waits for a fixed time: each step waits until what it is about is there. To be run in a
D-Bus session of its own, as the user whom Wireshark runs as, with QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1:

    window.py press ROLE NAME       does what the object is for: a menu's entry, a button
    window.py place ROLE NAME       prints where it is: x y width height
    window.py wait ROLE NAME        waits until it is there; as the two above do
"""
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

PATIENCE = float(os.environ.get("WINDOW_PATIENCE", "20"))     # seconds for a step; on an idle machine all of them answer within two
STARTING = 3                    # so many times as long may it take to start, where the machine is busy
PAUSE = 0.05
NEAR = 10                       # pixels
# Below these nothing is looked for by name: they hold a child for each cell
GRIDS = ("table", "tree", "tree table")


# Milliseconds that AT-SPI waits for an answer and for a program's start, of its own accord
ANSWER_MS, START_MS = 800, 15_000


@contextmanager
def patiently():
    """For what is asked for only once, as it would happen twice: on a busy machine Wireshark answers when it is done with what it was told."""
    Atspi.set_timeout(int(1000 * PATIENCE), START_MS)
    try:
        yield
    finally:
        Atspi.set_timeout(ANSWER_MS, START_MS)


class NoAnswer(AssertionError):
    """What a step waited for did not come."""


def wait(what, probe, times=1):
    """What probe() gives once that is true; at most so many times as long as a step may take."""
    end = time.monotonic() + times * PATIENCE
    while True:
        try:
            found = probe()
        except GLib.Error:          # an object that has gone in the meantime
            found = None
        if found:
            return found
        if time.monotonic() > end:
            raise NoAnswer(f"{what}: no answer within {times * PATIENCE:.0f} s")
        time.sleep(PAUSE)


def children(thing):
    thing.clear_cache_single() if hasattr(thing, "clear_cache_single") else thing.clear_cache()
    for i in range(thing.get_child_count()):
        child = thing.get_child_at_index(i)
        if child:
            yield child


def role_of(thing):
    """Its name was another one until AT-SPI 2.53."""
    name = thing.get_role_name()
    return "push button" if name == "button" else name


def is_like(name, wanted):
    return bool(wanted.search(name)) if isinstance(wanted, re.Pattern) else name == wanted


def below(thing, role, name):
    """The things of a role and a name (a string, or a pattern to be found in it), from the top."""
    for child in children(thing):
        if role_of(child) == role and is_like(child.get_name(), name):
            yield child
        if child.get_role_name() not in GRIDS:
            yield from below(child, role, name)


def text_of(thing):
    text = thing.get_text_iface()
    return Atspi.Text.get_text(text, 0, Atspi.Text.get_character_count(text)) if text else thing.get_name()


class Window:
    def __init__(self):
        Atspi.init()
        self.program = wait("Wireshark", self.find_program, STARTING)

    @staticmethod
    def find_program():
        desktop = Atspi.get_desktop(0)
        return next((program for program in children(desktop) if "ireshark" in program.get_name()), None)

    def find(self, role, name, within=None, seen=False):
        """The first thing of a role and a name, once it is there and can be used; or once it can be seen."""
        def look():
            states = (Atspi.StateType.ENABLED, Atspi.StateType.SHOWING) if seen else (Atspi.StateType.ENABLED,)
            return next((thing for thing in below(within or self.program, role, name)
                         if all(thing.get_state_set().contains(state) for state in states)), None)
        return wait(f'{role} "{getattr(name, "pattern", name)}"', look)

    def window(self, title, times=1):
        """A window by its title; see wait."""
        return wait(f'window "{getattr(title, "pattern", title)}"', lambda: next(
            (child for child in children(self.program) if child.get_role_name() in ("frame", "dialog", "alert") and is_like(child.get_name(), title)), None), times)

    def titles(self):
        return [child.get_name() for child in children(self.program)]

    def press(self, role, name, within=None):
        thing = self.find(role, name, within)
        action = thing.get_action_iface()
        names = [action.get_action_name(i) for i in range(action.get_n_actions())]
        assert names, f'{role} "{name}" does nothing'
        try:
            with patiently():
                action.do_action(names.index("Press") if "Press" in names else 0)
        except GLib.Error as error:     # a dialog that it opened waits for somebody
            raise NoAnswer(f'{role} "{name}": {error}; open: {self.spoken()}') from error

    def spoken(self):
        """What the dialogs that are open say."""
        return [label.get_name() for child in children(self.program) if child.get_role_name() in ("dialog", "alert")
                for label in below(child, "label", re.compile("."))]

    def write(self, field, text):
        """Into a text field, instead of what stands there."""
        with patiently():
            Atspi.EditableText.set_text_contents(field, text)

    def key(self, symbol):
        """Presses a key, an X11 keysym; it goes to the window that has the focus."""
        Atspi.generate_keyboard_event(symbol, None, Atspi.KeySynthType.SYM)

    def click(self, thing, times=1, at=0.0):
        """With the mouse, near its left end; or at such a part of its width."""
        box = Atspi.Component.get_extents(thing, Atspi.CoordType.SCREEN)
        Atspi.generate_mouse_event(box.x + max(NEAR, int(box.width * at)), box.y + min(NEAR, box.height // 2), "b1d" if times == 2 else "b1c")

    def texts(self, within):
        """The texts that a window shows, of more than one line."""
        return [text_of(thing) for thing in below(within, "text", re.compile("")) if "\n" in text_of(thing)]

    def grid(self, within, name=re.compile("")):
        """The rows of cells of a window's only table, its titles first."""
        grid = next(thing for role in GRIDS for thing in below(within, role, name))
        cells = [child.get_name() for child in children(grid)]
        titles = [child.get_name() for child in children(grid) if child.get_role_name() in ("column header", "table column header")]
        width = len(titles)
        return [titles] + [cells[at:at + width] for at in range(width, len(cells), width)]


def main(verb, role, name):
    window = Window()
    if verb == "press":
        window.press(role, re.compile(name))
        return
    thing = window.find(role, re.compile(name), seen=True)
    if verb == "place":
        box = thing.get_component_iface().get_extents(Atspi.CoordType.SCREEN)
        print(box.x, box.y, box.width, box.height)


def clipboard():
    """What another program finds on it; nothing while nobody has put anything there."""
    return subprocess.run(["xclip", "-out", "-selection", "clipboard"], capture_output=True, text=True, timeout=PATIENCE).stdout


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("press", "place", "wait"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
