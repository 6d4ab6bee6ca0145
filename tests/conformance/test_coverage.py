"""Every operation appears in at least one conformance case."""

import golden
from discovery import all_cases

import tailrace.tf  # noqa: F401 - registers the operations
from tailrace.registry import OPS

# operations that TensorFlow's API adds only to the bodies of functions, which node lists leave
# out, and the case whose values come from them
IN_FUNCTIONS = {
    "FixedLengthRecordDataset": "data_elements::files",
    "FixedLengthRecordDatasetV2": "data_elements::pieces_of_packed_files",
    "GeneratorDataset": "data_elements::generators",
    "TextLineDataset": "data_elements::files",
    "TFRecordDataset": "data_elements::files",
}


def test_every_operation_has_a_case():
    modules = {case.module for case in all_cases()}
    records = [record for module in modules for record in golden.read(module).values()]
    seen = {node.op for record in records for node in record.outcome.nodes}
    assert not sorted(OPS.keys() - seen - IN_FUNCTIONS.keys())
    assert not IN_FUNCTIONS.keys() & seen, "no exception any more"


def test_exceptions_name_cases():
    names = {f"{case.module}::{case.name}" for case in all_cases()}
    assert set(IN_FUNCTIONS.values()) <= names
