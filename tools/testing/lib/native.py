# SPDX-License-Identifier: GPL-2.0-only
"""What the suites of native test programs share: each program prints KTAP; here its tests get the program's name
in front and one count."""

import os
import re
import subprocess
import sys

TOP = os.environ["TOP"]
BUILD = os.environ["BUILD"]


def make(folder, out, *targets, text=False):
    """Run make in FOLDER with output to OUT. With TEXT returns what it printed."""
    command = ["make", "--no-print-directory", "-j2", "-C", os.path.join(TOP, folder), f"O={out}", *targets]
    done = subprocess.run(command, stdout=subprocess.PIPE if text else sys.stderr, text=True, check=True)
    return done.stdout


def run(programs, strip, after=None):
    """Run PROGRAMS and report for all of them. A program that crashes, for which a sanitizer speaks or that stops short
    of its plan has a failed test "whole". No program at all is a failure too. What a random test says of itself, "# seed
    N: ...", is shown. AFTER is a name and a command for one test more, when all have run: what the command prints is
    shown. Returns the suite's status."""
    count = failed = 0
    print("KTAP version 1", flush=True)
    if not programs:
        print("not ok 1 programs\n1..1")
        return 1
    for program in programs:
        name = re.sub(strip, "", os.path.basename(program))
        print(f"=== {name}", file=sys.stderr, flush=True)
        try:
            done = subprocess.run([program], stdout=subprocess.PIPE, text=True, errors="replace", timeout=900, check=False)
            output, status = done.stdout, done.returncode
        except (subprocess.TimeoutExpired, OSError) as error:
            output, status = "", str(error)
        sys.stderr.write(output)
        plan = re.search(r"^1\.\.(\d+)", output, re.M)
        results = re.findall(r"^(ok|not ok) \d+ (?:- )?(.*)$", output, re.M)
        bad = 0
        for line in re.findall(r"^# (seed .*)$", output, re.M):
            print(f"# {name}: {line}", flush=True)
        for verdict, test in results:
            count += 1
            bad += verdict != "ok"
            print(f"{verdict} {count} {name}:{test}", flush=True)
        if not plan or int(plan[1]) != len(results) or (status and not bad):
            count, bad = count + 1, bad + 1
            print(f"not ok {count} {name}:whole", flush=True)
            print(f"# {name}: status {status}, {len(results)} results, plan {plan and plan[1]}", flush=True)
        failed += bad
    if after:
        name, command = after
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        count, failed = count + 1, failed + (done.returncode != 0)
        for line in done.stdout.splitlines():
            print("# " + line, flush=True)
        print(f"{'not ok' if done.returncode else 'ok'} {count} {name}", flush=True)
    print(f"1..{count}", flush=True)
    return 1 if failed else 0
