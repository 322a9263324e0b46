"""What reading one object may cost. Beyond, it is refused with a plain reason before the memory is taken.

No ultrasound object comes near: frames are below 4096 x 2304, clips below 1,000 frames, content trees of an SR a dozen deep.
"""

LARGEST_INFLATED_BYTES = 1 << 30  # what a deflated data set may become
MOST_INFLATION = 200  # times its own size, where that exceeds the next limit; zeros deflate to a thousandth, speckle to a half
EVER_INFLATED_BYTES = 1 << 27
LARGEST_HEADER_BYTES = 128 << 20  # all values before the pixels together
DEEPEST_SEQUENCE = 64
MOST_ELEMENTS = 200_000  # with those of all items
MOST_REPAIRS = 16  # searches for the place where a broken data set goes on
SEARCHED_BYTES = 1 << 20  # how far such a search goes
LARGEST_FRAME_PIXELS = 1 << 24  # 4096 x 4096
LARGEST_CLIP_BYTES = 1 << 32  # decoded: RGB in 8 bits
MOST_SCANS = 100  # a progressive JPEG's; each goes over the whole frame, and encoders make about ten
MOST_FRAGMENTS = 1 << 18
MOST_PALETTE_ENTRIES = 1 << 16  # PS3.3 C.7.6.3.1.5
