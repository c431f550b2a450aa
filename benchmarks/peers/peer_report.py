"""The table of peers, and each one's protocol in words."""

from __future__ import annotations

from collections.abc import Iterable

from peers.evaluation import PeerResult

HEADER = [
    *(
        "estimator",
        "MAE, BPM",
        "95 % over subjects",
        "difference to the filtered student",
        "estimates",
    ),
    *("latency, ms", "model, bytes", "signal, s"),
]


def report(results: Iterable[PeerResult], setting: str) -> str:
    """Write it as Markdown; the latency is the median.

    Parameters
    ----------
    results
        One row each.
    setting
        The windows and the machine, in words.
    """
    results = list(results)
    lines = [HEADER, ["---", *["---:"] * (len(HEADER) - 1)], *map(_row, results)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    protocols = "\n".join(
        f"- {row.description.title}: {row.description.protocol}" for row in results
    )
    return f"{setting}\n\n{table}\n\n{protocols}\n"


def _row(results: PeerResult) -> list[str]:
    about = results.description
    mae, lower, upper = results.mae_bpm
    difference, lowest, highest = results.difference_bpm
    return [
        about.title,
        f"{mae:.2f}",
        f"{lower:.2f} to {upper:.2f}",
        f"{difference:+.2f} ({lowest:+.2f} to {highest:+.2f})",
        f"{results.share:.1%}",
        f"{results.latency_p50_ms:.2f}",
        f"{about.model_bytes:,}",
        f"{about.signal_s:g}",
    ]
