// Package kubectllite is the command line: it turns what a person types into requests to the API server, and answers
// into text. It prints what kubectl prints, word for word where programs may read it, and adds three commands that only
// a server with a ledger can answer: why, trace and history.
//
//	arguments ──▶ session ──▶ which resource, which objects ──▶ requests ──▶ tables, YAML, one line for each change
//	command.go    session.go  resources.go, manifest.go          client/      print.go, table.go
//
// One file is one command. It knows no kind by name except where a command is about one (rollout, describe): resources
// come from the server's discovery, objects stay JSON, and tables are laid out by the server.
//
// This package must not know how any component works inside, nor read its files: only the API. It never ends the process
// and never writes to the process's own streams; Run returns the exit code.
//
// Start reading at Run, then apply.go, then why.go.
//
// The book: docs/08-ledger.md, on why, trace, history and the past.
//
// What many commands share: which objects are meant (selection.go), a change that becomes a patch (change.go), how objects
// are printed (print.go), kubeconfig files (kubeconfig.go).
//
// In real Kubernetes this is k8s.io/kubectl/pkg/cmd with k8s.io/cli-runtime. What was left out: plugins, kuberc and
// server-side printing's client fallback.
package kubectllite
