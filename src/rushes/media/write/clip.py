"""How a clip's file is made: by copy, by smart copy, or encoded anew."""

from pathlib import Path
from typing import Any

from rushes.errors import MediaError
from rushes.media.write.bitstream import CODINGS
from rushes.media.write.encode import Encoding, encode_clip
from rushes.media.write.framing import Framing
from rushes.media.write.gops import CONTAINERS, Uncopyable
from rushes.media.write.smart_cut import smart_clip
from rushes.media.write.stream_copy import copy_clip
from rushes.records import Box, Correction, Video


def write_clip(
    video: Video,
    in_pts: int,
    out_pts: int,
    path: Path,
    encoding: Encoding,
    correction: Correction | None = None,
) -> dict[str, Any]:
    """Write the clip `[in_pts, out_pts)` of `video` to `path` in the mode that fits, and check it.

    Returns:
        What the file holds (see `encode_clip`); `mode` says how it was made and `mode_reason` why
        it is not the one that was asked for.

    Raises:
        ItemError: It cannot be made; the message names the clip and the next step.
    """
    if encoding.mode == "copy":
        return copy_clip(video, in_pts, out_pts, path, encoding)
    reason = ""
    if encoding.mode != "exact":
        reason = obstacle(video, encoding, correction)
        if not reason:
            try:
                return smart_clip(video, in_pts, out_pts, path, encoding)
            except (Uncopyable, MediaError) as error:
                # Whatever is wrong with the source or the disk, the exact way will say it too.
                reason = str(error)
    facts = encode_clip(video, in_pts, out_pts, path, encoding, correction)
    return {**facts, "mode_reason": reason}


def obstacle(video: Video, encoding: Encoding, correction: Correction | None = None) -> str:
    """Return in words why no picture of a video can be taken over as it is; empty if they can."""
    from av.codec import codecs_available

    own_size_px = (video.width_px, video.height_px)
    coding = CODINGS.get(video.codec)
    if coding is None:
        return f"its codec is {video.codec}, not H.264 or H.265"
    if coding.encoder not in codecs_available:
        return f"this FFmpeg has no {coding.encoder} for the edges"
    if video.container not in CONTAINERS:
        return f"its container ({video.container}) may have no time for each frame"
    if video.pix_fmt != "yuv420p" or video.color_range == "full":
        return f"its pixels are {video.pix_fmt} of {video.color_range} range"
    mended = correction or Correction()
    if mended.field_order != "progressive" or video.field_order == "interlaced":
        return "it is interlaced"
    if mended.box != Box():
        return "its bars are cropped"
    if video.hdr:
        return "its colours are HDR"
    if video.rotation_deg or video.sample_aspect != 1:
        return "it must be turned upright or made square-pixelled"
    if Framing(video, encoding.width_px, encoding.height_px).size_px != own_size_px:
        return "another size is wanted"
    return ""
