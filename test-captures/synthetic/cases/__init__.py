# SPDX-License-Identifier: GPL-2.0-or-later
"""The synthetic IKE captures, a file for each topic: functions that make the peers of ike_peers speak.

DESCRIPTION of a case is its docstring. Times are as in writer.py."""

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def variants(**named):
    """Several cases from one function: name -> its further arguments (a tuple)."""
    def register(function):
        for name, arguments in named.items():
            def build_variant(cap, arguments=arguments):
                function(cap, *arguments)
            build_variant.__name__, build_variant.__doc__ = name, function.__doc__
            CASES[name] = build_variant
        return function
    return register
