"""The 15 actions of Human3.6M: one list for data, synthesis and metrics."""

#: In the order of the paper's tables.
ACTIONS = tuple(
    'Directions Discussion Eating Greeting Phoning Posing Purchases Sitting '
    'SittingDown Smoking Photo Waiting Walking WalkDog WalkTogether'.split()
)

#: Names in the archives of Human3.6M that the paper writes otherwise.
ALIASES = dict(
    TakingPhoto='Photo', WalkingDog='WalkDog', WalkingTogether='WalkTogether'
)
