"""What reading one object may cost. Beyond, it is refused with a plain reason before the memory is taken.

No ultrasound object comes near: frames are below 4096 x 2304, clips below 1,000 frames, content trees of an SR a dozen deep.
"""

LARGEST_INFLATED_BYTES = 1 << 30  # of a deflated data set, which may hold a thousand times its size
LARGEST_HEADER_BYTES = 128 << 20  # of the values before the pixels, all together
DEEPEST_SEQUENCE = 64
MOST_ELEMENTS = 500_000  # those of all items included
MOST_REPAIRS = 16  # searches for where a data set goes on
SEARCHED_BYTES = 1 << 20  # behind the place where it broke
LARGEST_FRAME_PIXELS = 1 << 26  # 8192 x 8192
LARGEST_CLIP_BYTES = 1 << 32  # decoded: RGB in 8 bits
MOST_FRAGMENTS = 1 << 20
MOST_PALETTE_ENTRIES = 1 << 16  # PS3.3 C.7.6.3.1.5
