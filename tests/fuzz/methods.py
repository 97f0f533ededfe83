"""Every method of every service, by the descriptors: what is added is thrown at as well."""

from dataclasses import dataclass

from google.longrunning import operations_pb2
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from seedbed.evaluator.v1 import evaluator_service_pb2
from seedbed.judge.v1 import judge_service_pb2
from seedbed.knowledge.v1 import knowledge_service_pb2
from seedbed.runs.v1 import runs_service_pb2, store_service_pb2
from seedbed.skills.v1 import skills_service_pb2
from seedbed.taxonomy.v1 import taxonomy_service_pb2
from seedbed.trainer.v1 import trainer_service_pb2

_FILES = {
    "taxonomy": (taxonomy_service_pb2,),
    "knowledge": (knowledge_service_pb2,),
    "skills": (skills_service_pb2,),
    "judge": (judge_service_pb2,),
    "runs": (runs_service_pb2, store_service_pb2, operations_pb2),
    "trainer": (trainer_service_pb2, operations_pb2),
    "evaluator": (evaluator_service_pb2, operations_pb2),
}


@dataclass(frozen=True)
class Method:
    """One method, and the service that is asked."""

    service: str
    descriptor: MethodDescriptor

    @property
    def name(self) -> str:
        """`runs GetRun`."""
        return f"{self.service} {self.descriptor.containing_service.name}.{self.descriptor.name}"

    @property
    def path(self) -> str:
        """As gRPC has it."""
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"

    @property
    def request(self) -> Descriptor:
        """What it takes."""
        return self.descriptor.input_type


def all_methods() -> list[Method]:
    """All there are, in a fixed order."""
    return [
        Method(service, method)
        for service, files in _FILES.items()
        for file in files
        for contract in file.DESCRIPTOR.services_by_name.values()
        for method in contract.methods
    ]
