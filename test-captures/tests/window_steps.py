# SPDX-License-Identifier: GPL-2.0-or-later
"""What test_window.py has somebody do in Wireshark's window. Each step ends with an answer, or this ends with a NoAnswer that says which.

    window_steps.py case EXPECTED       EXPECTED: JSON, see test_window.py
    window_steps.py walk EXPECTED       the other clicks of the README's walk-through
    window_steps.py live EXPECTED
"""
import json
import re
import struct
import sys
import time
from pathlib import Path

from window import STARTING, Atspi, NoAnswer, Window, below, children, clipboard, text_of, wait

BEGUN = time.monotonic()
HEADER, RECORD = 24, 16         # bytes of a pcap file's header, of each packet's
PRESSED_IN_VAIN = 0.25          # of a step's time
RETURN_KEY, DOWN_KEY, END_KEY = 0xff0d, 0xff54, 0xff57      # X11's numbers of them
WIDTH = 64                      # characters of a line in a new text window of Wireshark, of 9 pixels each


def body(report):
    """Without the lines with the file's name."""
    return report.partition("\n\n")[2]


def capture_line(report):
    """What the report calls the capture, and more, in one line."""
    return re.sub(r"\s+", " ", re.search(r"^Capture +(.*?)\n\n", report, re.M | re.S)[1])


def is_within(thing, other):
    """Whether its upper end is to be seen in the other's place."""
    box, place = (Atspi.Component.get_extents(each, Atspi.CoordType.SCREEN) for each in (thing, other))
    return place.y <= box.y < place.y + place.height - box.height


def dismiss(window, dialog):
    """What is pressed before it has gone gets lost."""
    kind = dialog.get_role_name(), dialog.get_name()
    window.press("push button", "OK", dialog)
    wait("the dialog's end", lambda: kind not in [(child.get_role_name(), child.get_name()) for child in children(window.program)])


def answered(step):
    print(f"{time.monotonic() - BEGUN:.1f} s: {step}", flush=True)


class Case:
    def __init__(self, window, title):
        self.window = window
        self.main = window.window(title, STARTING)

    def part(self, role, name=re.compile("")):
        return next(child for child in children(self.main) if child.get_role_name() == role and re.search(name, child.get_name()))

    def wait_for_count(self, text):
        """In the status bar: "Packets: 216 · Displayed: 12 (...)"; of later versions without the second where all are displayed."""
        wait(f"the status bar's {text}", lambda: any(re.search(rf"{text}\b", label.get_name())
                                                     for label in below(self.part("status bar"), "label", re.compile("Packets:"))))

    def wait_for_shown(self, count, frames):
        """Of so many frames; where it is all of them, later versions need not say it."""
        def look():
            said = [label.get_name() for label in below(self.part("status bar"), "label", re.compile("Packets:"))]
            return any(re.search(rf"Displayed: {count}\b", text) or (count == frames and "Displayed" not in text and f"Packets: {frames}" in text)
                       for text in said)
        wait(f"{count} packets", look)

    def filter_entry(self):
        """Its toolbar has a name in some versions only."""
        return next(text for bar in children(self.main) if bar.get_role_name() == "tool bar" for text in below(bar, "text", "Display filter entry"))

    def filter(self):
        return text_of(self.filter_entry())

    def clear_filter(self):
        entry = self.filter_entry()
        self.window.click(entry, at=0.5)
        self.window.write(entry, "")
        self.window.key(RETURN_KEY)

    def press_menu(self, *entries):
        """The last one of these, which is below the one before, and so on."""
        menu = self.part("menu bar")
        for entry in entries[:-1]:
            menu = self.window.find("menu item", entry, menu)
        self.window.press("menu item", entries[-1], menu)

    def press_button(self, name):
        self.window.press("push button", name, next(bar for bar in children(self.main)
                                                    if bar.get_role_name() == "tool bar" and next(below(bar, "push button", name), None)))

    def selector_items(self):
        for bar in children(self.main):
            if bar.get_role_name() == "tool bar" and next(below(bar, "push button", "Next evidence"), None):
                return [item for box in below(bar, "combo box", re.compile("")) for rows in children(box) for item in children(rows)]
        return []

    def selector(self):
        """What the toolbar's list of tunnels holds."""
        return [item.get_name() for item in self.selector_items()]

    def choose_next(self):
        """In the toolbar's list, by the mouse and the keyboard."""
        box = self.selector_items()[0].get_parent().get_parent()
        self.window.click(box)
        rows = self.selector_items()[0].get_parent()
        wait("the list's rows", lambda: rows.get_state_set().contains(Atspi.StateType.SHOWING))
        self.window.key(DOWN_KEY)
        self.window.key(RETURN_KEY)

    def details(self):
        return next(below(self.main, "tree", "Packet details"))

    def detail(self, pattern):
        """A line of the packet details."""
        return next((cell for cell in children(self.details()) if re.search(pattern, cell.get_name())), None)

    def selected_frame(self):
        """As the packet details' first line has it; each line is asked for its name once, as it may be filled anew meanwhile."""
        lines = (re.match(r"Frame (\d+):", cell.get_name()) for cell in children(self.details()))
        return next((int(line[1]) for line in lines if line), None)

    def go_to(self, frame):
        """Its button is released a moment after it was pressed, so there is something to wait for only where another packet is selected; and what is
        pressed before its release, Wireshark would do first."""
        if self.selected_frame() == frame:
            return
        bar = next(child for child in children(self.part("filler")) if next(below(child, "push button", "Go to packet"), None))
        self.window.write(next(below(bar, "text", "")), str(frame))
        self.window.press("push button", "Go to packet", bar)
        wait(f"packet {frame}", lambda: self.selected_frame() == frame)

    def read(self, title, text, times=1):
        """The text of a window that opens with such a title, once it holds the other; see wait."""
        def look():
            for child in children(self.window.program):
                if re.search(title, child.get_name()):
                    found = next((shown for shown in self.window.texts(child) if text in shown), None)
                    if found:
                        return child, found
            return None
        try:
            return wait(f'a window "{title}" with "{text}"', look, times)
        except NoAnswer as error:
            raise NoAnswer(f"{error}; open: {self.window.titles()}, {self.window.spoken()}") from error

    def open(self, entry, title, text):
        """A menu's entry that opens such a window. On a busy machine one press in some thirty goes nowhere, and no window or message comes: that is
        said, and the entry is pressed once more."""
        self.press_menu(entry)
        try:
            return self.read(title, text, PRESSED_IN_VAIN)
        except NoAnswer as error:
            print(f"pressed again: {error}", flush=True)
        self.press_menu(entry)
        return self.read(title, text)


