"""Curves of a training, drawn from what it wrote down."""

import json
from pathlib import Path
from typing import Any


def draw(metrics: Path) -> None:
    """Draw `losses.png` and `ratios.png` beside the figures."""
    entries = [json.loads(line) for line in metrics.read_text().splitlines()]
    steps = [entry for entry in entries if "losses" in entry]
    checks = [entry for entry in entries if "validated" in entry]
    names = [name for name in steps[-1]["losses"] if name != "gradient"] if steps else []
    curves = {name: _curve(steps, "losses", name) for name in names}
    _save(metrics.with_name("losses.png"), curves | _validated(checks, " loss"), "loss")
    _save(metrics.with_name("ratios.png"), _validated(checks, " gain"), "dB over the mix, validation")


def _validated(checks: list[dict[str, Any]], ending: str) -> dict[str, tuple[list[float], list[float]]]:
    names = [name for name in checks[-1]["validated"] if name.endswith(ending)] if checks else []
    return {f"validated {name.removesuffix(ending)}": _curve(checks, "validated", name) for name in names}


def _curve(entries: list[dict[str, Any]], kind: str, name: str) -> tuple[list[float], list[float]]:
    return [entry["step"] for entry in entries], [entry[kind][name] for entry in entries]


def _save(path: Path, curves: dict[str, tuple[list[float], list[float]]], what: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="step", ylabel=what)
    for name, (x, y) in curves.items():
        axes.plot(x, y, label=name, linewidth=2 if "validated" in name else 0.6)
    if curves:
        axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(path)
