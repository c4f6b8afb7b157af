//go:build tools

// Package e2e names upstream's end-to-end suite, so that go.mod keeps what it is built from.
package e2e

import _ "k8s.io/kubernetes/test/e2e"
