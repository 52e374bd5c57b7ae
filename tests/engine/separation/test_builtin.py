"""The builtin separator and the log drum after Demucs: stages that hear each other, and nothing lost between them."""

import numpy as np
import pytest

from logdrum_engine.separation.builtin import Builtin
from logdrum_engine.separation.catalogue import Options, available, load
from logdrum_engine.separation.five import Five, LogDrumHead
from logdrum_engine.separation.four_stems import FourStems
from logdrum_engine.separation.interface import STEMS
from logdrum_engine.separation.options import BUILTIN
from logdrum_engine.separation.spleeter import Vocals
from tests.engine.separation.nets import music, tiny_net
from tests.engine.separation.separators import off_db, pulled, tiny_builtin, tiny_demucs, tiny_vocal_net

AUDIO = music(90_000)
EXACT_DB = -90.0


def test_the_voice_is_taken_out_before_the_rest_is_shared_out() -> None:
    vocals, without = pulled(Vocals(tiny_vocal_net()), AUDIO).stems
    rest = pulled(FourStems(tiny_net()), without)

    found = pulled(tiny_builtin(), AUDIO)

    for stem, expected in zip(found.stems, (vocals, *rest.stems), strict=True):
        assert off_db(stem, expected) < EXACT_DB
    assert len(found.notes) == len(rest.notes)


def test_what_the_log_drum_is_was_in_drums_bass_and_other() -> None:
    before = dict(zip(("vocals", "drums", "bass", "other"), pulled(tiny_demucs(), AUDIO).stems, strict=True))
    head = FourStems(tiny_net())
    heard = dict(zip(head.stems, pulled(head, AUDIO - before["vocals"]).stems, strict=True))

    after = dict(zip(STEMS, pulled(Five(tiny_demucs(), LogDrumHead(tiny_net())), AUDIO).stems, strict=True))

    assert off_db(after["vocals"], before["vocals"]) < EXACT_DB
    assert off_db(after["log_drum"], heard["log_drum"]) < EXACT_DB
    taken = sum(before[stem] - after[stem] for stem in ("drums", "bass", "other"))
    assert off_db(np.asarray(taken), after["log_drum"]) < EXACT_DB
    assert all(np.abs(before[stem] - after[stem]).max() > 1e-4 for stem in ("drums", "bass", "other"))


def test_a_log_drum_is_as_likely_as_the_net_after_the_voice_says() -> None:
    separator: Builtin = tiny_builtin()

    assert separator.presence(separator.begin()) == 0.0


def test_the_shipped_nets_pull_five_stems_apart() -> None:
    assert BUILTIN in available()

    separator = load(Options(device="cpu"))

    stems = pulled(separator, AUDIO, [50_000]).stems
    assert separator.stems == STEMS
    assert stems.sum(0) == pytest.approx(AUDIO, abs=1e-6)
