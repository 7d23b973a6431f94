VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
STAMP := $(VENV)/.installed

.PHONY: run test test-real lint pictures figures clean

run: $(STAMP)
	$(BIN)/draftscope

test: $(STAMP)
	PYTHONDONTWRITEBYTECODE= QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

# Real weights: downloads 340 MB once, writes its figures to assets/benchmarks.
test-real: $(STAMP)
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest --timeout 1800 -v tests_real

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Each with an empty folder of runs, so that no picture shows the runs of whoever makes them.
pictures: $(STAMP)
	set -e; runs=$$(mktemp -d); trap 'rm -rf "$$runs"' EXIT; \
	for tab in decode tree compare rag scaling long-context approximate runs train presentation; do for scheme in light dark; do \
		rm -rf "$$runs"/*; \
		XDG_DATA_HOME="$$runs" $(BIN)/draftscope --screenshot assets/screenshots/$$tab-$$scheme.png --workspace $$tab --scheme $$scheme; \
	done; done

# A file for each line of assets/benchmarks/commands.txt, with the command's summary (with a row for each drafter where lengths are
# measured); some hours. What was measured today is not measured again, so that it can be stopped and started.
figures: $(STAMP)
	set -e; grep -v '^#' assets/benchmarks/commands.txt | while IFS= read -r line; do \
		file=assets/benchmarks/$$(date +%F)-cpu-$${line%%: *}; test -e $$file.json && continue; \
		case "$$line" in *": longcontext "*|*": bench decode"*) \
			$(BIN)/draftscope $${line#*: } --out $$file.json </dev/null; continue;; esac; \
		$(BIN)/draftscope $${line#*: } --json </dev/null > $$file.partial; \
		tail -n 1 $$file.partial > $$file.json; rm $$file.partial; \
	done

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $(STAMP)

clean:
	rm -rf $(VENV)
