"""The command ``ppgkd``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from ppgkd.errors import PpgkdError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = ArgumentParser(prog="ppgkd", description="Ask a finished study.")
    commands = parser.add_subparsers(required=True, metavar="command")
    plan = commands.add_parser("plan", help="how small may the student be, before it is trained")
    plan.add_argument("results", help="folder of a finished study, results/<study>")
    plan.add_argument("--max-mae", type=float, metavar="BPM", help="bound on the MAE")
    plan.add_argument("--max-latency-ms", type=float, metavar="MS", help="bound on p99")
    plan.add_argument("--max-bytes", type=float, metavar="BYTES", help="bound on the ONNX file")
    plan.set_defaults(run=_plan)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except PpgkdError as error:
        print(f"ppgkd: {error}", file=sys.stderr)
        return 1
    return 0


def _plan(options: Namespace) -> None:
    from ppgkd.plan import Wish, read_and_plan

    wish = Wish(options.max_mae, options.max_latency_ms, options.max_bytes)
    print(read_and_plan(wish, options.results))


if __name__ == "__main__":
    sys.exit(main())
