"""Make the animation at the top of the README: `python docs/animate.py`.

Three ways down from one start, step by step, then from another where the hand has put it.
"""

import io
from pathlib import Path

from PIL import Image

from lmteach.figures.three_ways import ThreeWays

FILE = Path(__file__).resolve().parent / "pictures" / "three_ways.gif"
STARTS = ((3.0, 0.8), (10.0, 0.6))
STEPS = (*range(15), *range(15, 21, 2))
ON_THE_WAY = 6  # pictures of the hand that moves the star
STEP, HAND, STAY = 250, 80, 2000  # milliseconds
COLOURS = 128  # fewer lose the blue of Gauss-Newton


def frames():
    """Return (picture, milliseconds) of every frame."""
    scene = ThreeWays()
    (a, b), (c, d) = STARTS
    for k in range(1, ON_THE_WAY + 1):
        part = k / ON_THE_WAY
        yield scene.frame(theta_1=c + part * (a - c), theta_2=d + part * (b - d)), HAND
    for first, second in STARTS:
        for step in STEPS:
            stay = STAY if step == STEPS[-1] else STEP
            yield scene.frame(step=step, theta_1=first, theta_2=second), stay


def main():
    """Write the animation."""
    pictures, times = zip(*frames(), strict=True)
    images = [Image.open(io.BytesIO(picture.png())).convert("RGB") for picture in pictures]
    first, *others = [image.quantize(COLOURS) for image in images]
    FILE.parent.mkdir(exist_ok=True)
    first.save(FILE, save_all=True, append_images=others, duration=times, loop=0, optimize=True)
    print(f"{FILE.name}: {len(images)} pictures, {FILE.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
