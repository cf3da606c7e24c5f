# Everything a newcomer needs: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ADDR ?= 127.0.0.1:8080
# The tests that run beside the unit tests, and nothing twice: those of the files that are built with the tag, or that ask for Python.
E2E = $(shell grep -rlE '^//go:build e2e$$|PRECINCT_(E2E_)?PYTHON' --include=*_test.go .)

.PHONY: help build setup demo test check test-e2e test-clients test-race bench bench-peers bench-training quality fit-reader fuzz clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | column -t -s "$$(printf '\t')"

build: bin/precinct ## the program, bin/precinct

bin/precinct: $(shell find cmd geo reasoning server tiles training web -name '*.go' -o -name '*.txt' -o -name '*.html' -o -name '*.css' -o -name '*.js' -o -path '*static*' -type f 2>/dev/null) go.mod go.sum
	go build -o $@ ./cmd/precinct

setup: bin/precinct ## fetch the pinned runtime and models
	./bin/precinct setup

demo: setup ## serve the made-up town
	exec ./bin/precinct demo --addr $(ADDR)

test: setup ## unit, property and integration tests
	go test -timeout 15m ./...

check: ## formatting, vet, staticcheck, the import table
	@test -z "$$(gofmt -l . | tee -a /dev/stderr)"
	go vet ./...
	go vet -tags e2e ./...
	go run $(STATICCHECK) -tags e2e ./...
	go test -run TestImportsGoOneWay .

$(VENV)/done: testdata/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement testdata/requirements.txt
	touch $@

test-e2e: setup $(VENV)/done ## the real program, a real llama.cpp server, Pillow and numpy as judges
	PRECINCT_PYTHON=$(CURDIR)/$(VENV)/bin/python PRECINCT_E2E_PYTHON=$(CURDIR)/$(VENV)/bin/python \
		go test -tags e2e -count 1 -timeout 15m -run "^($$(cat $(E2E) | sed -n 's/^func \(Test[A-Za-z0-9]*\)(t .*/\1/p' | paste -sd '|'))$$" $(sort $(dir $(E2E)))

test-race: setup ## everything under the race detector
	go test -race -timeout 30m ./...

bench: setup $(VENV)/done ## speed as ratios in one run
	PRECINCT_PYTHON=$(CURDIR)/$(VENV)/bin/python ./testdata/bench/run

test-clients: setup ## QGIS, GDAL, Leaflet and MapLibre GL read a running server; installs them where it may
	./testdata/clients/install
	go test -tags 'e2e clients' -count 1 -timeout 15m -v -run '^TestClients$$' ./cmd/precinct

bench-peers: setup ## speed beside Martin on the same files, with wrk (both to be installed); nothing else may run
	go test -tags 'e2e peers' -count 1 -timeout 15m -v -run '^TestPeers$$' ./cmd/precinct

bench-training: setup $(VENV)/done ## a step of supervised training beside JAX's on the same graph
	./bin/precinct setup --training
	$(VENV)/bin/pip install --quiet --requirement testdata/bench/sft/requirements.txt
	PRECINCT_JAX=$(CURDIR)/$(VENV)/bin/python go test -tags jax -count 1 -v -run '^TestBesideJAX$$' ./training/net

quality: setup ## how good the systems are: writes docs/quality.md
	./testdata/bench/quality

fit-reader: setup ## compute the reader's weights anew (twenty minutes)
	go test -tags fit -count 1 -timeout 60m -run '^TestFitReader$$' -v ./cmd/precinct

fuzz: ## every fuzz target for 20 seconds
	./testdata/bench/fuzz

clean:
	rm -rf bin $(VENV)