def see_a_case(expected):
    window = Window()
    case = Case(window, re.compile(re.escape(expected["first"])))
    case.wait_for_count(f"Packets: {expected['frames']}")
    wait("the toolbar's list of tunnels", lambda: case.selector()[1:] == expected["tunnels"])
    answered("opened: the toolbar lists its tunnels, the worst first")

    wait("the packet that was asked for", lambda: case.selected_frame() == expected["finding"])
    case.press_menu("Filter this finding's evidence")
    wait("the filter of a finding's evidence", lambda: re.fullmatch(r"frame\.number in \{[\d, ]+\}", case.filter()))
    assert {int(frame) for frame in re.findall(r"\d+", case.filter())} == set(expected["evidence"]), case.filter()
    case.wait_for_count(f"Displayed: {len(expected['evidence'])}")
    answered("This finding's evidence is filtered")

    case.press_button("Findings")
    case.wait_for_count(f"Displayed: {expected['findings']}")
    answered("Findings: those, and what they rest on")

    case.press_button("Next evidence")
    wait("the next packet of the verdict's evidence", lambda: case.selected_frame() == expected["next_evidence"])
    answered("Next evidence goes to it")

    shown, text = case.open("Show the report", "SPIscope report", "  Verdict ")
    assert body(text).split() == expected["report"].split(), f"the window's report is not tshark's:\n{text}"
    assert all(len(line) <= WIDTH or " " not in line.strip() for line in text.splitlines()), f"a line is folded by the window:\n{text}"
    window.press("push button", "Copy", shown)
    wait("the clipboard", lambda: body(clipboard()) == expected["report"])
    answered("Show the report, and Copy: it is on the clipboard")

    window.press("push button", "Save", shown)
    dialog = window.window(re.compile("Save the text"))
    field = next(below(dialog, "text", ""))
    assert text_of(field) == expected["report_file"], text_of(field)
    dismiss(window, dialog)
    wait("the file", lambda: Path(expected["report_file"]).exists())
    assert capture_line(Path(expected["report_file"]).read_text()).startswith(f"{expected['path']}:")
    assert body(Path(expected["report_file"]).read_text()) == expected["report"]
    answered("Save: the file holds it, with the capture's name")

    _, log = case.open("Follow this tunnel", "SPIscope tunnel 0", "Tunnel 0: A ")
    assert all(line in " ".join(log.split()) for line in expected["log"]), log
    assert all(len(line) <= WIDTH for line in log.splitlines()), log
    answered("Follow this tunnel: its log")

    for name, rows in expected["tables"].items():
        case.press_menu(name)
        table = window.window(re.compile(rf"{name} · .*{re.escape(expected['first'])}"))
        wait(f"{name}: {rows} rows", lambda: len(window.grid(table)) == rows + 1)
        answered(f"{name}: {rows} rows")

    case.press_menu(re.compile(rf"{re.escape(expected['second'])}$"))      # File > Open Recent
    case = Case(window, re.compile(rf"^{re.escape(expected['second'])}"))
    case.wait_for_count(f"Packets: {expected['second_frames']}")
    wait("the other capture's tunnels in the toolbar", lambda: case.selector()[1:] == expected["second_tunnels"])
    _, text = case.open("Show the report", "SPIscope report", expected["second"])
    assert body(text).split() == expected["second_report"].split(), text
    answered("a second file: its tunnels, its report")


