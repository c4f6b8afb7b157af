// Package printers knows how `kubectl get` shows each kind. It is pure: it knows API types and nothing of requests, stores or
// servers.
//
//	object ──Columns.Row──> cells ──> a Table (apiserver/table.go) ──> what kubectl prints
//
// The server makes the cells, not kubectl, so that every client, of every version, shows a kind alike. A column of priority 0 is
// always shown, one of priority 1 with `-o wide`. All cells are always sent; the client drops what it was not asked for.
//
// Each file has the kinds of one group or one subject. The table of resources (apiserver/resources.go) names the columns of each
// kind; what a definition asks for its custom kind is apiserver/customresource_columns.go.
//
// Start reading at Columns, then Pod, which has the most to say.
//
// Real Kubernetes: pkg/printers/internalversion/printers.go, one file of 3,545 lines.
package printers
