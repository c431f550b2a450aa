"""The table of peers, and each one's protocol in words."""

from __future__ import annotations

from collections.abc import Iterable

from peers.judging import Judged

HEADER = [
    *("estimator", "MAE, BPM", "95 % over subjects", "above the filtered student", "estimates"),
    *("latency, ms", "model, bytes", "signal, s"),
]


def report(judged: Iterable[Judged], setting: str) -> str:
    """Write it as Markdown; the latency is the median.

    Parameters
    ----------
    judged
        A row each.
    setting
        Which windows, and on what machine.
    """
    judged = list(judged)
    lines = [HEADER, ["---", *["---:"] * (len(HEADER) - 1)], *map(_row, judged)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    protocols = "\n".join(f"- {row.about.title}: {row.about.protocol}" for row in judged)
    return f"{setting}\n\n{table}\n\n{protocols}\n"


def _row(judged: Judged) -> list[str]:
    about = judged.about
    mae, lower, upper = judged.mae_bpm
    above, least, most = judged.above_bpm
    return [
        about.title,
        f"{mae:.2f}",
        f"{lower:.2f} to {upper:.2f}",
        f"{above:+.2f} ({least:+.2f} to {most:+.2f})",
        f"{judged.share:.1%}",
        f"{judged.latency_p50_ms:.2f}",
        f"{about.model_bytes:,}",
        f"{about.signal_s:g}",
    ]
