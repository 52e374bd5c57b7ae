"""The model card holds what was measured, bars that are missed included."""

from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from logdrum_engine.separation.weights import Entry
from logdrum_engine.separation_fit import held_out
from logdrum_engine.separation_fit.bars import BARS, BenchRow, Evidence
from logdrum_engine.separation_fit.card import bars_table, card, stems_table
from logdrum_engine.separation_fit.detection import REAL, ask
from logdrum_engine.separation_fit.evaluate import Plan, evaluate
from logdrum_engine.separation_fit.examples import Example
from logdrum_engine.separation_fit.figures import Figures, Memory
from logdrum_engine.separation_fit.multitrack import Multitrack, try_song
from logdrum_engine.separation_fit.provenance import Net, Package, Training
from logdrum_engine.separation_fit.trials import try_mix
from tests.engine.separation_fit.separators import NOTE, Forgetful, Knowing, example

PACKAGE = Package(name="some-sounds", version="1.2-3", split="train", sounds=12, minutes=3.4, licence="CC0")
NET = Net(
    name="ours.safetensors",
    parameters=4_560_000,
    entry=Entry(sha256="", bytes=9_120_000, source="training", licence="MIT", made_by="python -m a train"),
)


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch) -> Figures:
    each = example()

    def mixes(*_: object) -> Iterator[Example]:
        yield each

    monkeypatch.setattr(held_out, "mixes", mixes)
    mix = each.stems.sum(axis=0)
    sounds = list(ask(Knowing(each, ()), REAL, [("kick: a kit/909", mix)]))
    figures = evaluate(Plan(mixes=1), [try_mix(Knowing(each), 0, each)], sounds, Knowing(each))
    drums, bass, vocals, other = each.stems
    track = Multitrack("A Song", {"drums": drums, "bass": bass, "other": other, "vocals": vocals})
    memory = [Memory(minutes=1, peak_mib=500, wall_s=20), Memory(minutes=20, peak_mib=520, wall_s=400)]
    return msgspec.structs.replace(figures, memory=memory, song=try_song(Knowing(each), track))


def rows(**values: float) -> list[BenchRow]:
    told = {"first_stem": ("first stem", 1800), "rtf": ("builtin", 2)}
    return [
        BenchRow(bench="stems", subject=told[metric][0], n=told[metric][1], metric=metric, value=value, unit="")
        for metric, value in values.items()
    ]


def verdicts(evidence: Evidence) -> list[str]:
    return [bar.verdict(evidence) for bar in BARS]


def test_a_perfect_separator_meets_every_bar(good: Figures) -> None:
    assert set(verdicts(Evidence(figures=good, rows=rows(first_stem=0.5, rtf=0.2)))) == {"met"}


def test_what_was_not_measured_is_not_met(good: Figures) -> None:
    bare = msgspec.structs.replace(good, memory=())
    assert verdicts(Evidence(figures=bare)).count("not measured") == 3


def test_every_bar_can_be_missed(good: Figures) -> None:
    each = example()
    heard = list(ask(Knowing(each, (NOTE,)), REAL, [("kick", each.stems[0])]))
    far_off = msgspec.structs.replace(NOTE, f0_hz=70.0, probability=0.5)
    trial = msgspec.structs.replace(try_mix(Knowing(each, (far_off,)), 0, each), residual_db=-40.0)
    wrong = example(7)
    scores = try_mix(Knowing(Example(wrong.stems[::-1], ())), 0, each).scores
    poor = evaluate(Plan(mixes=1), [msgspec.structs.replace(trial, scores=scores)], heard, Forgetful())
    growing = [Memory(minutes=1, peak_mib=500, wall_s=20), Memory(minutes=5, peak_mib=900, wall_s=99)]
    evidence = Evidence(figures=msgspec.structs.replace(poor, memory=growing), rows=rows(first_stem=3.1, rtf=0.6))
    assert set(verdicts(evidence)) == {"NOT MET"}


def test_the_middle_of_the_runs_is_what_counts(good: Figures) -> None:
    runs = [*rows(first_stem=0.5, rtf=9.0), *rows(rtf=0.4), *rows(rtf=0.3)]
    assert "| 0.40 " in bars_table(Evidence(figures=good, rows=runs))


def test_the_card_holds_the_figures_and_where_they_come_from(good: Figures) -> None:
    evidence = Evidence(figures=good, rows=rows(first_stem=0.5, rtf=0.2))
    text = card(evidence, [PACKAGE], [NET], Training(step=12_000, seconds=5_400), batch=8)
    assert "$" not in text
    for told in (
        "| 4.56 M ",
        "12,000 steps",
        "96,000 in all",
        "in 1.5 hours",
        "| some-sounds ",
        "--mixes 1 --seed 1",
        "A Song, 1.0 s",
        "| 1800 |",
    ):
        assert told in text


def test_stems_stand_beside_the_rule_and_the_ideal_masks(good: Figures) -> None:
    lines = [line for line in stems_table(Evidence(figures=good)).splitlines() if line.startswith("| log_drum")]
    assert [line.split("|")[2].strip() for line in lines] == ["ours", "mixture", "energy rule", "ideal ratio mask"]
    assert "100.0 (100.0 to 100.0)" in lines[0]
    assert np.isfinite(float(lines[1].split("|")[3].split("(")[0]))
