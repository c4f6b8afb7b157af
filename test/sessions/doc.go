// Package sessions runs the sessions of examples/*.txtar and examples/by-section/*.txtar: what a person would type, and what they would see, on a real
// cluster of two nodes. They are tests and documentation at once; the book quotes them.
//
// A session runs in a namespace of its own, which is removed afterwards. What changes from run to run is written as
// <hash>, <id>, <ip>, <age>, and columns are three spaces apart, so that the expected output can stand in the file.
// `go test ./test/sessions -update` rewrites it; read the diff.
//
// Commands beside testscript's own: kubectl-lite, kubelite, kubectl (where it is installed), and
//
//	until COMMAND... -- PATTERN     repeats a command until its output matches, a minute at most
//	let NAME kubectl-lite ARGS...   sets a variable to the first line of the output
package sessions
