"""Words of what is said to people, where a number changes them."""


def counted(number: int, word: str) -> str:
    """
    >>> counted(1, "frame"), counted(0, "frame"), counted(16, "frame")
    ('1 frame', '0 frames', '16 frames')
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
