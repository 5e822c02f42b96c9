"""Contract of export formats."""

from pathlib import Path
from typing import Any, get_args

from rushes.records import Row
from rushes.stages.items import Effect, Sample
from rushes.testing.contract.material import Models, require
from rushes.testing.videos import make_video


def check_exporter(key: str, stage: Any, folder: Path, models: Models) -> None:
    """Write one group in two folders, each twice; compare the files; ask for the rules."""
    size = min(stage.group_size, 3)
    require(size >= 1, f"{key}.group_size must be at least 1")
    keys = [f"clip_{number}" for number in range(size)]
    names = sorted(stage.outputs(0, keys))
    require(len(set(names)) == len(names) > 0, f"{key}.outputs must name its files, each once")
    require(not set(names) & set(stage.outputs(1, ["other"])), f"{key}: two groups share a file")
    contents = []
    for run in ("a", "b"):
        samples = [_sample(folder / run, name) for name in keys]
        out = folder / run / "out"
        for _ in range(2):  # a second time, as after a kill before it could be noted
            stage.write(0, samples, out)
            found = sorted(path.name for path in out.iterdir())
            require(found == names, f"{key} declares {names} and wrote {found}")
        contents.append([(out / name).read_bytes() for name in names])
    require(contents[0] == contents[1], f"{key} writes other bytes for the same samples")
    _check_rules(key, stage)


def _check_rules(key: str, stage: Any) -> None:
    """Ask for the rules on plain and on odd clips, twice."""
    plain = {"key": "clip_0", "caption": "a film", "frames": 17, "fps": 24.0}
    odd = {"key": "a.b", "caption": "two\nlines", "frames": 1, "fps": None}
    for clip in (plain, plain | {"caption": ""}, odd):
        found = list(stage.rules(clip))
        require(found == list(stage.rules(clip)), f"{key} states other rules the second time")
        for treatment in found:
            require(treatment.effect in get_args(Effect), f"{key}: no effect {treatment.effect!r}")
            words = (treatment.trainer, treatment.case, treatment.why)
            require(all(words), f"{key}: {treatment} leaves something out")


def _sample(folder: Path, name: str) -> Sample:
    media = folder / "encoded" / f"{name}.mp4"
    media.parent.mkdir(parents=True, exist_ok=True)
    make_video(media, (3,), size=(16, 16))
    facts: Row = {"clip": name, "video": "/a b/ä.mkv", "in_s": 0.0, "out_s": 0.125, "fps": None}
    return Sample(key=name, media=media, caption=f"größe of {name}", metadata=facts)
