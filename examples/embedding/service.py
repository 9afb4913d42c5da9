"""A service that takes events over HTTP and gives decisions. All it knows is in one file, and outlives any end of it.

POST /events                 events as lines of JSON; answers with the decisions that they bring about
GET  /decisions              the decisions that nobody has acknowledged, those brought about by time among them
POST /decisions/acknowledged {"mark": N}: those up to the mark are delivered, as the header `Mark` of an answer said it
GET  /health                 200, or 503 where the state cannot be written: start it again
GET  /metrics                for Prometheus, where connrules[prometheus] is installed
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import connrules

try:
    import prometheus_client
except ImportError:
    has_prometheus = False
else:
    from connrules.connectors.prometheus import PrometheusObserver

    has_prometheus = True

LINES = "application/x-ndjson"
DAY = 86_400_000


def now() -> int:
    return time.time_ns() // 1_000_000


def make_app(engine: connrules.DurableEngine, observer: "PrometheusObserver | None") -> Starlette:
    async def take_events(request: Request) -> Response:
        """All of the events are taken, or none: whoever gets no answer sends them again, with the same ids."""
        events = []
        for number, line in enumerate((await request.body()).splitlines(), start=1):
            try:
                if line.strip():
                    events.append(connrules.parse_event(line))
            except connrules.EventError as error:
                return JSONResponse({"error": f"line {number}: {error}"}, status_code=400)
        outcomes = await run_in_threadpool(engine.feed_many, events)
        return Response(connrules.encode_outcomes(outcomes), media_type=LINES)

    def give_decisions(_: Request) -> Response:
        found = engine.undelivered()
        marks = {"Mark": str(found[-1][0])} if found else {}
        return Response(connrules.encode_outcomes(o for _, o in found), media_type=LINES, headers=marks)

    async def acknowledge(request: Request) -> Response:
        try:
            match await request.json():
                case {"mark": int(mark)}:
                    await run_in_threadpool(engine.acknowledge, mark)
                case _:
                    return JSONResponse({"error": 'it takes {"mark": …}, a number'}, status_code=400)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        await run_in_threadpool(engine.commit)
        return Response(status_code=204)

    def health(_: Request) -> Response:
        why = engine.stopped
        return JSONResponse({"stopped": why, "watermark": engine.watermark}, status_code=503 if why else 200)

    def say_metrics(_: Request) -> Response:
        assert observer is not None
        return Response(prometheus_client.generate_latest(observer), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    async def no_store(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status_code=503)

    async def let_time_pass() -> None:
        """Sends go out when they are due, though no event comes."""
        while True:
            await asyncio.sleep(0.2)
            until = now() - engine.lateness
            if engine.next_due is not None and engine.next_due <= until:
                await run_in_threadpool(engine.advance_to, until)

    @asynccontextmanager
    async def while_it_runs(_: Starlette) -> AsyncIterator[None]:
        passing = asyncio.create_task(let_time_pass())
        yield
        passing.cancel()
        with suppress(asyncio.CancelledError, connrules.StoreError):
            await passing

    routes = [
        Route("/events", take_events, methods=["POST"]),
        Route("/decisions", give_decisions),
        Route("/decisions/acknowledged", acknowledge, methods=["POST"]),
        Route("/health", health),
    ]
    if observer is not None:
        routes.append(Route("/metrics", say_metrics))
    return Starlette(routes=routes, lifespan=while_it_runs, exception_handlers={connrules.StoreError: no_store})


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("plan", type=Path, help="what `connrules compile` wrote")
    options.add_argument("state", type=Path, help="the file that holds the state; it is made where it is not there")
    options.add_argument("--port", type=int, default=8000)
    options.add_argument("--lateness", type=int, default=0, help="in milliseconds")
    given = options.parse_args()

    observer = PrometheusObserver(clock=now) if has_prometheus else None
    plan = connrules.Plan.from_json(given.plan.read_bytes())
    decisions = {connrules.Kind.SENT}
    with connrules.DurableEngine.open(
        given.state, plan, lateness=given.lateness, dedupe=DAY, kinds=decisions, observer=observer
    ) as engine:
        uvicorn.run(make_app(engine, observer), port=given.port, log_level="warning")


if __name__ == "__main__":
    try:
        main()
    except connrules.StoreError as error:
        sys.exit(f"{error}; {error.help}")
    except (OSError, connrules.PlanError) as error:  # a file that is not there, or holds no plan
        sys.exit(str(error))
