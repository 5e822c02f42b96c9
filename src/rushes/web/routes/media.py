"""Pictures and video: stills, sources by byte range, previews."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from rushes.web.requests import number_of, site_of

IMMUTABLE = {"cache-control": "private, max-age=31536000, immutable"}
AN_HOUR = {"cache-control": "private, max-age=3600"}


async def still(request: Request) -> Response:
    """Return a still as JPEG, `h` pixels high."""
    height_px = min(max(number_of(request, "h", 480), 16), 1080)
    path, session = request.path_params, site_of(request).session
    jpeg = await run_in_threadpool(session.still, path["clip"], path["which"], height_px)
    return Response(jpeg, media_type="image/jpeg", headers=IMMUTABLE)


async def source(request: Request) -> Response:
    """Return a source file, by byte range."""
    session = site_of(request).session
    path = await run_in_threadpool(session.source, request.path_params["video"])
    return FileResponse(path, headers=AN_HOUR)


async def preview(request: Request) -> Response:
    """Return a small MP4 of a clip."""
    session = site_of(request).session
    path = await run_in_threadpool(session.preview, request.path_params["clip"])
    return FileResponse(path, media_type="video/mp4", headers=IMMUTABLE)


ROUTES = [
    Route("/still/{clip}/{which:int}.jpg", still),
    Route("/source/{video}", source),
    Route("/preview/{clip}.mp4", preview),
]
