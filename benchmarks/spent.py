"""Run a command and tell what it and its children took: ``python spent.py PRINTED COMMAND ...``.

It stands between a benchmark and the command because a process starts with the peak of memory of
the one that started it, and this one is small. It prints JSON: seconds on the wall's clock, seconds
of all cores, the largest resident memory in MiB and the exit code; the command's own output goes to
the file that is named first.
"""

import json
import resource
import subprocess
import sys
import time

if __name__ == "__main__":
    with open(sys.argv[1], "w") as printed:  # noqa: PTH123 (pathlib would be most of its memory)
        started = time.perf_counter()
        code = subprocess.call(sys.argv[2:], stdout=printed, stderr=subprocess.STDOUT)
        wall_s = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = {
        "wall_s": wall_s,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        "code": code,
    }
    print(json.dumps(spent))
