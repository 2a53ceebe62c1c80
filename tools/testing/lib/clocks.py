#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares pairs of clock and counter that a guest was told with the host's own.

usage: clocks.py PAIRS|- HOST...    PAIRS: lines "# pair NANOSECONDS COUNT" of a guest; HOST: output of "clocks"
(tools/testing/host/programs/clocks.c). Prints the largest difference; the status is 1 if it is 10 us or more.
"""

import re
import sys

LIMIT_NS = 10000


def host(path):
    """The frequency, and the reading of the clock that is known best: count, error of it, nanoseconds."""
    with open(path, encoding="utf-8") as source:
        text = source.read()
    frequency = int(re.search(r"^frequency (\d+)$", text, re.M)[1])
    readings = [tuple(map(int, match)) for match in re.findall(r"^clock (\d+) (\d+) (\d+)$", text, re.M)]
    before, clock, after = min(readings, key=lambda reading: reading[2] - reading[0])
    return frequency, (before + after) / 2, (after - before) / 2, clock


def main():
    with sys.stdin if sys.argv[1] == "-" else open(sys.argv[1], encoding="utf-8") as source:
        pairs = [tuple(map(int, match)) for match in re.findall(r"^# pair (\d+) (\d+)$", source.read(), re.M)]
    worst = 0
    for path in sys.argv[2:]:
        frequency, count, error, clock = host(path)
        for told, at in pairs:
            # Integers first: a double has no nanoseconds of this century.
            difference = abs((told - clock) - (at - count) * 1e9 / frequency) + error * 1e9 / frequency
            worst = max(worst, difference)
    print(f"{len(pairs)} pairs, at most {worst:.0f} ns from the host's clock")
    return 0 if pairs and len(sys.argv) > 2 and worst < LIMIT_NS else 1


if __name__ == "__main__":
    sys.exit(main())
