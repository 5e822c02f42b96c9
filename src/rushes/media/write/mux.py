"""MP4 files from coded pictures and a clip's audio."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import MediaError
from rushes.media.probe import open_video, video_stream
from rushes.media.source_file import check_source
from rushes.media.write.audio_track import AudioTrack
from rushes.media.write.bitstream import CodecSyntax
from rushes.media.write.timestamps import ClipTimestamps
from rushes.records import Video


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """One coded picture on its way to a file."""

    pts: int
    """On the source's clock."""
    is_key: bool
    data: bytes
    """Annex B where the codec has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipTracks:
    """The content of a clip's file: one track of pictures, and one of audio beside it."""

    video: Video
    """The source, whose track description is taken over."""
    syntax: CodecSyntax | None
    """Its codec; None takes over the source's track header too."""
    header: bytes
    """Parameter sets for the track's header, Annex B."""
    pictures: Iterable[EncodedPicture]
    """In decoding order."""
    timestamps: ClipTimestamps
    audio: AudioTrack | None


def mux(path: Path, tracks: ClipTracks) -> None:
    """Write a clip's tracks to the file `path`, which grows in place.

    Raises:
        MediaError: MP4 cannot hold the codec.
    """
    import av

    video, audio, tick_s = tracks.video, tracks.audio, tracks.video.time_base
    check_source(video)
    with (
        open_video(video.path) as source,
        av.open(str(path), "w", options={"movflags": "+faststart"}) as container,
    ):
        try:
            stream = container.add_stream_from_template(video_stream(source, video.path))
        except ValueError as error:
            raise MediaError(
                f"{video.path}: MP4 cannot hold {video.codec}; set mode to exact"
            ) from error
        stream.time_base = tick_s
        if tracks.syntax is not None:
            stream.codec_context.extradata = tracks.header
            stream.codec_context.codec_tag = tracks.syntax.track_tag
        if audio is not None:
            audio.add_to(container)
        for at, picture in enumerate(tracks.pictures):
            packet = av.Packet(picture.data)
            packet.pts, packet.dts, packet.duration = tracks.timestamps.times(at, picture.pts)
            packet.time_base, packet.stream = tick_s, stream
            packet.is_keyframe = picture.is_key
            until_s = (packet.pts + packet.duration) * tick_s
            container.mux(packet)
            if audio is not None:
                container.mux(list(audio.packets(until_s)))
        if audio is not None:
            container.mux(list(audio.packets(None)))
