"""Server-sent events as an answer."""

from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse


def event_stream(messages: AsyncIterator[str]) -> StreamingResponse:
    """An answer that goes on; no proxy may hold it back or keep it."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)
