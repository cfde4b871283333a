"""A client on raw connections, as a process of its own: `python -m benchmarks.load PORT PATH KEY CONNECTIONS SECONDS`.

Prints JSON: requests a second, and the median latency in milliseconds. Bounded in time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop

from benchmarks.figures import percentile

ROW = [1, 120, 70, 30, 100, 31.5, 0.4, 41]
COLUMNS = [
    "Pregnancies",
    "PlasmaGlucose",
    "DiastolicBloodPressure",
    "TricepsThickness",
    "SerumInsulin",
    "BMI",
    "DiabetesPedigree",
    "Age",
]


def scoring_request(path: str, key: str, host: str = "bench") -> bytes:
    body = json.dumps({"input_data": {"columns": COLUMNS, "data": [ROW]}}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _connection(port: int, request: bytes, until: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:15]:
            raise RuntimeError(head.decode())
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - started)
    writer.close()


async def main(port: int, path: str, key: str, connections: int, seconds: float) -> None:
    """Load the port for that long."""
    latencies: list[float] = []
    request = scoring_request(path, key)
    until = time.perf_counter() + seconds
    await asyncio.gather(*(_connection(port, request, until, latencies) for _ in range(connections)))
    print(json.dumps({"rate": len(latencies) / seconds, "median_ms": 1000 * percentile(latencies, 0.5)}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))
