"""Numbered tar files in the layout of video2dataset, for streaming loaders."""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from rushes.errors import MissingDependency, RecipeError
from rushes.files import whole
from rushes.records import Row
from rushes.stages.items import Sample, Treatment
from rushes.stages.protocols import Exporter


class WebDataset(Exporter):
    """Shards `00000.tar` with a `00000_stats.json` each, and on request a `00000.parquet`.

    A sample is `<key>.json`, `<key>.mp4` and `<key>.txt`, in this order. Its key is the shard's
    number and the sample's place in it: `00000003`. The json holds the keys of video2dataset's
    readers (`key`, `url`, `caption`, `status`, `error_message`, `clips`) and the metadata of the
    manifest, the clip's id among them. No times and no users are recorded, so that equal samples
    make equal bytes.
    """

    name: ClassVar = "webdataset"
    version: ClassVar = 1

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Size of a shard; table beside it."""

        shard_size: int = 1000
        """Samples in one tar file."""
        parquet: bool = False
        """Also write each shard's metadata as a table (no video bytes); needs pyarrow."""

        def __post_init__(self) -> None:
            """Raise RecipeError for an empty shard."""
            if self.shard_size < 1:
                raise RecipeError(f"shard_size is at least 1, got {self.shard_size}")

    def __init__(self, params: Params) -> None:
        if params.parquet:
            _pyarrow()  # a missing package shows before the first clip is encoded
        self.params = params

    @property
    def group_size(self) -> int:
        """One shard."""
        return self.params.shard_size

    def outputs(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the shard's files, the tar last."""
        table = [f"{index:05d}.parquet"] if self.params.parquet else []
        return [f"{index:05d}_stats.json", *table, f"{index:05d}.tar"]

    def write(self, index: int, samples: Sequence[Sample], folder: Path) -> None:
        """Write one shard; the samples' own files stay in place."""
        digits = len(str(self.params.shard_size - 1))
        rows = [
            _entry(f"{index:05d}{place:0{digits}d}", sample) for place, sample in enumerate(samples)
        ]
        with whole(folder / f"{index:05d}_stats.json") as temporary:
            temporary.write_text(json.dumps(_stats(samples), indent=4))
        if self.params.parquet:
            with whole(folder / f"{index:05d}.parquet") as temporary:
                _write_table(temporary, rows)
        with (
            whole(folder / f"{index:05d}.tar") as temporary,
            tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as tar,
        ):
            for row, sample in zip(rows, samples, strict=True):
                _add(tar, f"{row['key']}.json", json.dumps(row, indent=4).encode())
                entry = tarfile.TarInfo(f"{row['key']}.mp4")
                entry.size = sample.media.stat().st_size
                with sample.media.open("rb") as media:
                    tar.addfile(entry, media)
                _add(tar, f"{row['key']}.txt", sample.caption.encode())

    def rules(self, clip: Mapping[str, Any]) -> Sequence[Treatment]:
        """Return the rules on keys with dots, and on a table beside the shards."""
        found = []
        if "." in clip["key"]:
            found.append(_DOT_IN_KEY)
        if self.params.parquet:
            found.append(_TABLE_BESIDE_SHARDS)
        return found


_DOT_IN_KEY = Treatment(
    "webdataset", "dropped", "with a dot in the key", "a key ends at its first dot"
)
_TABLE_BESIDE_SHARDS = Treatment(
    "finetrainers",
    "dropped",
    "beside a .parquet",
    "it reads the table in place of the tar files; export with parquet = false",
)


def _entry(key: str, sample: Sample) -> Row:
    known = dict(sample.metadata)
    span_s = [known.get("in_s"), known.get("out_s")]
    return {
        "key": key,
        "url": known.get("video"),
        "caption": sample.caption,
        "status": "success",
        "error_message": None,
        "clips": [span_s],
        **{name: value for name, value in known.items() if name not in ("key", "caption")},
    }


def _stats(samples: Sequence[Sample]) -> Row:
    # video2dataset's names. Times are left at 0, so that the same shard has the same bytes.
    return {
        "count": len(samples),
        "successes": len(samples),
        "failed_to_download": 0,
        "failed_to_subsample": 0,
        "duration": 0,
        "bytes_downloaded": sum(sample.media.stat().st_size for sample in samples),
        "start_time": 0,
        "end_time": 0,
        "status_dict": {"success": len(samples)},
    }


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)  # owner 0, time 0
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))


def _pyarrow() -> Any:
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError as error:
        raise MissingDependency(
            "exporter webdataset with parquet = true needs pyarrow: pip install pyarrow"
        ) from error


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    pyarrow = _pyarrow()
    # Nested metadata differ from clip to clip; as JSON text every shard has the same columns.
    flat = [
        {
            name: json.dumps(value) if isinstance(value, dict) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(flat), path)
