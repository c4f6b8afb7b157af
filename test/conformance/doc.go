// Command conformance runs upstream's conformance tests, unchanged, against a cluster of kubelite, and says which pass:
//
//	go run ./test/conformance                                   the tests that need no node
//	go run ./test/conformance -nodes 2 lists/2-simulated-node   those for which simulated nodes are enough
//
// lists/ holds the names of all 446 in four files, by what a cluster must have for them. The suite is built once from
// upstream's module (e2e/go.mod), which takes minutes. `make conformance` calls this; docs/conformance.md has the counts.
package main
