# Facet's commands. `make` prints them.
#
# The product is built without cgo; only the race detector needs a C compiler,
# which scripts/deps finds or installs.

GO      ?= go
LISTEN  ?= 127.0.0.1:8080
TIMEOUT ?= 15m# of one package's tests
FUZZ    ?= 5s# for each fuzz target
PG      ?= some# all: every test that can run on PostgreSQL

# Where git cannot read the checkout (no git, another owner), build without its stamp.
ifneq ($(shell git status --porcelain >/dev/null 2>&1 && echo ok),ok)
export GOFLAGS := $(strip $(shell $(GO) env GOFLAGS) -buildvcs=false)
endif

.DEFAULT_GOAL := help
.PHONY: help demo build test deps lint race full postgres citus bench soak fuzz shots clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: build ## build, and serve the demo site on http://127.0.0.1:8080 (LISTEN=)
	./bin/facet serve --demo --listen $(LISTEN)

build: ## build bin/facet, without cgo
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/facet ./cmd/facet

test: ## everything: deps, lint, race, full, postgres
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory race
	@$(MAKE) --no-print-directory full
	@$(MAKE) --no-print-directory postgres

deps: ## find or install what the tests need beside Go and make
	@scripts/deps

lint: ## gofmt, go vet, staticcheck, module files, forbidden words
	@scripts/tree
	CGO_ENABLED=0 $(GO) vet ./...
	CGO_ENABLED=0 $(GO) tool staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) mod verify

# SQLite in pure Go is some thirty times slower under the race detector: the
# tests in which several things happen at once run with it, and `full` runs all.
race: ## under the race detector: units, the store, the server, and what happens at once
	@GO="$(GO)" TIMEOUT="$(TIMEOUT)" scripts/race

full: build ## every test in full, e2e included, without cgo as the product is built
	CGO_ENABLED=0 $(GO) test -timeout $(TIMEOUT) ./...

# The suites of the store and of its failures run in `full`. Here is what else a
# store can break: bad input, crashes, erasing, walks through all faces, and the
# tests of one face. PG=all runs all that can.
postgres: ## tests once more on PostgreSQL: what a store can break, or all (PG=all)
	FACET_TEST_DATABASE=postgres CGO_ENABLED=0 $(GO) test -timeout $(TIMEOUT) ./e2e $(if $(filter all,$(PG)),,-run '$(PG_E2E)' -rapid.checks=5)
	FACET_TEST_DATABASE=postgres CGO_ENABLED=0 $(GO) test -timeout $(TIMEOUT) $(if $(filter all,$(PG)),$(PG_REST),$(PG_FACE))

PG_E2E  = ^Test(BadInput|KillUnder|Import|NoSession|OnePerson|AnyWrites|TheDemoAndA|Pictures|WhatWhom)
PG_FACE = ./internal/face/household
PG_REST = ./internal/directory ./internal/face/...

# On few cores this takes a quarter of an hour: three servers do the work of one.
citus: ## the store's tests, a face's and walks on a coordinator of Citus (FACET_TEST_CITUS=postgres://…)
	@test -n "$$FACET_TEST_CITUS" || { echo "name a database of the coordinator, with the extension and its workers: FACET_TEST_CITUS=postgres://…" >&2; exit 1; }
	CGO_ENABLED=0 $(GO) test -count=1 -timeout 60m ./internal/store/postgres -run '^Test(Conformance(OfOverlappingTransactions)?|ADatabaseWith.*)$$'
	FACET_TEST_DATABASE=citus CGO_ENABLED=0 $(GO) test -count=1 -timeout 60m ./e2e -run '^Test(OnePerson|WhatWhom)' -rapid.checks=5
	FACET_TEST_DATABASE=citus CGO_ENABLED=0 $(GO) test -count=1 -timeout 60m ./internal/face/household

soak: ## kill the server KILLS times (1000) under mixed load, and compare what was acknowledged with what is there
	FACET_SOAK=$(or $(KILLS),1000) CGO_ENABLED=0 $(GO) test -count=1 -timeout 24h ./e2e -run '^TestKillsUnderMixed'

bench: ## measure both stores, each figure beside its baseline, into bench/RESULTS.md
	CGO_ENABLED=0 $(GO) run ./bench -store all -results bench/RESULTS.md

fuzz: ## run each fuzz target for a short while (FUZZ=)
	@GO="$(GO)" FUZZ="$(FUZZ)" scripts/fuzz

SHOTS = docs/console
shots: deps ## keep a picture of each page of the console in docs/console
	@mkdir -p $(SHOTS)
	FACET_SHOTS=$(abspath $(SHOTS)) CGO_ENABLED=0 $(GO) test -count=1 -timeout $(TIMEOUT) ./internal/console -run 'EveryPage|InABrowser'

clean: ## remove what was built
	rm -rf bin demo-mail
