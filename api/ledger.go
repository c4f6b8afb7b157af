package api

// LedgerRecord says why one thing happened: one for every write that the API server made durable, and one for
// every decision of a component that wrote nothing (a pod that fits no node, a controller that waits).
// Records are kept beside the objects, in the same store transaction, and compacted with them.
type LedgerRecord struct {
	// Revision of the write. A decision carries the revision that the store had when it was recorded.
	Revision int64     `json:"revision"`
	Time     MicroTime `json:"time"`
	// User is who the server knows the writer as; Agent is the component or program it says it is.
	User  string `json:"user"`
	Agent string `json:"agent,omitempty"`
	// Verb is create, update, patch, delete, ..., or "decide" for a decision that wrote nothing.
	Verb        string       `json:"verb"`
	Subresource string       `json:"subresource,omitempty"`
	Object      LedgerObject `json:"object"`
	// Causes are the revisions of the events that the writer acted on, oldest first, at most MaxLedgerCauses.
	// A write with none is an origin: a person, or a clock, which Timer then names.
	Causes []int64 `json:"causes,omitempty"`
	// MoreCauses counts the causes over the limit.
	MoreCauses int    `json:"moreCauses,omitempty"`
	Timer      string `json:"timer,omitempty"`
	// Reconcile is the id of the pass of a control loop that made the write: writes of one pass share it.
	Reconcile string `json:"reconcile,omitempty"`
	// Rule is the place in the source that decided, "controllers/replicaset.go:112"; Reason says it in words.
	Rule   string `json:"rule,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Details holds a decision's inputs: the scheduler's filter and score results per node.
	Details RawExtension `json:"details,omitzero"`
}

// LedgerObject names the object that a record is about.
type LedgerObject struct {
	Group     string `json:"group,omitempty"`
	Resource  string `json:"resource"` // plural: "pods"
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	UID       UID    `json:"uid,omitempty"`
}

// LedgerRecordList is the answer of the ledger endpoint, oldest record first.
type LedgerRecordList struct {
	Items []LedgerRecord `json:"items"`
}

// MaxLedgerCauses bounds the causes that one record lists; the rest are counted.
const MaxLedgerCauses = 32

// Request headers by which a component tells the server why it writes. The values of HeaderReason, HeaderTimer
// and HeaderDetails are percent-encoded: EscapeHeader.
const (
	HeaderCauses    = "Kubelite-Causes"    // "12,15,19", and ";+4" for those over the limit
	HeaderTimer     = "Kubelite-Timer"     // what clock started this, where no event did
	HeaderReconcile = "Kubelite-Reconcile" // id of the reconcile pass
	HeaderRule      = "Kubelite-Rule"      // file:line
	HeaderReason    = "Kubelite-Reason"
	HeaderDetails   = "Kubelite-Details" // JSON, what the decision was made from
)

// EscapeHeader makes any text fit for a header, in which only visible ASCII may stand: other bytes are percent-encoded, so that
// url.PathUnescape gives the text back. JSON mostly stays as it is, other than with url.PathEscape.
func EscapeHeader(text string) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(text)+len(text)/4)
	for i := range len(text) {
		if c := text[i]; c > ' ' && c <= '~' && c != '%' {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

// MaxLedgerDetails bounds the bytes of a write's details; a client leaves longer ones out.
const MaxLedgerDetails = 4096

// LedgerMoment is the ledger's answer to "which revision was it so long ago?".
type LedgerMoment struct {
	// Revision that was the newest then. 0: it is compacted, or nobody knows it any more.
	Revision int64 `json:"revision"`
	// OldestRevision is the oldest that can still be read. OldestTime is when it was made, or, where the ledger has
	// forgotten that, when the one behind it was; none if there is neither.
	OldestRevision int64     `json:"oldestRevision"`
	OldestTime     MicroTime `json:"oldestTime,omitzero"`
}

// LedgerPath is where the server serves the ledger. GET takes one of ?object=RESOURCE[.GROUP]/[NAMESPACE/]NAME,
// ?revision=N, ?cause=N (records that name N among their causes), or none of them for all records, and answers with a
// LedgerRecordList; ?from=N leaves out those before revision N, and ?limit=N all but the newest. Or it takes ?ago=DURATION, and
// answers with a LedgerMoment. POST records a decision.
const LedgerPath = "/ledger"
