// Package gate decides who has to wait, and whose requests go wrong: the rules of the debugger for control loops, the writes
// that it holds, and the faults. It knows requests by name only: what they are about, who sent them.
//
//	write ─▶ does a rule select it? ─no─▶ goes on
//	              │ yes
//	              ▼
//	         held ── step, or its rule is dropped ─▶ goes on ─▶ passed, with its outcome
//	           └──── its client goes away, or the server ends ─▶ gone
//
// Start reading at Gate in gate.go; selection.go says which requests a rule or a fault means, actor.go what one who writes is
// called, fault.go what goes wrong. The server around it is apiserver/gate.go.
//
// Real Kubernetes has no such thing. Chapter: docs/24-gate.md.
package gate
