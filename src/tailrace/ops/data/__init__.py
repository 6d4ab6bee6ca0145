"""Datasets and their iterators."""

from tailrace.ops.data import choices as choices
from tailrace.ops.data import csv as csv
from tailrace.ops.data import functions as functions
from tailrace.ops.data import groups as groups
from tailrace.ops.data import iterators as iterators
from tailrace.ops.data import sources as sources
from tailrace.ops.data import transforms as transforms
