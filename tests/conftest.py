"""Every plan that a test makes is checked between its passes."""

import os

os.environ.setdefault("TAILRACE_CHECK_PLANS", "1")
