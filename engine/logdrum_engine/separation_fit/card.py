"""`card`: the model card, every number in it read from what was measured."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any, Final

import msgspec

from logdrum_engine.separation.weights import WEIGHTS

from .bars import BARS, Evidence, rows_in
from .batches import SEGMENT_S
from .card_text import CARD, SONG
from .figures import OURS, RULE, SUBJECTS, Detection, Figures, Spread
from .measures import NoteCounts
from .provenance import Net, Package, Training, nets, packages, training_of

_NONE: Final = "—"
_BENCHED: Final = {
    "rtf": "real-time factor",
    "first_stem": "first stems after (s)",
    "cold": "first stems of a new process after (s)",
    "difference": "beside apply_model (dB)",
}


def card(evidence: Evidence, heard: Sequence[Package], found: Sequence[Net], training: Training, batch: int) -> str:
    """Fill the card's fixed text with figures."""
    figures = evidence.figures
    return Template(CARD).substitute(
        nets=nets_table(found),
        steps=f"{training.step:,}",
        examples=f"{training.step * batch:,}",
        hours=f"{training.step * batch * SEGMENT_S / 3600:.0f}",
        training_hours=f"{training.seconds / 3600:.1f}",
        packages=packages_table(heard),
        bars=bars_table(evidence),
        mixes=figures.mixes,
        minutes=f"{figures.seconds / 60:.0f}",
        command=figures.command,
        versions=", ".join(f"{name} {version}" for name, version in figures.versions.items()),
        stems=stems_table(evidence),
        leaks=leaks_table(evidence),
        detection=detection_table(evidence),
        sure_of=sure_of(evidence),
        notes=notes_text(figures.notes),
        streaming=streaming_text(evidence),
        memory=memory_table(evidence),
        bench=bench_table(evidence),
        song=song_text(evidence),
    )


