# kubelite: run `make` to see what can be made.
SHELL := /bin/bash
export CGO_ENABLED ?= 0
VERSION ?= v0.1.0
LDFLAGS := -s -w -X kubelite/api.Version=$(VERSION)
GOTESTFLAGS ?=

.DEFAULT_GOAL := help
.PHONY: help build run demo my-app my-app-images operator workshop-bundle test race e2e compat conformance labs golden lint docs bench clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## bin/kubelite and bin/kubectl-lite, static
	@mkdir -p bin
	go build -trimpath -ldflags "$(LDFLAGS)" -o bin/ ./cmd/kubelite ./cmd/kubectl-lite

run: build ## start a cluster with two nodes and leave it running
	bin/kubelite start --nodes 2

demo: build ## the main job in a minute: start, apply, look, ask why
	@examples/demo.sh

my-app: build ## the sample application on a cluster of its own, each step of a request asserted; KEEP=1 leaves it running
	@examples/my-app/run.sh

my-app-images: ## its images from Debian packages, where no registry can be reached
	@examples/my-app/images.sh

operator: ## the images of the sample operator: its own, and what stands in for a database
	@examples/operator/images.sh

workshop-bundle: ## bin/workshop: for each platform an archive that needs no network; PLATFORMS and IMAGES choose, see the script
	@VERSION=$(VERSION) examples/workshop-bundle.sh

# The sessions of the real kubectl need one: what is installed, else what compat has built.
test: build lint docs compat ## everything a green build means: lint, docs, unit, stories, sessions, end-to-end on Docker, real clients
	cd examples/operator && go vet . && go test $(GOTESTFLAGS) .
	PATH="$$PATH:$(CURDIR)/bin/clients" go test -timeout 20m $(GOTESTFLAGS) ./...

race: ## the same tests under the race detector
	CGO_ENABLED=1 go test -race $(GOTESTFLAGS) ./...

e2e: build ## only the sessions and the end-to-end tests on a real cluster
	go test $(GOTESTFLAGS) ./test/...

labs: ## prove every lab both ways, on simulated nodes and on Docker: untouched it fails, with its solution it passes
	go test -timeout 20m $(GOTESTFLAGS) ./test/labs

compat: build ## upstream's types, and its clients unmodified: kubectl, client-go, controller-runtime, Helm, Python; a line for each check
	cd test/compat && go test $(GOTESTFLAGS) . ./kubectl
	cd test/compat/clients && go test -timeout 30m $(GOTESTFLAGS)

# LISTS: lists/1-no-node (default), lists/2-simulated-node with NODES=2, lists/3-pods and lists/4-special with RUNTIME=docker.
conformance: build ## upstream's conformance tests; LISTS, NODES and RUNTIME say which and on what
	go run ./test/conformance -nodes $(or $(NODES),1) -runtime $(or $(RUNTIME),simulated) $(LISTS)

golden: build ## rewrite the expected outputs; read the diff before you commit it
	go test ./test/sessions -run TestSessions -update

# Bugs (SA), simplifications (S1) and dead code (U1000). Not the style of error strings: clients know upstream's, which have
# capitals and full stops.
LINTERS := SA*,S1*,U1000

lint: ## go vet, gofmt and staticcheck
	go vet ./...
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go tool staticcheck -checks '$(LINTERS)' ./...

docs: ## check that every reference from the book to the code is good, and what is made from the tests' lists is new; UPDATE=1 makes that anew
	go run ./docs/check $(if $(UPDATE),-update)

bench: build ## the figures of docs/performance.md, one table
	go run ./test/bench

clean: ## remove what was built
	rm -rf bin
