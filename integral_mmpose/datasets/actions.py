"""Actions, test subjects and cameras of Human3.6M."""

#: In the order of the paper's tables.
ACTIONS = tuple(
    'Directions Discussion Eating Greeting Phoning Posing Purchases Sitting '
    'SittingDown Smoking Photo Waiting Walking WalkDog WalkTogether'.split()
)

#: Names in the archives of Human3.6M that the paper writes otherwise.
ALIASES = dict(
    TakingPhoto='Photo', WalkingDog='WalkDog', WalkingTogether='WalkTogether'
)

#: Subjects of the test; the others train. Protocol 1 trains on S9, too.
TEST_SUBJECTS = ('S9', 'S11')
#: Cameras 1 to 4 of the releases that count them.
CAMERA_IDS = ('54138969', '55011271', '58860488', '60457274')
