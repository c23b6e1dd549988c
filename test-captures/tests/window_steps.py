# SPDX-License-Identifier: GPL-2.0-or-later
"""What test_window.py has somebody do in Wireshark's window. Each step ends with an answer, or this ends with a NoAnswer that says which.

    window_steps.py case EXPECTED       EXPECTED: JSON, see test_window.py
    window_steps.py live EXPECTED
"""
import json
import re
import struct
import sys
import time
from pathlib import Path

from window import Window, below, children, clipboard, text_of, wait

BEGUN = time.monotonic()
HEADER, RECORD = 24, 16         # bytes of a pcap file's header, of each packet's
WIDTH = 64                      # characters of a line in a new text window of Wireshark, of 9 pixels each


def body(report):
    """Without the lines with the file's name."""
    return report.partition("\n\n")[2]


def answered(step):
    print(f"{time.monotonic() - BEGUN:.1f} s: {step}", flush=True)


class Case:
    def __init__(self, window, title):
        self.window = window
        self.main = window.window(title)

    def part(self, role, name=re.compile("")):
        return next(child for child in children(self.main) if child.get_role_name() == role and re.search(name, child.get_name()))

    def wait_for_count(self, text):
        """In the status bar: "Packets: 216 · Displayed: 12 (...)"; of later versions without the second where all are displayed."""
        wait(f"the status bar's {text}", lambda: any(re.search(rf"{text}\b", label.get_name())
                                                     for label in below(self.part("status bar"), "label", re.compile("Packets:"))))

    def filter(self):
        return next(text_of(text) for text in below(self.part("tool bar", "Display Filter"), "text", "Display filter entry"))

    def press_menu(self, entry):
        self.window.press("menu item", entry, self.part("menu bar"))

    def press_button(self, name):
        self.window.press("push button", name, next(bar for bar in children(self.main)
                                                    if bar.get_role_name() == "tool bar" and next(below(bar, "push button", name), None)))

    def selector(self):
        """What the toolbar's list of tunnels holds."""
        for bar in children(self.main):
            if bar.get_role_name() == "tool bar" and next(below(bar, "push button", "Next evidence"), None):
                return [item.get_name() for box in below(bar, "combo box", re.compile("")) for rows in children(box) for item in children(rows)]
        return []

    def selected_frame(self):
        """As the packet details' first line has it."""
        details = next(below(self.main, "tree", "Packet details"))
        lines = [cell.get_name() for cell in children(details)]
        return next((int(match[1]) for line in lines if (match := re.match(r"Frame (\d+):", line))), None)

    def read(self, title, text):
        """The text of a window that opens with such a title, once it holds the other."""
        def look():
            for child in children(self.window.program):
                if re.search(title, child.get_name()):
                    found = next((shown for shown in self.window.texts(child) if text in shown), None)
                    if found:
                        return child, found
            return None
        return wait(f'a window "{title}" with "{text}"', look)


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

    case.press_menu("Show the report")
    shown, text = case.read("SPIscope report", "  Verdict ")
    assert body(text).split() == expected["report"].split(), f"the window's report is not tshark's:\n{text}"
    assert all(len(line) <= WIDTH or " " not in line.strip() for line in text.splitlines()), f"a line is folded by the window:\n{text}"
    window.press("push button", "Copy", shown)
    wait("the clipboard", lambda: body(clipboard()) == expected["report"])
    answered("Show the report, and Copy: it is on the clipboard")

    case.press_menu("Follow this tunnel")
    _, log = case.read("SPIscope tunnel 0", "Tunnel 0: A ")
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
    case.press_menu("Show the report")
    _, text = case.read("SPIscope report", expected["second"])
    assert body(text).split() == expected["second_report"].split(), text
    answered("a second file: its tunnels, its report")


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
    {"case": see_a_case, "live": see_it_live}[sys.argv[1]](json.loads(sys.argv[2]))
