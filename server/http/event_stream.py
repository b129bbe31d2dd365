"""Server-sent events as a response."""

from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse


def event_stream(messages: AsyncIterator[str]) -> StreamingResponse:
    """A continuous response, which no proxy may buffer or cache."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)
