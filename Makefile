PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
INPUTS := pyproject.toml constraints.txt CMakeLists.txt $(wildcard src/tailrace/native/src/* src/tailrace/native/src/simd/*)

.PHONY: demo demos test sanitize bench check format clean

demo: $(VENV)/.installed  ## train a small language model and show what it learnt
	$(BIN)/tailrace lm train

# NAMES="som lm" runs these only
demos: $(VENV)/.installed  ## every application's demonstration; fills the README's table
	$(BIN)/python -m benchmarks.demos $(NAMES)

test: $(VENV)/.installed-test  ## the whole test suite
	scripts/test

# SECTION="recurrent graphs" measures these only, DEVICE=gpu the recurrent table on a GPU beside
# PyTorch, ARGS goes to the program (ARGS=--resume)
bench: $(VENV)/.installed  ## speed and memory beside PyTorch and TensorFlow 1.15, 15 minutes
	$(BIN)/python -m benchmarks $(SECTION) $(if $(DEVICE),--device $(DEVICE)) $(ARGS)

sanitize: $(VENV)/.installed-test  ## the native library's tests under AddressSanitizer and UBSan
	scripts/sanitize

check: $(VENV)/.installed-dev  ## formatting, lint and types
	scripts/check

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python $(INPUTS)
	$(INSTALL) -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/bin/python $(INPUTS)
	$(INSTALL) -e '.[test]'
	touch $@ $(VENV)/.installed

# the checker reads the tests too, so it needs what they import
$(VENV)/.installed-dev: $(VENV)/bin/python $(INPUTS)
	$(INSTALL) -e '.[test,dev]'
	touch $@ $(VENV)/.installed $(VENV)/.installed-test
