"""Datasets on disk: written from the parts of a run, read by whoever trains or looks.

A library beside the kernel, not a service: it knows the contracts and a folder, and neither the bus, nor the
store, nor the network.
"""

from seedbed.dataset.folder import read_manifest, verify_files
from seedbed.dataset.manifest import Manifest
from seedbed.dataset.parts import InconsistentPart, LeafPart
from seedbed.dataset.writer import DatasetWriter, write_dataset

__all__ = [
    "DatasetWriter",
    "InconsistentPart",
    "LeafPart",
    "Manifest",
    "read_manifest",
    "verify_files",
    "write_dataset",
]
