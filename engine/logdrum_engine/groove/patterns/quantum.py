"""Quantum: dark and hypnotic, one short figure of kick and log drum over and over, sudden rolls, hardly any keys."""

from .book import Book, LogBook

QUANTUM = Book(
    name="quantum",
    swing=(0.10, 0.18),
    jazz=0.1,
    hard=0.75,
    dark=0.85,
    density=0.3,
    floor=0.0,
    organ=0.05,
    layers={"keys": 0.65, "pad": 0.9, "conga": 0.55, "hat": 0.5, "shaker": 0.9, "lead": 0.45, "bass": 0.7},
    floors=("X...X...X...X...",),
    sparse=("X..X......X.....", "X.....X...X.....", "X..X........X...", "X......X..X.....", "X.........X..X.."),
    shakers=("--x---x---x---x-", "x-.-o-x-x-.-o-x-", ".-X-.-x-.-X-.-xo", "x--xo--xx--xo--x"),
    cabasas=("........x.......", "....x.......x..."),
    rims=("......X......X..", "...X......X.....", "..X.....X.....X.", "............X.X."),
    claps=("............X...", "....X.......X..."),
    congas=("......m.......s.", "...o......m.....", "..........m.O..."),
    hats=("......x.........", "..............x."),
    log=LogBook(
        shape="CCCT",
        calls=(
            "X..X......X.....",
            "X..X..g.........",
            "...X..X...X.....",
            "X.....X...X..g..",
            "X..x..X.........",
            "X..X.......r....",
        ),
        answers=("X..X......X..x..", "...X..X...X..X..", "X..X..g...X.rx.."),
        turns=(
            "X..X......rrrrX.",
            "X..X..X.rrX.....",
            "X.....rrrr..X..X",
            "X..X..rrX.rrX.rr",
        ),
        tones="RRRRRRRODDS",
        longest=3.0,
        glides=0.18,
    ),
    basses=("R~~~~~~~~~~~~~~.", "..........R~~~~.", "R~~~~~~........."),
    comps=("..........x~~~~~", "...x............", "x~~~~~~.........", "......x.....x..."),
    organ_comps=("x~~~~~~~~~~~~~~~", "........x~~~~~~~"),
    motifs=("x~~~......x~~~..", "......x.x.......", "x.......x.......", "...x~~....x~~..."),
    leads=("bell", "kalimba", "bell"),
)
