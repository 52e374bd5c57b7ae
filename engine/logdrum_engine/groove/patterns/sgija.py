"""Sgija: hard and busy, a broken kick, rims that never rest, and a log drum in rolls of sixteenths and faster."""

from .book import Book, LogBook

SGIJA = Book(
    name="sgija",
    swing=(0.06, 0.14),
    jazz=0.2,
    hard=0.85,
    dark=0.45,
    density=0.85,
    floor=0.1,
    organ=0.05,
    layers={"keys": 0.85, "pad": 0.6, "bass": 0.8, "conga": 1.15, "lead": 0.7},
    floors=("X...X...X...X..x", "X..xX...X..xX...", "X...X..xX...X..."),
    sparse=("X..x..x...x.x...", "X.....x..x..x...", "X..x...xx...x..x", "X..x..X...x...x.", "X...x..x..x.x..."),
    shakers=("XoxoXoxoXoxoXoxo", "xoXoxoXoxoXoxoXX", "XoxXXoxXXoxXXoxX", "oxXxoxXxoxXxoxXX"),
    cabasas=("x-x-x-x-x-x-x-x-", "..xx..xx..xx..xx"),
    rims=("x..x..x...x.x.x.", "..xx.x..x.xx.x..", "x.x..xx.x.x..x.x", "...xx..x..xx.xx.", "x..xx.x.x..x.xx."),
    claps=("....X..o....X...", "....X.......X.oX", "....X.o.....X.o."),
    congas=("m.mso.m.m.msO.mO", "..msm.oO.ms.m.oO", "s.m.smoOs.m.smOo", "m.smOom.m.smoOos"),
    hats=("..X...X...X...X.", "..x..x..x..x..x.", "..X.x.X...X.x.X."),
    log=LogBook(
        calls=(
            "X..x..X..x..X.x.",
            "X.xx..x.X.xx..x.",
            "..xX.xX...xX.xX.",
            "X..xX..xx.X..xx.",
            "x.X..xx.x.X.rx..",
        ),
        answers=(
            "X.xxX.x.xxX.rxrx",
            "..xxX.xxX.xxXrrx",
            "X..xrxX..xrxX.xx",
            "x.Xx.xXx.xXxxrx.",
            "X.rx..rx..rxX.xx",
        ),
        turns=(
            "X..x..rrrrX.xxrr",
            "xxXxxXxxXxrrrrrr",
            "X.xxrrX.xxrrXrrX",
            "..X..X..xxxxrrrr",
        ),
        tones="RRRRRROOOOFFDD",
        longest=1.6,
        glides=0.08,
    ),
    basses=("R~..R~....R~..R~", "..R~....R~....R~", "R~~.......R~~...", "R~....R~....R~.."),
    comps=("...x......x.....", "..x.....x..x....", "x.....x.........", "...x..x...x..x..", "x..x..........x."),
    organ_comps=("..x...x...x...x.", "...x..x....x..x.", "..x..x....x..x.."),
    motifs=("x.x...x.x...x.x.", "..x.x.x.....x.x.", "x..x..x..x..x.x.", "xx.xx.x........."),
    leads=("bell", "kalimba", "bell", "organ"),
)