def table(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with its columns aligned."""
    widths = [max(len(line[column]) for line in (header, *body)) for column in range(len(header))]
    lines = (header, ["-" * width for width in widths], *body)
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def bars_table(evidence: Evidence) -> str:
    """Each figure to reach, what was measured, and whether that reaches it."""
    body = []
    for bar in BARS:
        value = bar.value(evidence)
        told = _NONE if value is None else f"{value:.2f} {bar.unit}".strip()
        body.append([bar.name, told, bar.limit_text(), bar.verdict(evidence)])
    return table(["figure", "measured", "to reach", "verdict"], body)


def nets_table(found: Sequence[Net]) -> str:
    """What lies in the folder of weights, and how it came there."""
    body = [
        [
            net.name,
            f"{net.parameters / 1e6:.2f} M",
            f"{net.entry.bytes / 1e6:.2f} MB",
            net.entry.licence,
            f"`{net.entry.made_by}`",
        ]
        for net in found
    ]
    return table(["file", "parameters", "size", "licence", "made by"], body)


def packages_table(heard: Sequence[Package]) -> str:
    """Which sounds there are, and what for."""
    use = {"train": "training", "test": "evaluation only"}
    body = [
        [each.name, each.version, use[each.split], str(each.sounds), f"{each.minutes:.0f}", each.licence]
        for each in heard
    ]
    return table(["Debian package", "version", "used for", "sounds", "minutes", "licence"], body)


def stems_table(evidence: Evidence) -> str:
    """Every stem, every subject, three measures."""
    body = [
        [stem, way, *(_cell(spread) for spread in (scores.sdr, scores.si_sdr, scores.si_sdri)), str(scores.sdr.n)]
        for stem in evidence.figures.stems[OURS]
        for way in SUBJECTS
        if (scores := evidence.figures.stems[way].get(stem)) is not None
    ]
    return table(["stem", "by", "SDR", "SI-SDR", "SI-SDR gained", "mixes"], body)


def _cell(spread: Spread) -> str:
    return f"{spread.median:.1f} ({spread.low:.1f} to {spread.high:.1f})"


def leaks_table(evidence: Evidence) -> str:
    """What is given for stems that are not there."""
    body = [[stem, _cell(spread), str(spread.n)] for stem, spread in evidence.figures.leaks_db.items()]
    return table(["stem", "level beside the mix, dB", "mixes"], body)


def detection_table(evidence: Evidence) -> str:
    """Both detectors against each kind of negatives."""
    ways = {OURS: "ours", RULE: "energy rule"}
    body = [_detector(ways[way], each) for way in ways for each in evidence.figures.detection[way]]
    header = ["by", "against", "sounds", "AUROC", "false at 90 % recall", "false as used", "recall as used"]
    return table(header, body)


def _detector(way: str, each: Detection) -> list[str]:
    shares = (each.false_positives, each.fires, each.recall)
    sounds = f"{each.n_positive} with, {each.n_negative} without"
    return [way, each.negatives, sounds, f"{each.auroc:.3f}", *(f"{100 * share:.0f} %" for share in shares)]


def sure_of(evidence: Evidence) -> str:
    """Name the sounds that are taken for a log drum most surely."""
    names = [name for each in evidence.figures.detection[OURS][:1] for name in each.loudest]
    return ", ".join(f"`{name}`" for name in names) or "none"


def notes_text(notes: NoteCounts) -> str:
    """What was heard of the notes, as a table of one column."""
    shares = {
        "onsets within 50 ms: precision": notes.precision,
        "onsets: recall": notes.recall,
        "onsets: F1": notes.f1,
        "pitch within 50 cents, of the notes found": notes.f0_share,
        "pitch within 50 cents, of all notes written": notes.pitched / max(notes.written, 1),
        "pitch whole octaves off, of the notes found": notes.octaves / max(notes.struck, 1),
        "end of a glide within 50 cents, of the gliding notes found": notes.arrived / max(notes.glides, 1),
    }
    body = [[name, f"{100 * share:.1f} %"] for name, share in shares.items()]
    return table([f"{notes.written:,} notes written, {notes.heard:,} heard", "share"], body)


def streaming_text(evidence: Evidence) -> str:
    """What cutting changes."""
    cut = evidence.figures.streaming
    same = "the same notes" if cut.same_notes else "NOT the same notes"
    return (
        f"{cut.seconds:.0f} s in one pass, in the blocks of the command ({cut.blocks_db:.0f} dB beside the pass) and in"
        f" {cut.cuts} turns of random lengths ({cut.cuts_db:.0f} dB), the worst stem; {same}."
    )


def memory_table(evidence: Evidence) -> str:
    """What longer files cost."""
    body = [[f"{each.minutes:g}", f"{each.peak_mib:.0f}", f"{each.wall_s:.0f}"] for each in evidence.figures.memory]
    return table(["minutes", "peak memory, MiB", "took, s"], body) if body else "Not measured."


def bench_table(evidence: Evidence) -> str:
    """What the benchmark found, each figure the middle one of its runs."""
    subjects = dict.fromkeys((row.subject, row.n) for row in evidence.rows if row.bench == "stems")
    body = [
        [subject, str(n), *(_middle(evidence.of(subject, metric, n)) for metric in _BENCHED)] for subject, n in subjects
    ]
    return table(["subject", "n", *_BENCHED.values()], body) if body else "Not measured."


def _middle(runs: Sequence[float]) -> str:
    return f"{runs[len(runs) // 2]:.2f} ({runs[0]:.2f} to {runs[-1]:.2f})" if runs else _NONE


def song_text(evidence: Evidence) -> str:
    """What came of the one real recording."""
    song = evidence.figures.song
    if song is None:
        return "Not measured."
    stems = song.sdr[OURS]
    body = [[way, *(f"{scores[stem]:.2f}" for stem in stems)] for way, scores in song.sdr.items()]
    return Template(SONG).substitute(
        title=song.title,
        seconds=f"{song.seconds:.1f}",
        sdr=table(["SDR, dB", *stems], body),
        leak=f"{song.log_drum_leak_db:.1f}",
        notes=song.notes,
        certainty=f"{song.certainty:.2f}",
        rule=f"{100 * song.rule_share:.0f}",
    )


def add_to(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser("card", help="write the model card from measured figures")
    parser.add_argument("--figures", metavar="FILE", type=Path, required=True, help="what `evaluate` wrote")
    parser.add_argument("--training", metavar="FILE", type=Path, required=True, help="metrics.jsonl of the training")
    parser.add_argument("--batch", metavar="N", type=int, default=8, help="examples in a step; default: 8")
    parser.add_argument("--bench", metavar="FILE", type=Path, help="rows of `make bench BENCH='--only stems'`")
    parser.add_argument("--sounds", metavar="DIR", type=Path, default=Path(".sounds"), help="default: .sounds")
    parser.add_argument("--out", metavar="FILE", type=Path, default=WEIGHTS / "MODEL_CARD.md")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    figures = msgspec.json.decode(options.figures.read_bytes(), type=Figures)
    evidence = Evidence(figures=figures, rows=[] if options.bench is None else list(rows_in(options.bench)))
    text = card(evidence, packages(options.sounds), nets(), training_of(options.training), options.batch)
    options.out.write_text(text)
    return 0
