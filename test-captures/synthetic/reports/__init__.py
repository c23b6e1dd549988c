# SPDX-License-Identifier: GPL-2.0-or-later
"""Public reports of tunnels that flap or pass nothing, rebuilt packet by packet at the pace that they tell, and healthy counterparts; a file for
each topic. A report is a function that takes a Scene (scene.py) and makes peers (peers.py) speak in it; its docstring gives the source, with its
date, and what happened. Where a source has no number, it is ours.

Beside it stands what an expert would say, by the source and by what the function does. The first side that begins is A.
"""
from collections import namedtuple

# states: those that fit. causes: the best, where the negotiation can be read; keyless: where it cannot ("": the same).
# weaker: causes that are honest, though the packets show more; "unknown" is one of them wherever something is wrong.
# must_not: what may be neither the cause nor a finding that warns; not_readable: what may not be the cause where the negotiation can be read.
# by: the peers who may be said to act: A, B, both, none.
# fixed: what of a Site the report itself decides, so that another one would be another report.
Report = namedtuple("Report", "build states causes keyless weaker must_not not_readable by fixed")

REPORTS = {}
FORMS = ("readable", "keyless")
ALARMS = "child_refused one_way flapping spi_churn dpd_failure peer_restart auth_failed"


def report(states, causes, *, by, keyless="", weaker="", must_not="", not_readable="", fixed=""):
    """Registers the function under its name."""
    def register(function):
        words = [set(text.split()) for text in (states, causes, keyless or causes, weaker, must_not, not_readable, by, fixed)]
        REPORTS[function.__name__] = Report(function, *words)
        return function
    return register


def healthy(fixed=""):
    """The same for one in which nothing is wrong."""
    return report("stable idle", "none", by="none", must_not=ALARMS, fixed=fixed)


def variants(**named):
    """Several reports from one function: name -> (how it is registered, the function's further arguments)."""
    def register(function):
        for name, (register_one, *arguments) in named.items():
            def build_variant(scene, arguments=tuple(arguments)):
                function(scene, *arguments)
            build_variant.__name__, build_variant.__doc__ = name, function.__doc__
            register_one(build_variant)
        return function
    return register


def allowed_causes(expected, form):
    """What may be said without being wrong."""
    best = expected.causes if form == "readable" else expected.keyless
    return best | expected.weaker | (set() if "none" in best else {"unknown"})
