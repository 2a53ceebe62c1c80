# SPDX-License-Identifier: GPL-2.0-only
"""KUnit's output, as a module leaves it in the kernel log."""

import os
import re
import subprocess
import sys


def parsed_by_the_kernel(kernel, log):
    """How many tests passed in the eyes of KERNEL's own kunit.py; -1 if it is not content. KERNEL is the folder of a built
    kernel, LOG the text without time stamps."""
    done = subprocess.run([sys.executable, os.path.join(kernel, "headers/tools/testing/kunit/kunit.py"), "parse"],
                          input=log, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    ran = re.search(r"Ran (\d+) tests: passed: (\d+)$", done.stdout, re.M)
    return int(ran[2]) if ran and done.returncode == 0 and ran[1] == ran[2] else -1