def walk_through(expected):
    window = Window()
    case = Case(window, re.compile(re.escape(expected["first"])))
    wait("the toolbar's list of tunnels", lambda: len(case.selector()) > 1)
    case.choose_next()
    wait("the filter of the tunnel that was chosen", lambda: case.filter() == "spiscope.tunnel == 0")
    case.clear_filter()
    case.wait_for_shown(expected["frames"], expected["frames"])
    answered("the toolbar's list: the worst tunnel is filtered")

    for name, count in expected["buttons"].items():
        case.go_to(expected["finding"])
        case.press_button(name)
        case.wait_for_shown(count, expected["frames"])
        case.clear_filter()
        case.wait_for_shown(expected["frames"], expected["frames"])
    answered(f"buttons: {', '.join(expected['buttons'])}")

    case.go_to(expected["without_spi"])
    case.press_button("This SPI")
    case.wait_for_shown(1, expected["frames"])
    case.press_button("This tunnel")
    case.wait_for_shown(expected["buttons"]["This tunnel"], expected["frames"])
    answered("This SPI on a packet that has none leaves that packet, and so something to go on with")

    case.press_button("Findings")
    case.go_to(expected["finding"])
    case.press_menu("Expand All")
    wait("the details' last lines", lambda: case.detail(r"^\[Evidence: "))
    window.click(case.detail(r"^Frame \d+:"))
    window.key(END_KEY)
    wait("Evidence, to be seen", lambda: is_within(case.detail(r"^\[Evidence: "), case.details()))
    window.click(case.detail(r"^\[Evidence: "), times=2)
    wait("the packet of the evidence", lambda: case.selected_frame() == expected["rests_on"])
    answered("a double click on Evidence goes to it")

    for entries, frame, filter, count in expected["filters"]:
        case.clear_filter()
        case.go_to(frame)
        case.press_menu(*entries)
        wait(f"{entries[-1]}: its filter", lambda: case.filter() == filter)
        case.wait_for_shown(count, expected["frames"])
        answered(" > ".join(entries))

    if expected["follows"]:
        case.press_menu("Follow", re.compile("^SPIscope"))
        _, text = case.read("Follow SPIscope", "Tunnel 0")
        assert all(line in " ".join(text.split()) for line in expected["log"]), text
        answered("Follow > SPIscope Stream: the tunnel's log")
        case.clear_filter()

    case.press_menu("Copy the report")
    wait("the clipboard", lambda: body(clipboard()) == expected["report"])
    assert capture_line(clipboard()).startswith(f"{expected['path']}:"), clipboard()
    message = wait("a word about it", lambda: next((child for child in children(window.program) if next(below(child, "label", re.compile("is on the clipboard")), None)), None))
    dismiss(window, message)
    answered("Copy the report: it is on the clipboard, and that is said")

    case.press_button("Report")
    case.read("SPIscope report", "  Verdict ")
    answered("Report in the toolbar")

    case.press_menu("Conversations")
    shown = window.window(re.compile("Conversations"))
    window.press("page tab", re.compile(r"^SPIscope · 1$"), shown)
    answered("Conversations: its tab, with a tunnel")

    case.press_menu("Expert Information")
    window.window(re.compile("Expert Information"))
    case.press_menu("I/O Graphs")
    window.window(re.compile("I/O Graphs"))
    answered("Expert Information, I/O Graphs")

    case.press_menu("Show the timeline")
    wait("the browser", lambda: Path(expected["opened"]).exists())
    picture = Path(Path(expected["opened"]).read_text().strip().removeprefix("file://"))
    assert picture.stat().st_mode & 0o777 == 0o600
    text = picture.read_text()
    assert "<svg" in text.partition(">")[0] or text.startswith("<?xml"), text[:200]
    assert all(spi in text for spi in expected["spis"])
    answered("Show the timeline: the browser is given one, which nobody else can read")
    case.press_menu("Quit")
    wait("the end", lambda: not picture.exists())
    answered("at Wireshark's end it is deleted")


def see_it_live(expected):
    data = Path(expected["capture"]).read_bytes()
    ends = [HEADER]
    while ends[-1] < len(data):
        ends.append(ends[-1] + RECORD + struct.unpack_from("<I", data, ends[-1] + 8)[0])
    half = len(ends) // 2
    with open(expected["pipe"], "wb", buffering=0) as pipe:
        pipe.write(data[:ends[half]])
        window = Window()
        case = Case(window, re.compile("^Capturing from"))
        case.wait_for_count(f"Packets: {half}")
        case.press_menu("SPIscope Security Associations")
        table = window.window(re.compile(r"SPIscope Security Associations so far \(Apply: up to now\)"))
        wait("some rows", lambda: 1 < len(window.grid(table)) < expected["sas"] + 1)
        answered("a table that is opened while packets come in says that it holds what came so far")
        pipe.write(data[ends[half]:])
    case = Case(window, re.compile(re.escape(Path(expected["pipe"]).name)))
    case.wait_for_count(f"Packets: {len(ends) - 1}")
    window.press("push button", "Apply", table)
    wait("all rows", lambda: len(window.grid(table)) == expected["sas"] + 1)
    answered("Apply brings it up to date")


if __name__ == "__main__":
    {"case": see_a_case, "walk": walk_through, "live": see_it_live}[sys.argv[1]](json.loads(sys.argv[2]))
