"""Takes a taxonomy through a stack: `python docs/examples/client.py RUNS TAXONOMY SOURCE TARGET FILE`.

RUNS and TAXONOMY are addresses (`localhost:7402 localhost:7401`), SOURCE is a git address, or a folder that
the taxonomy service can read. The samples go to FILE, one JSON object a line. It needs nothing of Seedbed but
the generated stubs. The token is read from SEEDBED_API_TOKEN_FILE; SEEDBED_TLS_CA names the authority of a
stack that speaks TLS.
"""

import json
import os
import sys
from pathlib import Path
from uuid import uuid4

import grpc

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.runs.v1.runs_service_pb2 import (
    CandidateEnd,
    CreateRunRequest,
    ListCandidatesRequest,
    RunMetadata,
    WatchRunRequest,
)
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub
from seedbed.taxonomy.v1.taxonomy_service_pb2 import ImportRequest
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub


def main(runs_address: str, taxonomy_address: str, source: str, target: int, file: Path) -> None:
    """Import, create, watch, read."""
    with connect(taxonomy_address) as channel:
        imported = TaxonomyServiceStub(channel).Import(
            ImportRequest(source=source, request_id=str(uuid4())), metadata=token(), timeout=60
        )
    print(f"{len(imported.leaves)} leaves, snapshot {imported.snapshot[:12]}")
    with connect(runs_address) as channel:
        runs = RunsServiceStub(channel)
        asked = CreateRunRequest(snapshot=imported.snapshot, target=target, request_id=str(uuid4()))
        created = RunMetadata()
        runs.CreateRun(asked, metadata=token(), timeout=60).metadata.Unpack(created)
        for answer in runs.WatchRun(WatchRunRequest(run=created.run), metadata=token()):
            progress = answer.run.progress
            print(f"{answer.run.name}: {progress.samples} of {progress.target} samples {progress.paused}")
        print(RunState.Name(answer.run.state))
        wanted = ListCandidatesRequest(run=created.run, end=CandidateEnd.CANDIDATE_END_ACCEPTED)
        with file.open("w", encoding="utf-8") as out:
            for found in runs.ListCandidates(wanted, metadata=token()):
                sample = found.candidate
                out.write(
                    json.dumps({"id": sample.id, "question": sample.question, "answer": sample.answer}) + "\n"
                )


def connect(address: str) -> grpc.Channel:
    """A channel, by TLS where an authority is named."""
    if authority := os.environ.get("SEEDBED_TLS_CA"):
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(Path(authority).read_bytes()))
    return grpc.insecure_channel(address)


def token() -> list[tuple[str, str]]:
    """What every call shows, where one is asked for."""
    path = os.environ.get("SEEDBED_API_TOKEN_FILE")
    return [("authorization", f"Bearer {Path(path).read_text().split()[0]}")] if path else []


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5]))
