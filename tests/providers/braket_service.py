"""A stand-in for Amazon Braket's service on 127.0.0.1, beside moto's S3 and STS.

It runs what it is sent on the package's own simulator and puts the results into the bucket.
Routes and fields are those of AWS's service model, found out by driving the SDK.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from braket.default_simulator import StateVectorSimulator
from braket.ir.openqasm import Program, ProgramSet
from moto.server import ThreadedMotoServer

from tests.providers.stand_in import JsonHandler, StandIn

DEVICE = "arn:aws:braket:us-east-1::device/qpu/standin/Demo"
BUCKET = "amazon-braket-results"
_TASK = "arn:aws:braket:us-east-1:123456789012:quantum-task/"


class BraketService(StandIn):
    """What the service knows.

    Attributes:
        tasks: by ARN; tokens: the ARN by client token.
        faults: what happens to the next creations: ``refuse``, ``busy``, ``lose``, ``denied``.
        sets: the device takes program sets.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.faults: list[str] = []
        self.seconds = seconds
        self.sets = True
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self.aws = f"http://{host}:{port}"
        super().__init__(_Handler)
        self.url = self.root
        self.s3 = boto3.client(
            "s3", endpoint_url=self.aws, region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        self.s3.create_bucket(Bucket=BUCKET)

    def close(self) -> None:
        super().close()
        self._moto.stop()

    def created(self, body: dict[str, Any]) -> str:
        token = body["clientToken"]
        if token not in self.tokens:
            arn = f"{_TASK}{len(self.tasks) + 1:08d}-0000-0000-0000-000000000000"
            self.tokens[token] = arn
            self.tasks[arn] = {"body": body, "at": time.monotonic(), "status": "QUEUED"}
        return self.tokens[token]

    def told(self, arn: str) -> dict[str, Any]:
        task = self.tasks[arn]
        body = task["body"]
        if task["status"] == "QUEUED" and time.monotonic() >= task["at"] + self.seconds:
            task["status"] = "COMPLETED"
            self.run(arn, body)
        found = {
            "quantumTaskArn": arn, "status": task["status"], "deviceArn": body["deviceArn"],
            "deviceParameters": "{}", "shots": body["shots"], "outputS3Bucket": BUCKET,
            "outputS3Directory": f"{body['outputS3KeyPrefix']}/{arn.rpartition('/')[2]}",
            "createdAt": "2026-01-01T00:00:00Z", "tags": body.get("tags", {}),
        }  # fmt: skip
        if task["status"] == "FAILED":
            found["failureReason"] = "the calibration was lost"
        return found

    def run(self, arn: str, body: dict[str, Any]) -> None:
        action = json.loads(body["action"])
        if action["braketSchemaHeader"]["name"].endswith("program_set"):
            payload: Any = ProgramSet.parse_obj(action)
        else:
            payload = Program.parse_obj(action)
        result = StateVectorSimulator().run(payload, shots=body["shots"])
        key = f"{body['outputS3KeyPrefix']}/{arn.rpartition('/')[2]}/results.json"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=result.json().encode())

    def device(self) -> dict[str, Any]:
        found = json.loads(StateVectorSimulator().properties.json())
        found["service"]["deviceCost"] = {"price": 0.00035, "unit": "shot"}
        found["service"]["shotsRange"] = [1, 10_000]
        sets = found["action"].get("braket.ir.openqasm.program_set")
        if sets is not None:
            sets |= {"maximumExecutables": 100, "maximumTotalShots": 200_000}
        if not self.sets:
            found["action"].pop("braket.ir.openqasm.program_set", None)
        return {
            "deviceArn": DEVICE, "deviceName": "Demo", "providerName": "stand-in",
            "deviceType": "SIMULATOR", "deviceStatus": "ONLINE",
            "deviceCapabilities": json.dumps(found), "deviceQueueInfo": [],
        }  # fmt: skip


class _Handler(JsonHandler):
    service: BraketService

    def _handle(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, path = self.service, unquote(urlsplit(self.path).path)
        kind, _, arn = path.lstrip("/").partition("/")
        service.requests.append(f"{method} {kind}")
        if kind == "device":
            self._send(200, service.device())
        elif method == "POST" and kind == "quantum-task":
            self._create(json.loads(raw))
        elif arn.removesuffix("/cancel") not in service.tasks:
            self._fail(404, "ResourceNotFoundException", "there is no such task")
        elif method == "PUT":
            self._cancel(arn.removesuffix("/cancel"))
        else:
            self._send(200, service.told(arn))

    def _cancel(self, arn: str) -> None:
        task = self.service.tasks[arn]
        self.service.told(arn)
        if task["status"] != "QUEUED":
            self._fail(409, "ConflictException", "it has ended")
            return
        task["status"] = "CANCELLED"
        self._send(200, {"quantumTaskArn": arn, "cancellationStatus": "CANCELLED"})

    def _create(self, body: dict[str, Any]) -> None:
        service = self.service
        fault = service.faults.pop(0) if service.faults else None
        if fault == "refuse":
            self._fail(400, "ValidationException", "refused")
        elif fault == "busy":
            self._fail(402, "ServiceQuotaExceededException", "too many tasks")
        elif fault == "denied":
            self._fail(403, "AccessDeniedException", "no")
        else:
            arn = service.created(body)
            if fault == "lose":
                self.close_connection = True
                self.connection.close()
            else:
                self._send(201, {"quantumTaskArn": arn})

    def _fail(self, code: int, name: str, message: str) -> None:
        self._send(code, {"message": message}, name)

    def _send(self, code: int, body: Any, error: str | None = None) -> None:
        text = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if error is not None:
            self.send_header("x-amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(text)
