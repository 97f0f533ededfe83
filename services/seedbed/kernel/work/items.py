"""Items as they come off the bus: each stands under the subject that it is named by."""

from google.protobuf.message import DecodeError
from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import DeadLetter, Item, Outcome
from seedbed.kernel.bus.streams import ROOT, work_subject
from seedbed.kernel.logs import get_logger

log = get_logger(__name__)


def read_item(message: Msg) -> Item | None:
    """The item of a message; None where its bytes are none, or another's than its subject says."""
    try:
        item = Item.FromString(message.data)
    except DecodeError:
        item = Item()
    if work_subject(item) == message.subject:
        return item
    log.error("a message on the queue is damaged", subject=message.subject, bytes=len(message.data))
    return None


def write_letter_of(subject: str) -> DeadLetter:
    """The dead letter of a message whose item cannot be read: what its subject says."""
    service, step, run, leaf, name = subject.removeprefix(f"{ROOT}.work.").split(".")
    reason = "its message on the queue was damaged; `runs` queues it again"
    outcome = Outcome.OUTCOME_FAILED
    return DeadLetter(
        run=run, leaf=leaf, step=f"{service}.{step}", digest=name, outcome=outcome, reason=reason
    )
