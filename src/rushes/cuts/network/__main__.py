"""Train the cut network anew: `python -m rushes.cuts.network FOOTAGE WORK`; see `make cutnet`.

Decodes the films of the manifest once into `WORK/frames`, trains on them, and writes the weights
and the two graphs. The same seed on the same machine gives the same weights.
"""

import argparse
from pathlib import Path

import numpy as np

from rushes.cuts.network.footage import decode_small, load, read_manifest, stored_at
from rushes.cuts.network.graphs import judge_graph, look_graph
from rushes.cuts.network.train import Plan, train

MANIFEST = Path(__file__).with_name("footage.json")


def main() -> None:
    """Read the arguments, decode, train, write."""
    parser = argparse.ArgumentParser(prog="python -m rushes.cuts.network", description=__doc__)
    parser.add_argument("footage", type=Path, help="folder that the manifest's names are in")
    parser.add_argument("work", type=Path, help="folder for frames, log and weights")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="films and their cuts")
    parser.add_argument("--steps", type=int, default=Plan().steps)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--leave-out", nargs="*", default=(), help="groups of films not trained on")
    told = parser.parse_args()
    frames = told.work / "frames"
    frames.mkdir(parents=True, exist_ok=True)
    for film in read_manifest(told.manifest):
        to = stored_at(frames, film["name"])
        if not to.exists():
            decode_small(told.footage / film["name"], to)
    films = load(told.manifest, frames, told.leave_out)
    weights = dict(np.load(train(films, Plan(steps=told.steps, seed=told.seed), told.work)))
    for name, graph in (("look", look_graph), ("judge", judge_graph)):
        (told.work / f"{name}.onnx").write_bytes(graph(weights).SerializeToString())


if __name__ == "__main__":
    main()
