"""Measure a command and its children: ``python measure_command.py OUTPUT COMMAND ...``.

It prints JSON: elapsed seconds, seconds of all cores, the largest resident memory in MiB and the
exit code. The output of the command goes to the file OUTPUT. A benchmark starts commands through
this small process because a process starts with the peak memory of its parent.
"""

import json
import resource
import subprocess
import sys
import time

if __name__ == "__main__":
    with open(sys.argv[1], "w") as output:  # noqa: PTH123 (pathlib would be most of its memory)
        started = time.perf_counter()
        code = subprocess.call(sys.argv[2:], stdout=output, stderr=subprocess.STDOUT)
        wall_s = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {
        "wall_s": wall_s,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        "code": code,
    }
    print(json.dumps(cost))
